#include "server/store/open_months.h"

#include <stdio.h>

#include "schema/base/clock.h"
#include "server/money/statement.h"
#include "server/store/bills.h"

#define TEXT_BYTES (1u << 20)

struct opening {
    const struct terms_contract *found;
    struct arena *arena; /* of the work */
    struct bill bill;
    int64_t now_ms;
    bool is_locked;       /* a month is */
    struct decimal told;  /* by all statements */
    int64_t first, last;  /* first days of the first and the last open month */
    struct decimal stood; /* what the bill says of the months before first */
};

static enum status read_locked(struct store_conn *conn, struct opening *opening)
{
    STORE_STATEMENT(read, "SELECT max(month)::text, coalesce(sum(total), 0)::text"
                          " FROM myna.statement WHERE contract_id = $1");
    struct result result = {0};
    int64_t newest;
    enum status status = store_exec(
        conn, &read, STORE_VALUES(value_text(opening->found->contract.contract_id)), &result);

    opening->is_locked = status == STATUS_OK && !result_is_null(&result, 0, 0);
    if (opening->is_locked) {
        status = zone_parse_date(result_span(&result, 0, 0), &newest);
        if (status == STATUS_OK)
            status = decimal_parse(result_span(&result, 0, 1), &opening->told);
        if (status == STATUS_OK)
            opening->first = statement_month(newest).end;
    }
    result_release(&result);
    return status;
}

static enum status sum_month(const struct opening *opening, struct period_range month,
                             struct decimal *out)
{
    struct statement_line *lines;
    size_t count;
    enum status status = statement_lines(&opening->bill, month, opening->arena, &lines, &count);

    return status == STATUS_OK ? statement_total(lines, count, out) : status;
}

/* A contract that is over has nothing to lock after what is billed, but for a change of what was
 * locked: the next month takes that. */
static int64_t last_month(const struct opening *opening, bool is_changed)
{
    const struct contract *contract = &opening->found->contract;
    const int64_t now = statement_month(zone_day(opening->found->zone, opening->now_ms)).first;
    int64_t last = statement_last_month(&opening->bill);

    if (contract->term_end == CONTRACT_NO_DAY || contract->term_end == CONTRACT_FOREVER)
        return now;
    if (statement_month(contract->term_end - 1).first > last)
        last = statement_month(contract->term_end - 1).first;
    if (is_changed && last < opening->first)
        last = opening->first;
    return last < now ? last : now;
}

static enum status find(struct opening *opening)
{
    struct period_range before = {.first = INT64_MIN, .end = opening->first};

    if (!opening->is_locked)
        opening->first = statement_first_month(&opening->bill);
    else {
        enum status status = sum_month(opening, before, &opening->stood);
        if (status != STATUS_OK)
            return status;
    }
    opening->last = last_month(opening, opening->stood.units != opening->told.units);
    return STATUS_OK;
}

static const char *state_of(const struct opening *opening, struct period_range month)
{
    const struct zone *zone = opening->found->zone;

    if (opening->now_ms < zone_midnight(zone, month.end))
        return "running";
    if (opening->now_ms < zone_midnight(zone, month.end + opening->found->contract.grace_days))
        return "grace";
    return month.first == opening->first ? "ready" : "waiting";
}

static enum status write_month(struct json_writer *writer, const struct opening *opening,
                               struct period_range month)
{
    const struct contract *contract = &opening->found->contract;
    char date[ZONE_DATE_SIZE], name[8], from[CLOCK_TEXT_SIZE];
    struct decimal total;
    enum status status = sum_month(opening, month, &total);

    if (status != STATUS_OK)
        return status;
    zone_format_date(month.first, date);
    snprintf(name, sizeof name, "%.7s", date);
    clock_format(zone_midnight(opening->found->zone, month.end + contract->grace_days), from);
    json_begin_object(writer);
    json_write_member(writer, "month", name);
    json_write_member(writer, "state", state_of(opening, month));
    json_write_member(writer, "locks_from", from);
    bills_write_money(writer, "total", total, contract->minor_places);
    json_end_object(writer);
    return STATUS_OK;
}

static enum status write(const struct opening *opening, struct arena *arena, struct span *json)
{
    const struct contract *contract = &opening->found->contract;
    const struct decimal changed = {opening->stood.units - opening->told.units};
    char as_of[CLOCK_TEXT_SIZE];
    enum status status = STATUS_OK;
    struct json_writer writer;
    struct period_range month;
    struct buffer text;

    buffer_init(&text, TEXT_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    clock_format(opening->now_ms, as_of);
    json_write_member(&writer, "as_of", as_of);
    json_write_member(&writer, "currency", contract->currency);
    if (opening->is_locked)
        bills_write_money(&writer, "changed", changed, contract->minor_places);
    else {
        json_key(&writer, "changed");
        json_write_null(&writer);
    }
    json_key(&writer, "open");
    json_begin_array(&writer);
    for (int64_t day = opening->first; status == STATUS_OK && day <= opening->last;
         day = month.end) {
        month = statement_month(day);
        status = write_month(&writer, opening, month);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    const enum status kept = bills_keep_text(&text, arena, json);
    return status == STATUS_OK ? kept : status;
}

enum status open_months_read(struct store_conn *conn, const char *contract_id, int64_t now_ms,
                             struct arena *arena, struct span *json)
{
    struct bills_ledger ledger = {0};
    struct opening opening = {.now_ms = now_ms};
    enum status status = bills_open(&ledger, conn, contract_id, BILLS_NOW);

    opening.found = ledger.found;
    opening.arena = ledger.arena;
    if (status == STATUS_OK)
        status = bill_make(ledger.tally, now_ms, ledger.arena, &opening.bill);
    if (status == STATUS_OK)
        status = read_locked(conn, &opening);
    if (status == STATUS_OK)
        status = find(&opening);
    if (status == STATUS_OK)
        status = write(&opening, arena, json);
    bills_close(&ledger);
    return status;
}
