/* Pre-flight's document: schema/PREFLIGHT.md. */
#include "schema/base/clock.h"
#include "server/money/amount.h"
#include "server/store/bills.h"
#include "server/store/preflight_parts.h"

#define DOCUMENT_BYTES ((size_t)1 << 20)

static void write_int(struct json_writer *writer, const char *name, int64_t number)
{
    json_key(writer, name);
    json_write_int(writer, number);
}

static void write_amount(struct json_writer *writer, const char *name, struct fraction amount,
                         unsigned places)
{
    char text[AMOUNT_SIZE];

    amount_rounded(amount, places, text);
    json_write_member(writer, name, text);
}

static void write_waves(struct json_writer *writer, const struct preflight_work *work)
{
    int64_t robots = 0;

    json_key(writer, "waves");
    json_begin_array(writer);
    for (size_t wave = 0; wave < work->wave_count; wave++) {
        robots += work->waves[wave].size;
        json_begin_object(writer);
        write_int(writer, "wave", (int64_t)wave + 1);
        write_int(writer, "robots", robots);
        json_key(writer, "costs");
        json_begin_array(writer);
        for (size_t i = 0; i < work->cost_count; i++) {
            const struct preflight_cost *cost = &work->costs[i];
            const unsigned places = cost->terms->contract.minor_places;

            if (!cost->is_known)
                continue;
            json_begin_object(writer);
            json_write_member(writer, "contract", cost->terms->contract_id);
            json_write_member(writer, "currency", cost->terms->contract.currency);
            bills_write_money(writer, "amount", cost->totals[wave + 1], places);
            bills_write_money(writer, "shortfall", cost->shortfall[wave + 1], places);
            json_end_object(writer);
        }
        json_end_array(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_promise(struct json_writer *writer, const struct preflight_promise *promise,
                          unsigned places)
{
    char text[AMOUNT_SIZE];

    json_begin_object(writer);
    json_write_member(writer, "name", promise->name);
    json_write_member(writer, "metric", promise->metric);
    amount_decimal(promise->stay_missing, text);
    json_write_member(writer, "missing", text);
    bills_write_money(writer, "amount", promise->stay, places);
    amount_decimal(promise->end_missing, text);
    json_write_member(writer, "missing_at_end", text);
    bills_write_money(writer, "amount_at_end", promise->end, places);
    json_end_object(writer);
}

static void write_contract(struct json_writer *writer, const struct preflight_work *work,
                           const struct preflight_cost *cost)
{
    const struct contract *contract = &cost->terms->contract;
    char date[ZONE_DATE_SIZE];

    json_begin_object(writer);
    json_write_member(writer, "contract", cost->terms->contract_id);
    json_write_member(writer, "vendor", contract->vendor_id);
    json_write_member(writer, "currency", contract->currency);
    json_key(writer, "left");
    json_write_bool(writer, cost->is_left);
    json_key(writer, "joined");
    json_write_bool(writer, cost->is_joined);
    if (contract->term_end != CONTRACT_NO_DAY) {
        zone_format_date(contract->term_end, date);
        json_write_member(writer, "ends", date);
    }
    if (cost->is_known) {
        bills_write_money(writer, "amount", cost->totals[0], contract->minor_places);
        bills_write_money(writer, "amount_at_end", cost->totals[work->wave_count],
                          contract->minor_places);
        json_key(writer, "commitments");
        json_begin_array(writer);
        for (size_t i = 0; i < cost->promise_count; i++)
            write_promise(writer, &cost->promises[i], contract->minor_places);
        json_end_array(writer);
    }
    json_end_object(writer);
}

void preflight_write_headroom(struct json_writer *writer, const struct preflight_work *work)
{
    json_key(writer, "headroom");
    json_begin_array(writer);
    for (size_t i = 0; i < work->room_count; i++) {
        const struct preflight_room *room = &work->rooms[i];
        const unsigned places = room->is_money ? room->places : 0;

        json_begin_object(writer);
        json_write_member(writer, "source", room->source);
        json_write_member(writer, "unit", room->unit);
        json_key(writer, "hard");
        json_write_bool(writer, room->is_hard);
        write_amount(writer, "limit", room->limit, places);
        write_amount(writer, "spent", room->spent, places);
        write_amount(writer, "stay", room->stay, places);
        write_amount(writer, "at_end", room->end, places);
        write_int(writer, "carries", room->carries);
        json_end_object(writer);
    }
    json_end_array(writer);
}

void preflight_write_findings(struct json_writer *writer, const struct preflight_work *work)
{
    static const char *const severities[] = {"info", "warn", "refuse"};

    json_key(writer, "findings");
    json_begin_array(writer);
    for (size_t i = 0; i < work->finding_count; i++) {
        const struct preflight_finding *finding = &work->findings[i];

        json_begin_object(writer);
        json_write_member(writer, "code", finding->code);
        json_write_member(writer, "severity", severities[finding->severity]);
        write_int(writer, "wave", finding->wave);
        json_write_member(writer, "text", finding->text ? finding->text : "");
        json_end_object(writer);
    }
    json_end_array(writer);
}

static bool is_refused(const struct preflight_work *work)
{
    const int64_t wave = work->ask->wave > 0 ? work->ask->wave : 1;

    for (size_t i = 0; i < work->finding_count; i++)
        if (work->findings[i].severity == PREFLIGHT_REFUSE && work->findings[i].wave <= wave)
            return true;
    return false;
}

enum status preflight_write(const struct preflight_work *work, struct span *json)
{
    char as_of[CLOCK_TEXT_SIZE], date[ZONE_DATE_SIZE];
    struct json_writer writer;
    struct buffer text;

    clock_format(work->ask->now_ms, as_of);
    buffer_init(&text, DOCUMENT_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_write_member(&writer, "as_of", as_of);
    write_int(&writer, "wave", work->ask->wave);
    json_key(&writer, "refused");
    json_write_bool(&writer, is_refused(work));
    write_int(&writer, "robots", (int64_t)work->members);
    write_int(&writer, "overridden", (int64_t)work->overridden);
    write_int(&writer, "hours", work->hours);
    if (work->cost_count > 0) {
        zone_format_date(work->horizon, date);
        json_write_member(&writer, "until", date);
    }
    json_key(&writer, "contracts");
    json_begin_array(&writer);
    for (size_t i = 0; i < work->cost_count; i++)
        write_contract(&writer, work, &work->costs[i]);
    json_end_array(&writer);
    write_waves(&writer, work);
    preflight_write_headroom(&writer, work);
    preflight_write_findings(&writer, work);
    json_end_object(&writer);
    return bills_keep_text(&text, work->arena, json);
}
