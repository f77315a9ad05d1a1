#include "server/money/inquiry.h"

#include <stdio.h>
#include <string.h>

#include "server/money/profile.h"
#include "server/money/zone.h"

#define MEMBERS   "contracts|devices|at|days|profile|load_percent|rates|term|loads|lines"
#define MOST_LOAD 1000 /* per cent */

/* One question while it is read. */
struct reading {
    const struct json *question;
    inquiry_find find;
    void *context;
    struct arena *arena;
    struct inquiry *out;
    struct json_problem *problem; /* the first of INQUIRY_PROBLEMS */
    size_t *problem_count;
    struct period_range term;
    bool has_term;
};

static enum status refuse(struct json_problem *problem, const char *pointer, const char *detail)
{
    snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer);
    snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return STATUS_INVALID;
}

static bool read_count(const struct json *value, int64_t least, int64_t most, int64_t *out)
{
    if (json_type(value) != JSON_INT)
        return false;
    *out = json_int(value, 0);
    return *out >= least && *out <= most;
}

enum status inquiry_days(const struct json *question, int64_t *days, struct json_problem *problem)
{
    const struct json *value = json_member(question, "days");

    if (json_type(question) != JSON_OBJECT)
        return refuse(problem, "", "must be an object");
    if ((value == NULL) == (json_member(question, "profile") == NULL))
        return refuse(problem, "/days", "must be given, or a \"profile\" instead of it");
    *days = 0;
    if (value != NULL && !read_count(value, 1, INQUIRY_MOST_DAYS, days))
        return refuse(problem, "/days", "must be a number of days from 1 to 366");
    return STATUS_OK;
}

static enum status check_members(const struct reading *reading)
{
    for (size_t i = 0; i < json_count(reading->question); i++) {
        const char *name;
        char pointer[96];

        (void)json_member_at(reading->question, i, &name);
        snprintf(pointer, sizeof pointer, "/%s", name);
        if (!span_is_choice(span_text(name), MEMBERS))
            return refuse(reading->problem, pointer, "is not known");
    }
    return STATUS_OK;
}

static enum status read_devices(const struct reading *reading)
{
    const struct json *devices = json_member(reading->question, "devices");
    const struct json *at = json_member(reading->question, "at");
    struct comparison *comparison = &reading->out->comparison;

    if (!read_count(json_member(devices, "from"), 0, WHATIF_MOST_DEVICES - 1, &comparison->from))
        return refuse(reading->problem, "/devices/from", "must be a number of robots, 0 or more");
    if (!read_count(json_member(devices, "to"), comparison->from, WHATIF_MOST_DEVICES - 1,
                    &comparison->to))
        return refuse(reading->problem, "/devices/to",
                      "must be a number of robots, from the first to 99,999,999");
    comparison->at = comparison->to;
    if (at != NULL && !read_count(at, 0, WHATIF_MOST_DEVICES - 1, &comparison->at))
        return refuse(reading->problem, "/at", "must be a number of robots from 0 to 99,999,999");
    return STATUS_OK;
}

static bool read_day(const struct json *value, int64_t *out)
{
    return zone_parse_date(span_text(json_text(value, "")), out) == STATUS_OK;
}

static enum status read_term(struct reading *reading)
{
    const struct json *term = json_member(reading->question, "term");

    reading->has_term = term != NULL;
    if (term == NULL)
        return STATUS_OK;
    if (!read_day(json_member(term, "from"), &reading->term.first))
        return refuse(reading->problem, "/term/from", "must be a date like 2026-01-01");
    if (!read_day(json_member(term, "to"), &reading->term.end) ||
        reading->term.end <= reading->term.first)
        return refuse(reading->problem, "/term/to",
                      "must be the day after the last, like 2027-01-01");
    return STATUS_OK;
}

static enum status read_rate(const struct reading *reading, const struct json *item, size_t number)
{
    struct comparison_rate *rate = &reading->out->rates[number];
    const char *currency = json_text(json_member(item, "currency"), "");
    const char *text = json_text(json_member(item, "rate"), "");
    const char *date = json_text(json_member(item, "date"), "");
    char pointer[96];
    struct decimal value;
    int64_t day;

