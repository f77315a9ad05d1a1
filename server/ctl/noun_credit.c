/* credit ...: what bills, the server and robots do with credit, tried out on numbers */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "schema/wire/measure.h"
#include "server/money/amount.h"
#include "server/ctl/noun.h"
#include "server/ctl/yaml.h"
#include "server/fleet/grant.h"
#include "server/money/burn.h"
#include "server/money/zone.h"

#define DOCUMENT_LIMIT (1u << 20)
#define ARENA_LIMIT    ((size_t)256 << 20)
#define MOST_GRANTS    1000000
#define MOST_WANTS     1024

static void write_count(struct json_writer *writer, const char *name, uint64_t count)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)count);
    json_write_member(writer, name, text);
}

static int read_count(const struct ctl *ctl, const char *name, uint64_t *out)
{
    const char *text = args_option(&ctl->args, name, "0");

    if (span_to_uint64(span_text(text), out) == STATUS_OK && *out <= INT64_MAX)
        return CTL_DONE;
    return ctl_misuse("--%s must be a whole number", name);
}

static int print(struct buffer *out)
{
    int result = buffer_status(out) == STATUS_OK ? CTL_DONE : ctl_fail("the answer is too long");

    if (result == CTL_DONE)
        printf("%s\n", buffer_cstring(out));
    buffer_release(out);
    return result;
}

/* ---- burn ---- */

struct row {
    const char *name;
    size_t first, count; /* of its credits */
};

struct burning {
    struct arena *arena;
    const struct json *document;
    struct contract_credit *credits;
    size_t credit_count;
    struct row *rows;
    size_t row_count;
    struct burn *burn;
    struct fraction used, covered;
    int64_t last_day;
};

static int refuse(const char *list, size_t place, const char *member, const char *reason)
{
    return ctl_fail("%s/%zu/%s: %s", list, place, member, reason);
}

static bool read_number(const struct json *json, struct fraction *out)
{
    if (json_type(json) == JSON_INT)
        *out = fraction_of(json_int(json, 0));
    else if (fraction_parse(span_text(json_text(json, "")), out) != STATUS_OK)
        return false;
    return fraction_sign(*out) >= 0;
}

static bool read_day(const struct json *json, int64_t *out)
{
    return zone_parse_date(span_text(json_text(json, "")), out) == STATUS_OK;
}

static bool read_per(const struct json *json, struct contract_credit *credit)
{
    const char *per = json_text(json_member(json, "per"), NULL);

    if (!per)
        return true;
    credit->recurs = true;
    return period_find(per, &credit->rule.per) == STATUS_OK && credit->rule.per >= PERIOD_DAY;
}

static bool read_rollover(const struct json *json, struct contract_credit *credit)
{
    const struct json *rollover = json_member(json, "rollover");
    const struct json *most = json_member(rollover, "at_most");

    credit->roll_most = FRACTION_ZERO;
    if (!rollover)
        return true;
    credit->rolls_over = true;
    credit->roll_periods = json_int(json_member(rollover, "periods"), 0);
    credit->has_roll_most = most != NULL;
    return credit->recurs && credit->roll_periods > 0 &&
           (!most || read_number(most, &credit->roll_most));
}

static bool is_known(const struct json *json, const char *members, const char **wrong)
{
    for (size_t i = 0; i < json_count(json); i++) {
        json_member_at(json, i, wrong);
        if (!span_is_choice(span_text(*wrong), members))
            return false;
    }
    return true;
}

/* The words of a contract's credits, and count for so many alike. */
static int read_grant(const struct json *json, size_t place, struct contract_credit *out,
                      int64_t *count)
{
    const char *wrong = "";

    *out = (struct contract_credit){.price = FRACTION_ZERO, .is_money = true};
    if (!is_known(json, "name|amount|priority|from|to|per|rollover|overage|count", &wrong))
        return refuse("grants", place, wrong, "is no member of a grant");
    out->name = json_text(json_member(json, "name"), NULL);
    if (!out->name)
        return refuse("grants", place, "name", "is missing");
    if (!read_number(json_member(json, "amount"), &out->amount))
        return refuse("grants", place, "amount", "must be a number of up to 30 places, as text");
    if (!read_day(json_member(json, "from"), &out->first))
        return refuse("grants", place, "from", "must be a day: 2026-01-31");
    if (!read_day(json_member(json, "to"), &out->end) || out->end <= out->first)
        return refuse("grants", place, "to", "must be a later day than from");
    if (!read_per(json, out))
        return refuse("grants", place, "per", "must be day, week, month, quarter or year");
    if (!read_rollover(json, out))
        return refuse("grants", place, "rollover", "must be {periods, at_most}, and goes with per");
    out->priority = json_int(json_member(json, "priority"), 0);
    out->overage_recurs =
        strcmp(json_text(json_member(json, "overage"), "charged"), "carried") == 0;
    *count = json_int(json_member(json, "count"), 1);
    if (*count < 1 || *count > MOST_GRANTS)
        return refuse("grants", place, "count", "must be from 1 to 1000000");
    return CTL_DONE;
}

