#include "server/store/usage_hours.h"

#include "server/store/vendor_health.h"

/* Transactions taken in at once: at 2,000 records each this takes a second or two. */
#define STAMPS_AT_ONCE 200

struct step {
    int64_t from, until; /* stamps */
    int64_t newest;      /* may be passed in this life */
};

/* All transactions below a snapshot's xmin are over; a statement that begins later sees theirs. */
static enum status choose(struct store_conn *conn, struct step *step)
{
    STORE_STATEMENT(cursor, "SELECT done, base"
                            " + pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
                            " FROM myna.usage_cursor FOR UPDATE");
    struct result result = {0};
    enum status status = store_exec(conn, &cursor, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    step->from = result_int(&result, 0, 0);
    step->newest = result_int(&result, 0, 1);
    result_release(&result);
    return STATUS_OK;
}

/* Goes to the next stamp there is: most transactions of a database write no usage. */
static enum status skip(struct store_conn *conn, struct step *step)
{
    STORE_STATEMENT(next, "SELECT least("
                          " (SELECT min(stamp) FROM myna.usage WHERE stamp >= $1),"
                          " (SELECT min(stamp) FROM myna.usage_correction WHERE stamp >= $1))");
    struct result result = {0};
    enum status status = store_exec(conn, &next, STORE_VALUES(value_int(step->from)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_is_null(&result, 0, 0) || result_int(&result, 0, 0) > step->newest)
        step->from = step->newest;
    else
        step->from = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

static enum status add(struct store_conn *conn, const struct step *step)
{
    STORE_STATEMENT(
        sums,
        "INSERT INTO myna.usage_hour AS h (device_id, hour, contract_id, vendor_id, model,"
        " currency, attempts, failed, interrupted, uncertain, requests, input_uncached,"
        " input_cached, cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms,"
        " audio_out_chars, images, video_ms, price)"
        " SELECT device_id, date_trunc('hour', at), contract_id, vendor_id, model, currency,"
        " sum(attempts), sum(failed), sum(interrupted), sum(uncertain), sum(requests),"
        " sum(input_uncached), sum(input_cached), sum(cache_write_5m), sum(cache_write_1h),"
        " sum(output), sum(reasoning), sum(audio_in_ms), sum(audio_out_chars), sum(images),"
        " sum(video_ms), sum(price)"
        " FROM (SELECT device_id, at, contract_id, vendor_id, model, currency, n AS attempts,"
        "   n * (outcome = 5)::int AS failed, interrupted::int AS interrupted,"
        "   n * (provenance NOT IN (1, 5))::int AS uncertain, requests, input_uncached,"
        "   input_cached, cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms,"
        "   audio_out_chars, images, video_ms, price FROM myna.usage,"
        "   LATERAL (SELECT CASE WHEN attempt = 0 AND device_id <> ''"
        "     THEN greatest(requests, 1) ELSE 1 END AS n) stands_for"
        "   WHERE stamp >= $1 AND stamp < $2"
        "   UNION ALL"
        "   SELECT device_id, at, contract_id, vendor_id, model, currency, 0, 0, 0, uncertain, 0,"
        "   input_uncached, input_cached, 0, 0, output, reasoning, 0, 0, 0, 0, price"
        "   FROM myna.usage_correction WHERE stamp >= $1 AND stamp < $2) r"
        " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"
        " ON CONFLICT (device_id, hour, contract_id, vendor_id, model, currency) DO UPDATE SET"
        " attempts = h.attempts + excluded.attempts, failed = h.failed + excluded.failed,"
        " interrupted = h.interrupted + excluded.interrupted,"
        " uncertain = h.uncertain + excluded.uncertain, requests = h.requests + excluded.requests,"
        " input_uncached = h.input_uncached + excluded.input_uncached,"
        " input_cached = h.input_cached + excluded.input_cached,"
        " cache_write_5m = h.cache_write_5m + excluded.cache_write_5m,"
        " cache_write_1h = h.cache_write_1h + excluded.cache_write_1h,"
        " output = h.output + excluded.output, reasoning = h.reasoning + excluded.reasoning,"
        " audio_in_ms = h.audio_in_ms + excluded.audio_in_ms,"
        " audio_out_chars = h.audio_out_chars + excluded.audio_out_chars,"
        " images = h.images + excluded.images, video_ms = h.video_ms + excluded.video_ms,"
        " price = h.price + excluded.price");
    STORE_STATEMENT(move, "UPDATE myna.usage_cursor SET done = $1,"
                          " done_at = CASE WHEN $2::boolean THEN now() ELSE done_at END");
    enum status status = STATUS_OK;

    if (step->until > step->from)
        status = store_exec(conn, &sums,
                            STORE_VALUES(value_int(step->from), value_int(step->until)), NULL);
    if (status == STATUS_OK && step->until > step->from)
        status = vendor_health_add(conn, step->from, step->until);
    if (status == STATUS_OK)
        status = store_exec(
            conn, &move,
            STORE_VALUES(value_int(step->until), value_bool(step->until == step->newest)), NULL);
    return status;
}

static enum status roll_up_some(struct store_conn *conn, void *context)
{
    struct step *step = context;
    enum status status = choose(conn, step);

    if (status != STATUS_OK || step->from >= step->newest)
        return status;
    status = skip(conn, step);
    if (status != STATUS_OK)
        return status;
    step->until =
        step->newest - step->from > STAMPS_AT_ONCE ? step->from + STAMPS_AT_ONCE : step->newest;
    return add(conn, step);
}

enum status usage_hours_roll_up(struct store *store)
{
    struct step step;
    enum status status;

    do {
        step = (struct step){0};
        status = store_transaction(store, roll_up_some, &step);
    } while (status == STATUS_OK && step.until > 0 && step.until < step.newest);
    return status;
}

enum status usage_hours_adopt(struct store *store)
{
    STORE_STATEMENT(adopt, "UPDATE myna.usage_cursor SET base = greatest(done,"
                           " (SELECT max(stamp) FROM myna.usage),"
                           " (SELECT max(stamp) FROM myna.usage_correction))"
                           " WHERE done > base + pg_snapshot_xmax(pg_current_snapshot())"
                           "::text::bigint");

    return store_query(store, &adopt, STORE_NO_VALUES, NULL);
}
