/* contract rate, contract periods: what a document asks for, computed here without a server */
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/ctl/arithmetic.h"
#include "server/ctl/contract_file.h"
#include "server/ctl/noun.h"
#include "server/ctl/usage_file.h"
#include "server/money/amount.h"
#include "server/money/steps.h"

#define WARNINGS    5 /* of each kind, told row by row */
#define ARENA_LIMIT ((size_t)1 << 30)
#define PERIOD_SIZE (2 * ZONE_DATE_SIZE)
#define DAYS_SIZE   48

/* Usage of one model that no charge prices. */
struct unpriced {
    const char *model;
    unsigned metric;
    int64_t rows;
    struct decimal quantity;
};

/* A contract, and what was used under it. */
struct rating {
    struct arena *arena; /* of the document */
    struct contract contract;
    struct zone *zone;
    struct tally *tally;
    int64_t as_of_ms;
    size_t unpriced_rows;
    struct unpriced *unpriced;
    size_t unpriced_count, unpriced_room;
    size_t outside_rows;
};

static void release(struct rating *rating)
{
    free(rating->unpriced);
    tally_free(rating->tally);
    zone_close(rating->zone);
    arena_free(rating->arena);
}

static void tell_unpriced(const struct tally_usage *usage, const struct usage_file_place *place,
                          unsigned unpriced)
{
    for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++)
        if (unpriced & CONTRACT_BIT(metric))
            ctl_warn("%s:%zu: usage/%zu: no charge prices %s of model \"%s\"", place->path,
                     usage_file_line(place), place->row,
                     contract_metric_name((enum contract_metric)metric), usage->model);
}