    snprintf(pointer, sizeof pointer, "/rates/%zu", number);
    if (strlen(currency) != 3 || decimal_parse(span_text(text), &value) != STATUS_OK ||
        value.units <= 0 || zone_parse_date(span_text(date), &day) != STATUS_OK)
        return refuse(reading->problem, pointer,
                      "must be like {\"currency\": \"USD\", \"rate\": \"7.1234\", \"date\": "
                      "\"2026-11-01\"}");
    memcpy(rate->currency, currency, sizeof rate->currency);
    rate->rate = fraction_of_decimal(value);
    rate->text = arena_text(reading->arena, span_text(text));
    rate->date = arena_text(reading->arena, span_text(date));
    return STATUS_OK;
}

static enum status read_rates(const struct reading *reading)
{
    const struct json *rates = json_member(reading->question, "rates");
    enum status status = STATUS_OK;

    if (rates != NULL && (json_type(rates) != JSON_ARRAY || json_count(rates) > INQUIRY_SIDES))
        return refuse(reading->problem, "/rates", "must be a list of at most 8");
    for (size_t i = 0; status == STATUS_OK && i < json_count(rates); i++)
        status = read_rate(reading, json_item(rates, i), i);
    reading->out->comparison.rates = reading->out->rates;
    reading->out->comparison.rate_count = json_count(rates);
    return status;
}

/* So many per cent of it; quantities have 12 places at most, of 21 that there are. */
static void scale(struct whatif_profile *profile, int64_t percent)
{
    for (size_t i = 0; i < profile->count; i++) {
        struct whatif_usage *row = (struct whatif_usage *)&profile->usage[i];

        for (int m = 0; m < CONTRACT_METRICS; m++)
            row->quantities[m].units = row->quantities[m].units / 100 * percent;
        row->amount.units = row->amount.units / 100 * percent;
    }
}

static enum status read_usage(const struct reading *reading, const struct json *measured)
{
    const struct json *own = json_member(reading->question, "profile");
    const struct json *load = json_member(reading->question, "load_percent");
    struct inquiry *out = reading->out;
    struct json_problem inner;
    int64_t percent = 100;

    if (load != NULL && !read_count(load, 1, MOST_LOAD, &percent))
        return refuse(reading->problem, "/load_percent", "must be a number from 1 to 1000");
    enum status status =
        profile_read(measured ? measured : own, reading->arena, &out->profile, &inner);
    if (status == STATUS_INVALID) {
        snprintf(reading->problem->pointer, sizeof reading->problem->pointer, "/profile%.80s",
                 inner.pointer);
        memcpy(reading->problem->detail, inner.detail, sizeof inner.detail);
    }
    if (status != STATUS_OK)
        return status;
    scale(&out->profile, percent);
    out->comparison.profile = &out->profile;
    return STATUS_OK;
}

/* {"MODEL": "MODEL"}: by which other models this contract is asked. */
static enum status read_substitutes(const struct reading *reading, const struct json *as,
                                    const char *pointer, struct comparison_side *side)
{
    const struct whatif_profile *profile = &reading->out->profile;
    struct whatif_profile *asked = arena_take(reading->arena, sizeof *asked);
    struct whatif_usage *rows = arena_take(reading->arena, profile->count * sizeof *rows);

    if (asked == NULL || rows == NULL)
        return STATUS_MEMORY;
    if (json_type(as) != JSON_OBJECT)
        return refuse(reading->problem, pointer, "must be an object: {\"MODEL\": \"MODEL\"}");
    memcpy(rows, profile->usage, profile->count * sizeof *rows);
    for (size_t i = 0; i < profile->count; i++) {
        const char *others = json_text(json_member(as, "*"), NULL);
        const char *instead = json_text(json_member(as, rows[i].model), others);

        if (instead != NULL)
            rows[i].instead = arena_text(reading->arena, span_text(instead));
    }
    *asked = (struct whatif_profile){profile->per, rows, profile->count};
    side->profile = asked;
    return STATUS_OK;
}