static int read_grants(struct burning *burning)
{
    const struct json *list = json_member(burning->document, "grants");
    size_t room = 0;

    burning->row_count = json_count(list);
    if (json_type(list) != JSON_ARRAY || burning->row_count == 0)
        return ctl_fail("grants: must be a list of grants");
    burning->rows = arena_take(burning->arena, burning->row_count * sizeof *burning->rows);
    if (!burning->rows)
        return ctl_fail("out of memory");
    for (int fill = 0; fill <= 1; fill++) { /* first count, then fill */
        size_t at = 0;

        for (size_t i = 0; i < burning->row_count; i++) {
            struct contract_credit credit;
            int64_t count = 0;
            int result = read_grant(json_item(list, i), i, &credit, &count);

            if (result != CTL_DONE)
                return result;
            burning->rows[i] = (struct row){credit.name, at, (size_t)count};
            for (int64_t k = 0; fill && k < count; k++)
                burning->credits[at + (size_t)k] = credit;
            at += (size_t)count;
        }
        room = at;
        if (room > MOST_GRANTS)
            return ctl_fail("grants: are more than %d", MOST_GRANTS);
        if (!fill)
            burning->credits = arena_take(burning->arena, room * sizeof *burning->credits);
        if (arena_failed(burning->arena))
            return ctl_fail("out of memory");
    }
    burning->credit_count = room;
    return CTL_DONE;
}

static int use(struct burning *burning, const struct json *row, size_t place)
{
    struct fraction units, covered;
    size_t recurring;
    int64_t day;

    if (!read_day(json_member(row, "day"), &day) || day < burning->last_day)
        return refuse("usage", place, "day", "must be a day, not before that of the row above");
    if (!read_number(json_member(row, "quantity"), &units))
        return refuse("usage", place, "quantity", "must be a number of up to 30 places, as text");
    burning->last_day = day;
    enum status status = burn_until(burning->burn, day, NULL, NULL);
    if (status == STATUS_OK)
        status = burn_take(burning->burn, day, units, NULL, NULL, &covered, &recurring);
    if (status == STATUS_OK)
        status = fraction_add(burning->used, units, &burning->used);
    if (status == STATUS_OK)
        status = fraction_add(burning->covered, covered, &burning->covered);
    return status == STATUS_OK ? CTL_DONE : refuse("usage", place, "quantity", status_text(status));
}

static int use_all(struct burning *burning)
{
    const struct json *list = json_member(burning->document, "usage");
    const struct contract_credit **credits =
        arena_take(burning->arena, burning->credit_count * sizeof *credits);
    int result = CTL_DONE;

    if (!credits)
        return ctl_fail("out of memory");
    for (size_t i = 0; i < burning->credit_count; i++)
        credits[i] = &burning->credits[i];
    if (burn_create(&burning->burn, credits, burning->credit_count) != STATUS_OK)
        return ctl_fail("out of memory");
    for (size_t i = 0; i < json_count(list) && result == CTL_DONE; i++)
        result = use(burning, json_item(list, i), i);
    return result;
}

static int sum_row(const struct row *row, const struct fraction *left, struct fraction *out)
{
    *out = FRACTION_ZERO;
    for (size_t i = 0; i < row->count; i++) {
        if (fraction_add(*out, left[row->first + i], out) != STATUS_OK)
            return ctl_fail("what is left of \"%s\" is too large", row->name);
    }
    return CTL_DONE;
}

static void write_fraction(struct json_writer *writer, const char *name, struct fraction number)
{
    char text[AMOUNT_SIZE];

    amount_exact(number, text);
    json_write_member(writer, name, text);
}