static enum status take_unpriced(struct rating *rating, const char *model, unsigned metric,
                                 struct unpriced **out)
{
    for (size_t i = 0; i < rating->unpriced_count; i++) {
        *out = &rating->unpriced[i];
        if ((*out)->metric == metric && strcmp((*out)->model, model) == 0)
            return STATUS_OK;
    }
    if (rating->unpriced_count == rating->unpriced_room) {
        size_t room = rating->unpriced_room ? rating->unpriced_room * 2 : 8;
        struct unpriced *grown = realloc(rating->unpriced, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        rating->unpriced = grown;
        rating->unpriced_room = room;
    }
    model = arena_text(rating->arena, span_text(model));
    if (!model)
        return STATUS_MEMORY;
    *out = &rating->unpriced[rating->unpriced_count++];
    **out = (struct unpriced){.model = model, .metric = metric};
    return STATUS_OK;
}

static enum status count_unpriced(struct rating *rating, const struct tally_usage *usage,
                                  unsigned unpriced)
{
    enum status status = STATUS_OK;

    for (unsigned metric = 0; metric < CONTRACT_METRICS && status == STATUS_OK; metric++) {
        struct unpriced *sum;

        if (!(unpriced & CONTRACT_BIT(metric)))
            continue;
        status = take_unpriced(rating, usage->model, metric, &sum);
        if (status != STATUS_OK)
            continue;
        sum->rows++;
        status = decimal_add(sum->quantity, usage->quantities[metric], &sum->quantity);
    }
    return status;
}

static void tell_row(const struct usage_file_place *place, const char *problem)
{
    ctl_fail("%s:%zu: usage/%zu: %s", place->path, usage_file_line(place), place->row, problem);
}

static enum status add_row(void *context, const struct usage_file_place *place,
                           const struct tally_usage *usage)
{
    struct rating *rating = context;
    unsigned unpriced = 0;

    if (usage->at_ms >= rating->as_of_ms)
        return STATUS_OK;
    enum status status = tally_add(rating->tally, usage, &unpriced);
    if (status == STATUS_NOT_FOUND) {
        if (usage->is_elsewhere)
            return STATUS_OK;
        if (rating->outside_rows++ < WARNINGS)
            ctl_warn("%s:%zu: usage/%zu: not billed: its time lies outside the contract's term",
                     place->path, usage_file_line(place), place->row);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        tell_row(place, status_text(status));
    if (status != STATUS_OK || !unpriced)
        return status;
    if (rating->unpriced_rows++ < WARNINGS)
        tell_unpriced(usage, place, unpriced);
    status = count_unpriced(rating, usage, unpriced);
    if (status != STATUS_OK)
        tell_row(place, status_text(status));
    return status;
}

static int read_as_of(const struct ctl *ctl, int64_t *out)
{
    const char *text = args_option(&ctl->args, "as-of", NULL);

    *out = BILL_WHOLE_TERM;
    if (text && clock_parse(span_text(text), out) != STATUS_OK)
        return ctl_misuse("--as-of must be a time with its offset: 2026-02-01T00:00:00+08:00");
    return CTL_DONE;
}

static int open_rating(struct ctl *ctl, struct rating *out)
{
    const char *file = args_option(&ctl->args, "file", NULL);

    *out = (struct rating){0};
    if (!file)
        return ctl_misuse("which document? give it with -f FILE");
    int result = read_as_of(ctl, &out->as_of_ms);
    if (result == CTL_DONE)
        result = contract_file_read(file, &out->arena, &out->contract, &out->zone);
    if (result != CTL_DONE)
        return result;
    enum status status = tally_create(&out->tally, &out->contract, out->zone);
    if (status == STATUS_OK)
        return CTL_DONE;
    release(out);
    return ctl_fail("\"%s\": %s", file, status_text(status));
}

static void format_period(struct period_range days, char out[PERIOD_SIZE])
{
    char first[ZONE_DATE_SIZE], end[ZONE_DATE_SIZE];

    zone_format_date(days.first, first);
    zone_format_date(days.end, end);
    snprintf(out, PERIOD_SIZE, "%s/%s", first, end);
}

static void write_money(struct json_writer *writer, const char *name, struct decimal amount,
                        unsigned places)
{
    char text[AMOUNT_SIZE];

    amount_money(amount, places, text);
    json_write_member(writer, name, text);
}

static void write_line(struct json_writer *writer, const struct bill_line *line, unsigned places)
{
    char period[PERIOD_SIZE], quantity[AMOUNT_SIZE];

    format_period(line->period.clipped, period);
    amount_decimal(line->quantity, quantity);
    json_begin_object(writer);
    json_write_member(writer, "charge", line->name);
    json_write_member(writer, "period", period);
    json_write_member(writer, "metric", line->metric);
    json_write_member(writer, "quantity", quantity);
    write_money(writer, "amount", line->amount, places);
    steps_write(writer, line->steps, line->step_count, false);
    json_end_object(writer);
}

static void write_unpriced(struct json_writer *writer, const struct unpriced *unpriced)
{
    char quantity[DECIMAL_TEXT_SIZE];

    decimal_format(unpriced->quantity, quantity);
    json_begin_object(writer);
    json_write_member(writer, "model", unpriced->model);
    json_write_member(writer, "metric",
                      contract_metric_name((enum contract_metric)unpriced->metric));
    json_write_member(writer, "quantity", quantity);
    json_key(writer, "rows");
    json_write_int(writer, unpriced->rows);
    json_end_object(writer);
}

/* What a total does not hold: only where there is such usage. */
static void write_left_out(struct json_writer *writer, const struct rating *rating)
{
    if (rating->unpriced_count > 0) {
        json_key(writer, "unpriced");
        json_begin_array(writer);
        for (size_t i = 0; i < rating->unpriced_count; i++)
            write_unpriced(writer, &rating->unpriced[i]);
        json_end_array(writer);
    }
    if (rating->outside_rows > 0) {
        json_key(writer, "rows_outside_term");
        json_write_int(writer, (int64_t)rating->outside_rows);
    }
}

static int print_json(const struct rating *rating, const struct bill *bill)
{
    struct json_writer writer;
    struct buffer out;
    unsigned places = rating->contract.minor_places;

    buffer_init(&out, ARENA_LIMIT);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "currency", rating->contract.currency);
    json_key(&writer, "lines");
    json_begin_array(&writer);
    for (size_t i = 0; i < bill->line_count; i++)
        write_line(&writer, &bill->lines[i], places);
    json_end_array(&writer);
    write_money(&writer, "total", bill->total, places);
    if (bill->tax_included.units != 0)
        write_money(&writer, "tax_included", bill->tax_included, places);
    write_left_out(&writer, rating);
    json_end_object(&writer);
    int result = buffer_status(&out) == STATUS_OK ? CTL_DONE : ctl_fail("the bill is too long");
    if (result == CTL_DONE)
        printf("%s\n", buffer_cstring(&out));
    buffer_release(&out);
    return result;
}

/* ---- for people ---- */

static bool is_nothing(const struct bill_line *line)
{
    return line->amount.units == 0 && fraction_sign(line->quantity) == 0;
}

/* People tell a period by its last day. */
static void format_days(struct period_range days, char out[PERIOD_SIZE])
{
    char first[ZONE_DATE_SIZE], last[ZONE_DATE_SIZE];

    zone_format_date(days.first, first);
    zone_format_date(days.end - 1, last);
    snprintf(out, PERIOD_SIZE, days.end - 1 == days.first ? "%s" : "%s - %s", first, last);
}

/* As it stands in the JSON: both tell the same. */
static void print_steps(const struct bill_line *line)
{
    struct json_writer writer;
    struct buffer text;
    struct json *json;

    buffer_init(&text, ARENA_LIMIT);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    steps_write(&writer, line->steps, line->step_count, false);
    json_end_object(&writer);
    if (json_parse(buffer_span(&text), &json, NULL) == STATUS_OK) {
        arithmetic_show(stdout, json);
        json_free(json);
    }
    buffer_release(&text);
}

/* A line with its arithmetic below it. */
static void print_bill_line(const struct rating *rating, const struct bill_line *line)
{
    char period[PERIOD_SIZE], amount[AMOUNT_SIZE];

    format_days(line->period.clipped, period);
    amount_money(line->amount, rating->contract.minor_places, amount);
    amount_group(amount);
    printf("%-48s  %-23s  %20s\n", line->name, period, amount);
    if (*line->metric)
        printf("    %s\n", line->metric);
    print_steps(line);
}

static void print_table(const struct rating *rating, const struct bill *bill)
{
    char amount[AMOUNT_SIZE];
    size_t hidden = 0;

    printf("%-48s  %-23s  %20s\n", "charge", "period", "amount");
    for (size_t i = 0; i < bill->line_count; i++) {
        if (is_nothing(&bill->lines[i]))
            hidden++;
        else
            print_bill_line(rating, &bill->lines[i]);
    }
    amount_money(bill->total, rating->contract.minor_places, amount);
    amount_group(amount);
    printf("%-48s  %-23s  %20s %s\n", "total", "", amount, rating->contract.currency);
    if (hidden > 0)
        printf("(%zu lines of nothing are not shown)\n", hidden);
}

static int rate(struct ctl *ctl)
{
    const char *usage = args_option(&ctl->args, "usage", NULL);
    struct rating rating;
    struct arena *arena = NULL;
    struct bill bill;

    if (!usage)
        return ctl_misuse("which usage? give it with --usage FILE");
    int result = open_rating(ctl, &rating);
    if (result != CTL_DONE)
        return result;
    result = usage_file_read(usage, add_row, &rating);
    if (result != CTL_DONE)
        goto out;
    enum status status = arena_create(&arena, ARENA_LIMIT);
    if (status == STATUS_OK)
        status = bill_explain(rating.tally, rating.as_of_ms, arena, &bill);
    if (status != STATUS_OK) {
        result = ctl_fail("%s", status == STATUS_FULL ? "an amount or quantity is too large"
                                                      : status_text(status));
        goto out;
    }
    if (ctl->json)
        result = print_json(&rating, &bill);
    else
        print_table(&rating, &bill);
    if (rating.unpriced_rows > WARNINGS || rating.outside_rows > WARNINGS)
        ctl_warn("in all %zu rows without a price, %zu outside the term", rating.unpriced_rows,
                 rating.outside_rows);
    if (args_flag(&ctl->args, "strict") && rating.unpriced_rows + rating.outside_rows > 0)
        result = ctl_fail("%zu rows have usage without a price, %zu lie outside the term",
                          rating.unpriced_rows, rating.outside_rows);

out:
    arena_free(arena);
    release(&rating);
    return result;
}

/* ---- periods ---- */

struct window {
    int64_t first, end;
};

static int read_day(const struct ctl *ctl, const char *name, int64_t fallback, int64_t *out)
{
    const char *text = args_option(&ctl->args, name, NULL);

    *out = fallback;
    if (text && zone_parse_date(span_text(text), out) != STATUS_OK)
        return ctl_misuse("--%s must be a date: 2026-01-31", name);
    return CTL_DONE;
}

static void write_instant(struct json_writer *writer, const char *name, const struct zone *zone,
                          int64_t day)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(zone_midnight(zone, day), text);
    json_write_member(writer, name, text);
}