/* All that is wrong with it, each by its place in the question. */
static enum status read_document(const struct reading *reading, const struct json *document,
                                 const char *pointer, struct contract *out)
{
    size_t found; /* none in a good one; what is refused later is told of one problem again */
    enum status status =
        contract_check(document, reading->arena, out, reading->problem, INQUIRY_PROBLEMS, &found);

    if (status == STATUS_INVALID)
        *reading->problem_count = found;
    for (size_t i = 0; status == STATUS_INVALID && i < found; i++) {
        struct json_problem *problem = &reading->problem[i];
        const struct json_problem inner = *problem;

        snprintf(problem->pointer, sizeof problem->pointer, "%.30s/document%.50s", pointer,
                 inner.pointer);
    }
    return status;
}

static enum status take_contract(const struct reading *reading, const struct json *item,
                                 const char *pointer, struct contract *out)
{
    const char *id = json_text(json_member(item, "contract"), NULL);
    const struct json *document = json_member(item, "document");

    if ((id == NULL) == (document == NULL))
        return refuse(reading->problem, pointer,
                      "must be {\"contract\": \"ID\"} or {\"document\": {...}}");
    if (document != NULL)
        return read_document(reading, document, pointer, out);
    enum status status = reading->find(reading->context, id, out);
    return status == STATUS_NOT_FOUND
               ? refuse(reading->problem, pointer, "there is no such contract")
               : status;
}

static enum status read_side(const struct reading *reading, const struct json *item, size_t number)
{
    struct comparison_side *side = &reading->out->sides[number];
    const struct json *as = json_member(item, "as");
    struct contract *contract = &side->contract;
    char pointer[96];

    snprintf(pointer, sizeof pointer, "/contracts/%zu", number);
    enum status status = take_contract(reading, item, pointer, contract);
    if (status != STATUS_OK)
        return status;
    status = zone_open(&side->zone, contract->zone);
    reading->out->comparison.side_count = number + 1;
    if (status == STATUS_NOT_FOUND)
        return refuse(reading->problem, pointer, "its time zone is none that the server knows");
    if (status == STATUS_OK &&
        (contract->term_first == CONTRACT_NO_DAY || contract->term_end == CONTRACT_NO_DAY)) {
        if (!reading->has_term)
            return refuse(reading->problem, pointer,
                          "has no term: give the days to look at as \"term\"");
        status = comparison_limit(contract, reading->term, reading->arena);
    }
    snprintf(pointer, sizeof pointer, "/contracts/%zu/as", number);
    return status == STATUS_OK && as != NULL ? read_substitutes(reading, as, pointer, side)
                                             : status;
}

static enum status read_sides(const struct reading *reading)
{
    const struct json *contracts = json_member(reading->question, "contracts");
    struct comparison *comparison = &reading->out->comparison;
    const char *wanted;
    char problem[256] = "";
    enum status status = STATUS_OK;

    if (json_type(contracts) != JSON_ARRAY || json_count(contracts) == 0 ||
        json_count(contracts) > INQUIRY_SIDES)
        return refuse(reading->problem, "/contracts", "must be a list of 1 to 8");
    for (size_t i = 0; status == STATUS_OK && i < json_count(contracts); i++)
        status = read_side(reading, json_item(contracts, i), i);
    if (status != STATUS_OK)
        return status;
    status = comparison_settle(comparison, &wanted, problem);
    return status == STATUS_INVALID
               ? refuse(reading->problem, wanted ? "/rates" : "/contracts", problem)
               : status;
}

enum status inquiry_read(const struct json *question, const struct json *profile,
                         const char *source, inquiry_find find, void *context, struct arena *arena,
                         struct inquiry *out, struct json_problem *problems, size_t *problem_count)
{
    struct reading reading = {.question = question,
                              .find = find,
                              .context = context,
                              .arena = arena,
                              .out = out,
                              .problem = problems,
                              .problem_count = problem_count};

    *problem_count = 1;
    *out = (struct inquiry){
        .comparison = {.arena = arena, .sides = out->sides, .source = source},
        .wants_loads = json_bool(json_member(question, "loads"), false),
        .wants_lines = json_bool(json_member(question, "lines"), false),
    };
    enum status status = check_members(&reading);
    if (status == STATUS_OK)
        status = read_devices(&reading);
    if (status == STATUS_OK)
        status = read_term(&reading);
    if (status == STATUS_OK)
        status = read_rates(&reading);
    if (status == STATUS_OK)
        status = read_usage(&reading, profile);
    if (status == STATUS_OK)
        status = read_sides(&reading);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}
