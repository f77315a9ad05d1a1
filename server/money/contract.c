#include "server/money/contract.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/wire/limits.h"

#define PERIODS "once|term|day|week|month|quarter|year"

static const char *const metric_names[] = {
    [CONTRACT_INPUT_UNCACHED] = "input_uncached",
    [CONTRACT_INPUT_CACHED] = "input_cached",
    [CONTRACT_CACHE_WRITE_5M] = "cache_write_5m",
    [CONTRACT_CACHE_WRITE_1H] = "cache_write_1h",
    [CONTRACT_OUTPUT] = "output",
    [CONTRACT_REASONING] = "reasoning",
    [CONTRACT_AUDIO_IN_MS] = "audio_in_ms",
    [CONTRACT_AUDIO_OUT_CHARS] = "audio_out_chars",
    [CONTRACT_IMAGES] = "images",
    [CONTRACT_VIDEO_MS] = "video_ms",
    [CONTRACT_REQUESTS] = "requests",
};
_Static_assert(sizeof metric_names / sizeof *metric_names == CONTRACT_METRICS, "a name is missing");

const char *contract_metric_name(enum contract_metric metric)
{
    assert(metric < CONTRACT_METRICS);
    return metric_names[metric];
}

static enum status refuse(struct json_problem *problem, const char *pointer, const char *detail)
{
    snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer);
    snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return STATUS_INVALID;
}

/* Puts where in front of the place that a part's decoding reported. */
static enum status refuse_inside(struct json_problem *problem, const char *where)
{
    char inner[sizeof problem->pointer];

    memcpy(inner, problem->pointer, sizeof inner);
    snprintf(problem->pointer, sizeof problem->pointer, "%.40s%.55s", where, inner);
    return STATUS_INVALID;
}

/* Terms that contracts have and this program does not rate or enforce yet: better a plain word than
 * "unknown member". */
static const struct {
    const char *member;
    const char *reason;
} refused_members[] = {
    {"commitments", "commitments are not rated yet: leave them out or keep them by hand"},
    {"caps", "caps are not enforced yet: leave them out"},
    {"thresholds", "thresholds do not act yet: leave them out"},
    {"third_party_models", "third-party models are not told apart yet: leave it out"},
};

static enum status refuse_unrated(const struct json *document, struct json_problem *problem)
{
    for (size_t i = 0; i < sizeof refused_members / sizeof *refused_members; i++) {
        char pointer[64];

        snprintf(pointer, sizeof pointer, "/%s", refused_members[i].member);
        if (json_member(document, refused_members[i].member))
            return refuse(problem, pointer, refused_members[i].reason);
    }
    return STATUS_OK;
}

static enum status read_term(const struct json *term, struct arena *arena,
                             struct contract *contract, struct json_problem *problem)
{
    static const struct json_field fields[] = {
        {.name = "from",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct contract, term_from),
         .required = true,
         .min = 10,
         .max = 10},
        {.name = "to",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct contract, term_to),
         .required = true,
         .min = 10,
         .max = 10},
    };

    if (!term)
        return STATUS_OK;
    enum status status = json_decode(term, fields, 2, contract, arena, problem);
    if (status == STATUS_INVALID)
        return refuse_inside(problem, "/term");
    if (status != STATUS_OK)
        return status;
    if (!clock_is_date(contract->term_from))
        return refuse(problem, "/term/from", "must be a date: YYYY-MM-DD");
    if (!clock_is_date(contract->term_to))
        return refuse(problem, "/term/to", "must be a date: YYYY-MM-DD");
    if (strcmp(contract->term_from, contract->term_to) >= 0)
        return refuse(problem, "/term/to",
                      "must be later than from; the term ends before this day");
    return STATUS_OK;
}

/* What json_decode() takes from a charge of either kind. */
struct raw_charge {
    const char *kind;
    const char *amount;
    const char *per;
    const char *metric;
    const char *price;
    const struct json *models;
    int64_t unit;
};

static enum status read_decimal(const char *text, const char *pointer, struct decimal *out,
                                struct json_problem *problem)
{
    enum status status = decimal_parse(span_text(text), out);