static int tell(const struct ctl *ctl, const struct burning *burning, const struct fraction *left)
{
    struct fraction sum, overage;
    struct json_writer writer;
    struct buffer out;
    char worth[AMOUNT_SIZE], exact[AMOUNT_SIZE];

    if (fraction_subtract(burning->used, burning->covered, &overage) != STATUS_OK)
        return ctl_fail("the overage is too large");
    buffer_init(&out, ARENA_LIMIT);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "grants");
    json_begin_array(&writer);
    for (size_t i = 0; i < burning->row_count; i++) {
        if (sum_row(&burning->rows[i], left, &sum) != CTL_DONE) {
            buffer_release(&out);
            return CTL_FAILED;
        }
        amount_rounded(sum, 2, worth);
        amount_exact(sum, exact);
        if (!ctl->json)
            printf("%-24s %20s  (%s)\n", burning->rows[i].name, worth, exact);
        json_begin_object(&writer);
        json_write_member(&writer, "name", burning->rows[i].name);
        json_write_member(&writer, "left", exact);
        json_write_member(&writer, "worth", worth);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    write_fraction(&writer, "used", burning->used);
    write_fraction(&writer, "covered", burning->covered);
    write_fraction(&writer, "overage", overage);
    json_end_object(&writer);
    if (ctl->json)
        return print(&out);
    buffer_release(&out);
    amount_exact(overage, exact);
    printf("%-24s %20s\n", "beyond all grants", exact);
    return CTL_DONE;
}

static int read_as_of(const struct ctl *ctl, struct burning *burning)
{
    const char *text = args_option(&ctl->args, "as-of", NULL);
    int64_t day = burning->last_day;

    if (text && (zone_parse_date(span_text(text), &day) != STATUS_OK || day < burning->last_day))
        return ctl_misuse("--as-of must be a day, not before the last usage");
    if (day != INT64_MIN && burn_until(burning->burn, day, NULL, NULL) != STATUS_OK)
        return ctl_fail("an amount is too large");
    return CTL_DONE;
}

static int burn_document(struct ctl *ctl, const struct json *document)
{
    struct burning burning = {
        .document = document,
        .used = FRACTION_ZERO,
        .covered = FRACTION_ZERO,
        .last_day = INT64_MIN,
    };
    struct fraction *left;

    if (arena_create(&burning.arena, ARENA_LIMIT) != STATUS_OK)
        return ctl_fail("out of memory");
    int result = read_grants(&burning);
    if (result == CTL_DONE)
        result = use_all(&burning);
    if (result == CTL_DONE)
        result = read_as_of(ctl, &burning);
    if (result == CTL_DONE) {
        left = arena_take(burning.arena, burning.credit_count * sizeof *left);
        result = left && burn_left(burning.burn, left) == STATUS_OK ? tell(ctl, &burning, left)
                                                                    : ctl_fail("too much to tell");
    }
    burn_free(burning.burn);
    arena_free(burning.arena);
    return result;
}

static int burn(struct ctl *ctl)
{
    const char *path = args_option(&ctl->args, "file", NULL);
    struct json *document = NULL;
    struct buffer text;
    uint8_t *data;
    size_t size;
    char problem[160];

    if (!path)
        return ctl_misuse("which grants? give them with -f FILE");
    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    buffer_init(&text, DOCUMENT_LIMIT);
    enum status status = yaml_to_json(span_of(data, size), &text, problem);
    if (status == STATUS_OK)
        status = json_parse(buffer_span(&text), &document, problem);
    int result = status == STATUS_OK
                     ? burn_document(ctl, document)
                     : ctl_fail("%s:%s%s", path, status == STATUS_INVALID ? "" : " ",
                                status == STATUS_INVALID ? problem : status_text(status));
    json_free(document);
    buffer_release(&text);
    free(data);
    return result;
}

/* ---- share ---- */

static int read_wants(const struct ctl *ctl, uint64_t *wants, size_t *count)
{
    const char *at = args_option(&ctl->args, "wants", "");

    for (*count = 0; *at && *count < MOST_WANTS; (*count)++) {
        size_t length = strcspn(at, ",");

        if (span_to_uint64(span_of(at, length), &wants[*count]) != STATUS_OK)
            return ctl_misuse("--wants must be whole numbers with commas: 1000,50,10");
        at += length;
        at += *at == ',';
    }
    if (*count == 0 || *at)
        return ctl_misuse("--wants must be 1 to %d whole numbers with commas", MOST_WANTS);
    return CTL_DONE;
}