static void write_period(struct json_writer *writer, const struct rating *rating,
                         const struct contract_charge *charge, const struct period *period)
{
    char text[PERIOD_SIZE];
    int64_t days, of;

    json_begin_object(writer);
    json_write_member(writer, "charge", charge->name);
    json_write_member(writer, "per", period_name(charge->rule.per));
    format_period(period->clipped, text);
    json_write_member(writer, "period", text);
    write_instant(writer, "from", rating->zone, period->clipped.first);
    write_instant(writer, "to", rating->zone, period->clipped.end);
    period_share(period, &days, &of);
    json_key(writer, "days");
    json_write_int(writer, days);
    json_key(writer, "of");
    json_write_int(writer, of);
    json_end_object(writer);
}

/* The periods of one charge that touch the window. */
static void write_periods(struct json_writer *writer, const struct rating *rating,
                          const struct contract_terms *terms, const struct contract_charge *charge,
                          struct window window)
{
    struct period_range days = tally_days(rating->tally, terms);
    int64_t day = days.first > window.first ? days.first : window.first;

    while (day < days.end && day < window.end) {
        struct period period = tally_period(rating->tally, terms, &charge->rule, day);

        write_period(writer, rating, charge, &period);
        day = period.clipped.end;
    }
}

static int print_periods(const struct rating *rating, struct window window)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, ARENA_LIMIT);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "zone", rating->contract.zone);
    json_key(&writer, "periods");
    json_begin_array(&writer);
    for (size_t v = 0; v < rating->contract.version_count; v++) {
        const struct contract_terms *terms = &rating->contract.versions[v];

        for (size_t i = 0; i < terms->charge_count; i++)
            write_periods(&writer, rating, terms, &terms->charges[i], window);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    int result = buffer_status(&out) == STATUS_OK ? CTL_DONE : ctl_fail("too many periods");
    if (result == CTL_DONE)
        printf("%s\n", buffer_cstring(&out));
    buffer_release(&out);
    return result;
}

