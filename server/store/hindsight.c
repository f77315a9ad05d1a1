#include "server/store/hindsight.h"

#include "server/store/pricing.h"
#include "server/store/replay.h"
#include "server/store/tallies.h"

#define DAY_MS INT64_C(86400000)

/* Sums by day outlive the records that made them. */
static enum status check_kept(struct store_conn *conn, const char *contract_id,
                              const struct tally *tally, int64_t first)
{
    STORE_STATEMENT(
        kept, "SELECT coalesce((SELECT min(d.day) FROM myna.usage_day d WHERE d.contract_id = $1"
              "   AND d.day >= date '1970-01-01' + $2::integer)"
              " < coalesce((SELECT min((u.at AT TIME ZONE $3)::date) FROM myna.usage u"
              "   WHERE u.contract_id = $1 AND u.at >= $4), 'infinity'::date), false)");
    struct result result = {0};
    enum status status =
        store_exec(conn, &kept,
                   STORE_VALUES(value_text(contract_id), value_int(first),
                                value_text(tally_contract(tally)->zone),
                                value_time(zone_midnight(tally_zone(tally), first))),
                   &result);

    if (status == STATUS_OK && result_bool(&result, 0, 0))
        status = STATUS_STALE;
    result_release(&result);
    return status;
}

/* Adds what the record counts in periods that went on. */
static enum status count_record(const struct result *result, size_t i, int64_t as_of_ms,
                                struct tally *tally)
{
    const struct tally_count *changes;
    struct booking_record record;
    struct tally_usage usage;
    unsigned unpriced;
    size_t count;

    replay_record(result, i, &record);
    pricing_usage(&record, &usage);
    enum status status = tally_prepare(tally, &usage, &unpriced, &changes, &count);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK; /* it was booked without a price */
    return status == STATUS_OK ? tally_commit_open(tally, as_of_ms) : status;
}

static enum status count_again(struct store_conn *conn, const char *contract_id, int64_t first,
                               int64_t as_of_ms, struct tally *tally)
{
    int64_t first_ms, last_ms;
    enum status status = replay_extent(conn, contract_id, &first_ms, &last_ms);
    struct replay_range range = {.contract_id = contract_id,
                                 .at_from_ms = zone_midnight(tally_zone(tally), first),
                                 .at_to_ms = as_of_ms};

    if (first_ms < range.at_from_ms) /* nothing arrives before it happened */
        first_ms = range.at_from_ms;
    for (int64_t day_ms = first_ms; day_ms <= last_ms && status == STATUS_OK; day_ms += DAY_MS) {
        struct result result = {0};

        range.arrived_from_ms = day_ms;
        range.arrived_to_ms = day_ms + DAY_MS;
        status = replay_read(conn, &range, &result);
        for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++)
            status = count_record(&result, i, as_of_ms, tally);
        result_release(&result);
    }
    return status;
}

enum status hindsight_load(struct store_conn *conn, struct arena *arena, const char *contract_id,
                           int64_t as_of_ms, struct tally *tally)
{
    int64_t first;
    enum status status = tallies_load_over(conn, arena, contract_id, as_of_ms, tally, &first);

    if (status != STATUS_OK || first == CONTRACT_FOREVER)
        return status;
    status = check_kept(conn, contract_id, tally, first);
    return status == STATUS_OK ? count_again(conn, contract_id, first, as_of_ms, tally) : status;
}
