#include "server/store/bills.h"

#include <stdio.h>

#include "schema/base/clock.h"
#include "server/money/amount.h"
#include "server/money/steps.h"
#include "server/store/elsewhere.h"
#include "server/store/hindsight.h"
#include "server/store/tallies.h"

#define WORK_BYTES (1024u << 20)
#define TEXT_BYTES (64u << 20)

/* The day that elsewhere's sums are asked up to; a day at as_of_ms goes on. */
static int64_t day_of(const struct bills_ledger *ledger, int64_t as_of_ms)
{
    return as_of_ms == BILLS_NOW ? CONTRACT_FOREVER : zone_day(ledger->found->zone, as_of_ms);
}

enum status bills_open(struct bills_ledger *ledger, struct store_conn *conn,
                       const char *contract_id, int64_t as_of_ms)
{
    enum status status = arena_create(&ledger->arena, WORK_BYTES);

    if (status == STATUS_OK)
        status = terms_create(&ledger->terms);
    if (status == STATUS_OK)
        status = terms_refresh(ledger->terms, conn);
    if (status != STATUS_OK)
        return status;
    ledger->found = terms_find(ledger->terms, contract_id);
    if (ledger->found == NULL)
        return STATUS_NOT_FOUND;
    status = tally_create(&ledger->tally, &ledger->found->contract, ledger->found->zone);
    if (status == STATUS_OK)
        status = as_of_ms == BILLS_NOW
                     ? tallies_load(conn, ledger->arena, contract_id, NULL, 0, ledger->tally)
                     : hindsight_load(conn, ledger->arena, contract_id, as_of_ms, ledger->tally);
    return status == STATUS_OK ? elsewhere_add(conn, ledger->tally, day_of(ledger, as_of_ms))
                               : status;
}

void bills_close(struct bills_ledger *ledger)
{
    tally_free(ledger->tally);
    terms_free(ledger->terms);
    arena_free(ledger->arena);
}

void bills_write_money(struct json_writer *writer, const char *name, struct decimal amount,
                       unsigned places)
{
    char text[AMOUNT_SIZE];

    amount_money(amount, places, text);
    json_write_member(writer, name, text);
}

#define MONTH_SIZE 8

static void format_month(int64_t day, char out[MONTH_SIZE])
{
    char date[ZONE_DATE_SIZE];

    zone_format_date(day, date);
    snprintf(out, MONTH_SIZE, "%.7s", date);
}

static void write_period(struct json_writer *writer, int64_t first, int64_t end)
{
    char left[ZONE_DATE_SIZE], right[ZONE_DATE_SIZE], period[2 * ZONE_DATE_SIZE];

    zone_format_date(first, left);
    zone_format_date(end, right);
    snprintf(period, sizeof period, "%s/%s", left, right);
    json_write_member(writer, "period", period);
}

void bills_write_line(struct json_writer *writer, const struct statement_line *line,
                      unsigned places, bool with_month)
{
    char month[MONTH_SIZE];

    json_begin_object(writer);
    if (with_month) {
        format_month(line->month, month);
        json_write_member(writer, "month", month);
    }
    json_write_member(writer, "source", line->source);
    json_write_member(writer, "charge", line->name);
    write_period(writer, line->first, line->end);
    json_write_member(writer, "metric", line->metric);
    json_write_member(writer, "quantity", line->quantity);
    bills_write_money(writer, "amount", line->amount, places);
    if (line->step_count > 0)
        steps_write(writer, line->steps, line->step_count, false);
    json_end_object(writer);
}

enum status bills_keep_text(struct buffer *text, struct arena *arena, struct span *out)
{
    enum status status = buffer_status(text);

    if (status == STATUS_OK)
        *out = arena_copy(arena, buffer_span(text));
    buffer_release(text);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

struct billing {
    const char *contract_id;
    int64_t as_of_ms;
    struct arena *arena;
    struct span json;
};

static enum status write_bill(struct billing *billing, const struct bills_ledger *ledger,
                              const struct bill *bill)
{
    const struct contract *contract = &ledger->found->contract;
    char as_of[CLOCK_TEXT_SIZE], quantity[AMOUNT_SIZE];
    struct json_writer writer;
    struct buffer text;

    clock_format(billing->as_of_ms, as_of);
    buffer_init(&text, TEXT_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_write_member(&writer, "contract", contract->contract_id);
    json_write_member(&writer, "currency", contract->currency);
    json_write_member(&writer, "as_of", as_of);
    json_key(&writer, "lines");
    json_begin_array(&writer);
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *line = &bill->lines[i];

        amount_decimal(line->quantity, quantity);
        const struct statement_line shown = {.source = statement_source(line->source),
                                             .name = line->name,
                                             .first = line->period.clipped.first,
                                             .end = line->period.clipped.end,
                                             .metric = line->metric,
                                             .quantity = quantity,
                                             .amount = line->amount,
                                             .steps = line->steps,
                                             .step_count = line->step_count};
        bills_write_line(&writer, &shown, contract->minor_places, false);
    }
    json_end_array(&writer);
    bills_write_money(&writer, "total", bill->total, contract->minor_places);
    if (bill->tax_included.units != 0)
        bills_write_money(&writer, "tax_included", bill->tax_included, contract->minor_places);
    json_end_object(&writer);
    return bills_keep_text(&text, billing->arena, &billing->json);
}

static enum status bill_now(struct store_conn *conn, void *context)
{
    struct billing *billing = context;
    struct bills_ledger ledger = {0};
    struct bill bill;
    const int64_t now_ms = clock_wall_ms();
    /* what is counted was used before now: nothing is to be left out of it */
    const bool is_past = billing->as_of_ms < now_ms;
    enum status status =
        bills_open(&ledger, conn, billing->contract_id, is_past ? billing->as_of_ms : BILLS_NOW);

    if (billing->as_of_ms == BILLS_NOW)
        billing->as_of_ms = now_ms;
    if (status == STATUS_OK)
        status = bill_explain(ledger.tally, billing->as_of_ms, ledger.arena, &bill);
    if (status == STATUS_OK)
        status = write_bill(billing, &ledger, &bill);
    bills_close(&ledger);
    return status;
}

enum status bills_get(struct store *store, const char *contract_id, int64_t as_of_ms,
                      struct arena *arena, struct span *json)
{
    struct billing billing = {.contract_id = contract_id, .as_of_ms = as_of_ms, .arena = arena};
    enum status status = store_transaction(store, bill_now, &billing);

    if (status == STATUS_OK)
        *json = billing.json;
    return status;
}
