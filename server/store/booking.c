#include "server/store/booking.h"

#include <stddef.h>
#include <string.h>

#include "server/store/columns.h"
#include "server/store/day_sums.h"

/* ---- records ---- */

#define RECORD_COLUMNS                                                                             \
    "device_id, journal_id, seq, at, turn, attempt, vendor_id, model, model_served,"               \
    " contract_id, contract_version, vendor_request_id, provenance, outcome, error_class,"         \
    " duration_ms, first_token_ms, first_audio_ms, interrupted, generation, reserved_input,"       \
    " reserved_output, input_uncached, input_cached, cache_write_5m, cache_write_1h, output,"      \
    " reasoning, audio_in_ms, audio_out_chars, images, video_ms, requests, price, currency,"       \
    " service_tier, purpose, stamp"
#define RECORD_COLUMN_COUNT 38

/* A run of records that is stored or refused as a whole. */
struct run {
    struct arena *arena;
    const struct booking_record *records;
    size_t count;
    int64_t stamp; /* of the transaction (migration 0004) */
};

static void put_record(struct copy *copy, const struct booking_record *record, int64_t stamp)
{
    copy_row(copy, RECORD_COLUMN_COUNT);
    copy_text(copy, record->device_id);
    copy_uuid(copy, record->journal_id);
    copy_bigint(copy, record->seq);
    copy_time(copy, record->at_ms);
    copy_uuid(copy, record->turn);
    copy_integer(copy, record->attempt);
    copy_text(copy, record->vendor_id);
    copy_text(copy, record->model);
    copy_text(copy, record->model_served);
    copy_text(copy, record->contract_id);
    copy_integer(copy, record->contract_version);
    copy_text(copy, record->vendor_request_id);
    copy_smallint(copy, record->provenance);
    copy_smallint(copy, record->outcome);
    copy_smallint(copy, record->error_class);
    copy_integer(copy, record->duration_ms);
    copy_integer(copy, record->first_token_ms);
    copy_integer(copy, record->first_audio_ms);
    copy_boolean(copy, record->interrupted != 0);
    copy_bigint(copy, record->generation);
    copy_bigint(copy, record->reserved_input);
    copy_bigint(copy, record->reserved_output);
    for (size_t i = 0; i < CONTRACT_METRICS; i++)
        copy_bigint(copy, record->quantities[i]);
    copy_numeric(copy, record->price);
    copy_text(copy, record->currency);
    copy_text(copy, record->service_tier);
    copy_smallint(copy, record->purpose);
    copy_bigint(copy, stamp);
}
_Static_assert(27 + CONTRACT_METRICS == RECORD_COLUMN_COUNT, "one value for each column");

static void put_records(struct copy *copy, const void *context)
{
    const struct run *run = context;

    for (size_t i = 0; i < run->count; i++)
        put_record(copy, &run->records[i], run->stamp);
}