static void show_period(const struct contract_charge *charge, const struct period *period)
{
    char days_text[DAYS_SIZE], first[ZONE_DATE_SIZE], last[ZONE_DATE_SIZE];
    int64_t days, of;

    period_share(period, &days, &of);
    zone_format_date(period->clipped.first, first);
    zone_format_date(period->clipped.end - 1, last);
    snprintf(days_text, sizeof days_text, days == of ? "%lld" : "%lld of %lld", (long long)days,
             (long long)of);
    printf("%-24s %-8s %-10s  %-10s  %s\n", charge->name, period_name(charge->rule.per), first,
           last, days_text);
}

static void show_periods(const struct rating *rating, struct window window)
{
    printf("%-24s %-8s %-10s  %-10s  days\n", "charge", "per", "first day", "last day");
    for (size_t v = 0; v < rating->contract.version_count; v++) {
        const struct contract_terms *terms = &rating->contract.versions[v];
        struct period_range days = tally_days(rating->tally, terms);

        for (size_t i = 0; i < terms->charge_count; i++) {
            int64_t day = days.first > window.first ? days.first : window.first;

            while (day < days.end && day < window.end) {
                struct period period =
                    tally_period(rating->tally, terms, &terms->charges[i].rule, day);

                show_period(&terms->charges[i], &period);
                day = period.clipped.end;
            }
        }
    }
    printf("in the days of %s; --json tells the instants\n", rating->contract.zone);
}