    if (status == STATUS_OK && decimal_compare(*out, (struct decimal){0}) >= 0)
        return STATUS_OK;
    return refuse(problem, pointer,
                  status == STATUS_FULL
                      ? "is too large"
                      : "must be a decimal of up to 12 places, as text, not below 0: \"2.50\"");
}

static enum status read_flat(const struct json *json, struct arena *arena,
                             struct contract_charge *charge, struct json_problem *problem)
{
    static const struct json_field fields[] = {
        {.name = "kind",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, kind),
         .required = true,
         .max = 16},
        {.name = "amount",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, amount),
         .required = true,
         .min = 1,
         .max = 40},
        {.name = "per",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, per),
         .required = true,
         .min = 1,
         .max = 16,
         .choices = PERIODS},
    };
    struct raw_charge raw = {0};
    enum status status = json_decode(json, fields, 3, &raw, arena, problem);

    if (status != STATUS_OK)
        return status;
    charge->kind = CONTRACT_FLAT;
    charge->per = raw.per;
    return read_decimal(raw.amount, "/amount", &charge->amount, problem);
}

static enum status find_metric(const char *name, enum contract_metric *metric,
                               struct json_problem *problem)
{
    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        if (strcmp(metric_names[i], name) == 0) {
            *metric = (enum contract_metric)i;
            return STATUS_OK;
        }
    }
    return refuse(problem, "/metric",
                  "must be one of input_uncached, input_cached, cache_write_5m, cache_write_1h, "
                  "output, reasoning, audio_in_ms, audio_out_chars, images, video_ms, requests");
}

/* ["*"] and absence mean every model. */
static enum status read_models(const struct json *models, struct arena *arena,
                               struct contract_charge *charge, struct json_problem *problem)
{
    size_t count = json_count(models);

    if (!models || (count == 1 && strcmp(json_text(json_item(models, 0), ""), "*") == 0))
        return STATUS_OK;
    if (json_type(models) != JSON_ARRAY || count == 0 || count > CONTRACT_MODELS)
        return refuse(problem, "/models", "must be a list of 1 to 64 model names, or [\"*\"]");

    const char **names = arena_take(arena, count * sizeof *names);
    if (!names)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_text(json_item(models, i), "");

        if (!*name || strlen(name) > LIMIT_MODEL || strchr(name, '*'))
            return refuse(problem, "/models",
                          "must hold whole model names of up to 64 bytes; \"*\" only alone");
        names[i] = arena_text(arena, span_text(name));
    }
    charge->models = names;
    charge->model_count = count;
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* STATUS_INVALID unless unit is 1, 10, ... 10^9. */
static enum status power_of(int64_t unit, unsigned *power)
{
    unsigned result = 0;

    for (; unit >= 10 && unit % 10 == 0; unit /= 10)
        result++;
    if (unit != 1 || result > DECIMAL_PLACES - DECIMAL_PRICE_PLACES)
        return STATUS_INVALID;
    *power = result;
    return STATUS_OK;
}

static enum status read_unit(const struct json *json, struct arena *arena,
                             struct contract_charge *charge, struct json_problem *problem)
{
    static const struct json_field fields[] = {
        {.name = "kind",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, kind),
         .required = true,
         .max = 16},
        {.name = "metric",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, metric),
         .required = true,
         .min = 1,
         .max = 32},
        {.name = "models", .kind = JSON_FIELD_ANY, .offset = offsetof(struct raw_charge, models)},
        {.name = "per",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, per),
         .min = 1,
         .max = 16,
         .choices = PERIODS},
        {.name = "price",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_charge, price),
         .required = true,
         .min = 1,
         .max = 40},
        {.name = "unit",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct raw_charge, unit),
         .min = 1,
         .max = 1000000000},
    };
    struct raw_charge raw = {.unit = 1};
    struct decimal price;
    unsigned power;
    enum status status =
        json_decode(json, fields, sizeof fields / sizeof *fields, &raw, arena, problem);

    if (status == STATUS_OK)
        status = find_metric(raw.metric, &charge->metric, problem);
    if (status == STATUS_OK)
        status = read_decimal(raw.price, "/price", &price, problem);
    if (status == STATUS_OK)
        status = read_models(raw.models, arena, charge, problem);
    if (status != STATUS_OK)
        return status;
    if (power_of(raw.unit, &power) != STATUS_OK ||
        decimal_shift(price, power, &charge->amount) != STATUS_OK)
        return refuse(problem, "/unit", "must be a power of ten up to 1000000000");
    charge->kind = CONTRACT_UNIT;
    charge->per = raw.per;
    return STATUS_OK;
}