/* Its default would be asked for with each row. */
static enum status read_stamp(struct store_conn *conn, int64_t *stamp)
{
    STORE_STATEMENT(ask, "SELECT myna.usage_stamp()");
    struct result result = {0};
    enum status status = store_exec(conn, &ask, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *stamp = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

/* ---- sums by day ---- */

/* Sums are locked in the order of their keys. */
static enum status add_sums(struct store_conn *conn, struct arena *arena,
                            const struct day_sum *sums, size_t count)
{
    STORE_STATEMENT(
        add,
        "INSERT INTO myna.usage_day AS d (contract_id, day, vendor_id, model, currency,"
        " attempts, failed, uncertain, input_uncached, input_cached, cache_write_5m,"
        " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms,"
        " requests, price)"
        " SELECT contract_id, '1970-01-01'::date + day::integer, vendor_id, model, max(currency),"
        " sum(attempts), sum(failed), sum(uncertain), sum(input_uncached), sum(input_cached),"
        " sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning), sum(audio_in_ms),"
        " sum(audio_out_chars), sum(images), sum(video_ms), sum(requests), sum(price::numeric)"
        " FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],"
        " $7::bigint[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[],"
        " $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],"
        " $18::bigint[], $19::bigint[], $20::bigint[])"
        " AS r(contract_id, day, vendor_id, model, currency, attempts, failed, uncertain, price,"
        " input_uncached, input_cached, cache_write_5m, cache_write_1h, output, reasoning,"
        " audio_in_ms, audio_out_chars, images, video_ms, requests)"
        " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        " ON CONFLICT (contract_id, day, vendor_id, model) DO UPDATE SET"
        " attempts = d.attempts + excluded.attempts, failed = d.failed + excluded.failed,"
        " uncertain = d.uncertain + excluded.uncertain,"
        " requests = d.requests + excluded.requests,"
        " input_uncached = d.input_uncached + excluded.input_uncached,"
        " input_cached = d.input_cached + excluded.input_cached,"
        " cache_write_5m = d.cache_write_5m + excluded.cache_write_5m,"
        " cache_write_1h = d.cache_write_1h + excluded.cache_write_1h,"
        " output = d.output + excluded.output, reasoning = d.reasoning + excluded.reasoning,"
        " audio_in_ms = d.audio_in_ms + excluded.audio_in_ms,"
        " audio_out_chars = d.audio_out_chars + excluded.audio_out_chars,"
        " images = d.images + excluded.images, video_ms = d.video_ms + excluded.video_ms,"
        " price = d.price + excluded.price");
    const struct columns columns = {arena, sums, count, sizeof *sums};
    struct value values[9 + CONTRACT_METRICS] = {
        columns_text(&columns, offsetof(struct day_sum, contract_id)),
        columns_int(&columns, offsetof(struct day_sum, day)),
        columns_text(&columns, offsetof(struct day_sum, vendor_id)),
        columns_text(&columns, offsetof(struct day_sum, model)),
        columns_text(&columns, offsetof(struct day_sum, currency)),
        columns_int(&columns, offsetof(struct day_sum, attempts)),
        columns_int(&columns, offsetof(struct day_sum, failed)),
        columns_int(&columns, offsetof(struct day_sum, uncertain)),
        columns_text(&columns, offsetof(struct day_sum, price)),
    };

    for (size_t i = 0; i < CONTRACT_METRICS; i++)
        values[9 + i] =
            columns_int(&columns, offsetof(struct day_sum, quantities) + i * sizeof(int64_t));
    return arena_failed(arena) ? STATUS_MEMORY
                               : store_exec(conn, &add, values, 9 + CONTRACT_METRICS, NULL);
}

/* ---- both ---- */

static enum status store_run(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(put, "COPY myna.usage (" RECORD_COLUMNS ") FROM STDIN (FORMAT binary)");
    const struct run *run = context;
    struct day_sum *sums = arena_take(run->arena, run->count * sizeof *sums);
    size_t made;

    if (!sums)
        return STATUS_MEMORY;
    enum status status = day_sums_make(run->arena, run->records, run->count, sums, &made);
    if (status == STATUS_OK)
        status = store_copy(conn, &put, put_records, run);
    return status == STATUS_OK ? add_sums(conn, run->arena, sums, made) : status;
}

/* Each half again while it is refused. */
static enum status store_halves(struct store_conn *conn, struct run *run, const char **problems)
{
    struct run half = *run;
    const size_t middle = run->count / 2;

    if (run->count == 0)
        return STATUS_OK;
    enum status status = store_attempt(conn, store_run, run);
    if (status != STATUS_INVALID)
        return status;
    if (run->count == 1) {
        problems[0] = arena_text(run->arena, span_text(store_problem(conn)));
        return problems[0] ? STATUS_OK : STATUS_MEMORY;
    }
    half.count = middle;
    status = store_halves(conn, &half, problems);
    half.records = run->records + middle;
    half.count = run->count - middle;
    return status == STATUS_OK ? store_halves(conn, &half, problems + middle) : status;
}

enum status booking_store(struct store_conn *conn, struct arena *arena,
                          const struct booking_record *records, size_t count, const char **problems)
{
    struct run run = {.arena = arena, .records = records, .count = count};

    memset(problems, 0, count * sizeof *problems);
    if (count == 0)
        return STATUS_OK;
    enum status status = read_stamp(conn, &run.stamp);
    return status == STATUS_OK ? store_halves(conn, &run, problems) : status;
}

enum status booking_quarantine(struct store_conn *conn, const char *device_id,
                               const uint8_t journal_id[16], int64_t seq, struct span encoded,
                               const char *problem)
{
    STORE_STATEMENT(keep, "INSERT INTO myna.usage_quarantine (device_id, journal_id, seq, record,"
                          " problem) VALUES ($1, $2, $3, $4, $5)");

    return store_exec(conn, &keep,
                      STORE_VALUES(value_text(device_id), value_uuid(journal_id), value_int(seq),
                                   value_bytes(encoded), value_text(problem)),
                      NULL);
}

enum status booking_find_refiled(struct store_conn *conn, struct arena *arena,
                                 const struct booking_record *records, size_t count, bool *known)
{
    STORE_STATEMENT(find, "SELECT v.place FROM unnest($1::text[], $2::uuid[], $3::bigint[])"
                          " WITH ORDINALITY AS v(device_id, turn, attempt, place)"
                          " WHERE EXISTS (SELECT FROM myna.usage u WHERE u.device_id = v.device_id"
                          " AND u.turn = v.turn AND u.attempt = v.attempt)");
    const struct columns columns = {arena, records, count, sizeof *records};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct booking_record, device_id)),
        columns_uuid(&columns, offsetof(struct booking_record, turn)),
        columns_int(&columns, offsetof(struct booking_record, attempt)),
    };
    struct result result = {0};

    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &find, values, 3, &result);
    if (status != STATUS_OK)
        return status;
    memset(known, 0, count * sizeof *known);
    for (size_t i = 0; i < result_count(&result); i++)
        known[result_int(&result, i, 0) - 1] = true;
    result_release(&result);
    return STATUS_OK;
}