static int periods(struct ctl *ctl)
{
    struct rating rating;
    struct window window;
    int result = open_rating(ctl, &rating);

    if (result != CTL_DONE)
        return result;
    result = read_day(ctl, "from", rating.contract.term_first, &window.first);
    if (result == CTL_DONE)
        result = read_day(ctl, "to", rating.contract.term_end, &window.end);
    if (result == CTL_DONE && (window.first == CONTRACT_NO_DAY || window.end == CONTRACT_NO_DAY))
        result = ctl_misuse("the contract has no term: give --from DATE and --to DATE");
    if (result == CTL_DONE && ctl->json)
        result = print_periods(&rating, window);
    else if (result == CTL_DONE)
        show_periods(&rating, window);
    release(&rating);
    return result;
}

const struct ctl_verb noun_rate_verbs[] = {
    {"contract", "rate", "", 0, 0,
     "file=FILE*(a contract's document, YAML or JSON, - for standard input) "
     "usage=FILE*(rows of usage, JSON or YAML, - for standard input) "
     "as-of=TIME(a time with its offset; default the end of the term) "
     "strict!(fail when some usage has no price or lies outside the term)",
     "what usage costs under a document, computed here\n"
     "What usage costs under a document, computed here without a server: a line for each charge "
     "in each of its periods, rounded once, and their sum. The usage file is\n"
     "\n"
     "    {\"usage\": [{\"at\": \"2026-01-15T12:00:00+08:00\", \"device\": \"desk-1\",\n"
     "                \"model\": \"dahan-chat\", \"metrics\": {\"output\": 45}}]}\n"
     "\n"
     "in JSON or YAML; rows may also have `end`, `service_tier`, `provenance`, `amount` (money "
     "that the usage itself tells), `replaces` (a device whose licence this one takes over) and "
     "`gauge` with `name` and `level`, and `elsewhere`, which is true of what was used under "
     "another contract: only commitments to a share of all usage count it. Quantities are whole "
     "numbers or texts with up to 12 places. --as-of leaves out what was used from then on, "
     "periods that had not begun, and minimums and commitments of periods that had not ended. "
     "Usage outside the term, and usage whose price the document seems to have forgotten "
     "(reasoning beside priced output), is told on the standard error and not billed; with "
     "--strict the exit status is then 1. As JSON:\n"
     "\n"
     "    {\"currency\": \"CNY\", \"lines\": [{\"charge\": \"charges/0\",\n"
     "     \"period\": \"2026-01-01/2026-02-01\", \"metric\": \"output\",\n"
     "     \"quantity\": \"45\", \"amount\": \"0.09\", \"steps\": [{\"kind\": \"units\",\n"
     "     \"metric\": \"output\", \"quantity\": \"45\", \"price\": \"2\", \"per\": \"1000\",\n"
     "     \"amount\": \"0.09\"}]}], \"total\": \"0.09\"}\n"
     "\n"
     "`steps` is the arithmetic of the line: what was counted at which price, what is included, "
     "taken off or lifted, and the rounding last; their amounts add up to the line's. "
     "Amounts are exact; a quantity that is no decimal (a third) is cut after 12 places. Where "
     "there is such usage, `unpriced` lists model, metric, quantity and number of rows of what "
     "no charge prices, and `rows_outside_term` counts the rows outside the term.",
     rate},
    {"contract", "periods", "", 0, 0,
     "file=FILE*(a contract's document, YAML or JSON, - for standard input) "
     "from=DATE(a day, as 2026-01-31; default the first of the term) "
     "to=DATE(the day after the last; default the end of the term)",
     "when each charge's periods begin and end\n"
     "When each charge's periods begin and end, as local days and as instants; for a contract "
     "without a term between two dates.",
     periods},
    {0},
};