static int share(struct ctl *ctl)
{
    uint64_t capacity, wants[MOST_WANTS], shares[MOST_WANTS];
    struct json_writer writer;
    struct buffer out;
    size_t count;
    int result = read_count(ctl, "capacity", &capacity);

    if (result == CTL_DONE)
        result = read_wants(ctl, wants, &count);
    if (result != CTL_DONE)
        return result;
    grant_share(capacity, wants, count, shares);
    for (size_t i = 0; i < count && !ctl->json; i++)
        printf("%20llu of %llu\n", (unsigned long long)shares[i], (unsigned long long)wants[i]);
    if (!ctl->json)
        return CTL_DONE;
    buffer_init(&out, DOCUMENT_LIMIT);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "shares");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        char text[24];

        snprintf(text, sizeof text, "%llu", (unsigned long long)shares[i]);
        json_write_text(&writer, span_text(text));
    }
    json_end_array(&writer);
    json_end_object(&writer);
    return print(&out);
}

/* ---- reserve ---- */

/* A line of tokens, each of weight 1. */
static wire_CreditMeasure tokens(void)
{
    wire_CreditMeasure measure = wire_CreditMeasure_init_zero;

    measure.weights_count = MEASURE_REASONING + 1;
    for (unsigned i = 0; i <= MEASURE_REASONING; i++)
        measure.weights[i] = 1;
    measure.divisor = 1;
    return measure;
}

static int reserve(struct ctl *ctl)
{
    wire_UsageRecord record = wire_UsageRecord_init_zero;
    const wire_CreditMeasure measure = tokens();
    uint64_t input, output, used_input, used_output;
    struct json_writer writer;
    struct buffer out;

    if (read_count(ctl, "input", &input) != CTL_DONE ||
        read_count(ctl, "output", &output) != CTL_DONE ||
        read_count(ctl, "used-input", &used_input) != CTL_DONE ||
        read_count(ctl, "used-output", &used_output) != CTL_DONE)
        return CTL_FAILED;
    record.reserved_input = input;
    record.reserved_output = output;
    record.provenance = wire_Provenance_VENDOR_FINAL;
    record.input_uncached = used_input;
    record.output = used_output;

    uint64_t reserved = measure_worst_case(&measure, &record);
    uint64_t consumed = measure_consumed(&measure, &record);
    uint64_t released = reserved > consumed ? reserved - consumed : 0;
    if (!ctl->json) {
        printf("reserved %llu, consumed %llu, released %llu\n", (unsigned long long)reserved,
               (unsigned long long)consumed, (unsigned long long)released);
        return CTL_DONE;
    }
    buffer_init(&out, DOCUMENT_LIMIT);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_count(&writer, "reserved", reserved);
    write_count(&writer, "consumed", consumed);
    write_count(&writer, "released", released);
    json_end_object(&writer);
    return print(&out);
}

const struct ctl_verb noun_credit_verbs[] = {
    {"credit", "burn", "", 0, 0,
     "file=FILE*(grants and usage, YAML or JSON) "
     "as-of=DATE(a day, as 2026-02-01; default that of the last usage)",
     "which prepaid grants pay, and what is left of each\n"
     "Which prepaid grants pay for what was used, by the rules that bills follow, and what is "
     "left of each. The file, JSON or YAML, holds `grants` with `name`, `amount`, `from`, `to` "
     "and, as in a contract's `credits`, `priority`, `per`, `rollover` and `overage`; `count` "
     "makes so many alike; and `usage` with `day` and `quantity`.",
     burn},
    {"credit", "share", "", 0, 0,
     "capacity=N*(a whole number) "
     "wants=N,N,...*(whole numbers with commas)",
     "how a capacity is shared among those who want it\n"
     "How the server shares a capacity among those who want some of it: nobody gets more than "
     "wanted, and what one leaves the others get.",
     share},
    {"credit", "reserve", "", 0, 0,
     "input=N*(tokens reserved) "
     "output=N*(tokens reserved) "
     "used-input=N(tokens of the answer) "
     "used-output=N(tokens of the answer)",
     "what an attempt's tokens reserve and give back", reserve},
    {0},
};