typedef enum status (*charge_reader)(const struct json *json, struct arena *arena,
                                     struct contract_charge *charge, struct json_problem *problem);

static const struct {
    const char *kind;
    charge_reader read;
} charge_kinds[] = {{"flat", read_flat}, {"unit", read_unit}};

static enum status read_charge(const struct json *json, struct arena *arena,
                               struct contract_charge *charge, struct json_problem *problem)
{
    const char *kind = json_text(json_member(json, "kind"), NULL);

    for (size_t i = 0; kind && i < sizeof charge_kinds / sizeof *charge_kinds; i++) {
        if (strcmp(charge_kinds[i].kind, kind) == 0)
            return charge_kinds[i].read(json, arena, charge, problem);
    }
    refuse(problem, "/kind", "must be flat or unit");
    if (kind)
        snprintf(problem->detail, sizeof problem->detail,
                 "charges of kind \"%.32s\" are not rated yet: must be flat or unit", kind);
    return STATUS_INVALID;
}

static enum status read_charges(const struct json *list, struct arena *arena,
                                struct contract *contract, struct json_problem *problem)
{
    size_t count = json_count(list);

    if (json_type(list) != JSON_ARRAY || count == 0 || count > CONTRACT_CHARGES)
        return refuse(problem, "/charges", "must be a list of 1 to 64 charges");

    struct contract_charge *charges = arena_take(arena, count * sizeof *charges);
    if (!charges)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char where[32];
        enum status status = read_charge(json_item(list, i), arena, &charges[i], problem);

        snprintf(where, sizeof where, "/charges/%zu", i);
        if (status == STATUS_INVALID)
            return refuse_inside(problem, where);
        if (status != STATUS_OK)
            return status;
    }
    contract->charges = charges;
    contract->charge_count = count;
    return STATUS_OK;
}

static bool is_currency(const char *text)
{
    for (size_t i = 0; i < 3; i++) {
        if (text[i] < 'A' || text[i] > 'Z')
            return false;
    }
    return true;
}

/* The document's outer members; term and charges are read apart. */
struct raw_contract {
    struct contract contract;
    const struct json *term;
    const struct json *charges;
};

static enum status read_members(const struct json *document, struct arena *arena,
                                struct raw_contract *raw, struct json_problem *problem)
{
    static const struct json_field fields[] = {
        {.name = "contract",
         .kind = JSON_FIELD_SLUG,
         .offset = offsetof(struct raw_contract, contract.contract_id),
         .required = true},
        {.name = "vendor",
         .kind = JSON_FIELD_SLUG,
         .offset = offsetof(struct raw_contract, contract.vendor_id),
         .required = true},
        {.name = "currency",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_contract, contract.currency),
         .required = true,
         .min = 3,
         .max = 3},
        {.name = "zone",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct raw_contract, contract.zone),
         .required = true,
         .min = 1,
         .max = 64},
        {.name = "term", .kind = JSON_FIELD_ANY, .offset = offsetof(struct raw_contract, term)},
        {.name = "charges",
         .kind = JSON_FIELD_ANY,
         .offset = offsetof(struct raw_contract, charges),
         .required = true},
    };

    enum status status =
        json_decode(document, fields, sizeof fields / sizeof *fields, raw, arena, problem);
    if (status == STATUS_OK && !is_currency(raw->contract.currency))
        return refuse(problem, "/currency", "must be an ISO 4217 code: CNY");
    return status;
}

enum status contract_read(const struct json *document, struct arena *arena, struct contract *out,
                          struct json_problem *problem)
{
    struct raw_contract raw = {0};
    enum status status = refuse_unrated(document, problem);

    if (status == STATUS_OK)
        status = read_members(document, arena, &raw, problem);
    if (status == STATUS_OK)
        status = read_term(raw.term, arena, &raw.contract, problem);
    if (status == STATUS_OK)
        status = read_charges(raw.charges, arena, &raw.contract, problem);
    if (status == STATUS_OK)
        *out = raw.contract;
    return status;
}
