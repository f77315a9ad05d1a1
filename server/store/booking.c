#include "server/store/booking.h"

#include <stddef.h>
#include <string.h>

#include "server/store/columns.h"

/* The columns of $1 to $38, in order. */
static enum status fill_values(const struct columns *columns, const char *const *prices,
                               struct value *values)
{
#define FIELD(name) offsetof(struct booking_record, name)
    static const size_t plain_ints[] = {
        FIELD(contract_version), FIELD(provenance),     FIELD(outcome),         FIELD(error_class),
        FIELD(duration_ms),      FIELD(first_token_ms), FIELD(first_audio_ms),  FIELD(interrupted),
        FIELD(generation),       FIELD(reserved_input), FIELD(reserved_output), FIELD(purpose)};
    static const size_t texts[] = {FIELD(vendor_id),         FIELD(model),
                                   FIELD(model_served),      FIELD(contract_id),
                                   FIELD(vendor_request_id), FIELD(service_tier)};
    size_t n = 0;

    values[n++] = columns_text(columns, FIELD(device_id));
    values[n++] = columns_uuid(columns, FIELD(journal_id));
    values[n++] = columns_int(columns, FIELD(seq));
    values[n++] = columns_time(columns, FIELD(at_ms));
    values[n++] = columns_uuid(columns, FIELD(turn));
    values[n++] = columns_int(columns, FIELD(attempt));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        values[n++] = columns_text(columns, texts[i]);
    for (size_t i = 0; i < sizeof plain_ints / sizeof *plain_ints; i++)
        values[n++] = columns_int(columns, plain_ints[i]);
    for (size_t i = 0; i < CONTRACT_METRICS; i++)
        values[n++] = columns_int(columns, FIELD(quantities) + i * sizeof(int64_t));
    values[n++] = value_text_array(prices, columns->count);
    values[n++] = columns_text(columns, FIELD(currency));
    values[n++] = columns_text(columns, FIELD(zone));
#undef FIELD
    return arena_failed(columns->arena) ? STATUS_MEMORY : STATUS_OK;
}

#define VALUE_COUNT 38
_Static_assert(6 + 6 + 12 + CONTRACT_METRICS + 3 == VALUE_COUNT, "one value for each parameter");

/* One statement stores the records and books them, so that neither can happen without the other.
 * A robot's record without an attempt stands for as many as it has requests.
 * Sums are locked in the order of their keys. Numbers of provenance and outcome: schema/wire. */
static enum status insert(struct store_conn *conn, struct arena *arena,
                          const struct booking_record *records, size_t count)
{
    STORE_STATEMENT(
        store,
        "WITH r AS MATERIALIZED (SELECT *, CASE WHEN attempt = 0 AND device_id <> ''"
        " THEN greatest(requests, 1) ELSE 1 END AS attempts FROM unnest($1::text[], $2::uuid[], "
        "$3::bigint[],"
        " $4::timestamptz[], $5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[],"
        " $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[],"
        " $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],"
        " $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[],"
        " $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[],"
        " $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[], $35::bigint[],"
        " $36::text[], $37::text[], $38::text[])"
        " AS r(device_id, journal_id, seq, at, turn, attempt, vendor_id, model, model_served,"
        " contract_id, vendor_request_id, service_tier, contract_version, provenance, outcome,"
        " error_class, duration_ms, first_token_ms, first_audio_ms, interrupted, generation,"
        " reserved_input, reserved_output, purpose, input_uncached, input_cached, cache_write_5m,"
        " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms,"
        " requests, price, currency, zone)),"
        " stored AS (INSERT INTO myna.usage (device_id, journal_id, seq, at, turn, attempt,"
        " vendor_id, model, model_served, contract_id, contract_version, vendor_request_id,"
        " provenance, outcome, error_class, duration_ms, first_token_ms, first_audio_ms,"
        " interrupted, generation, reserved_input, reserved_output, input_uncached,"
        " input_cached, cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms,"
        " audio_out_chars, images, video_ms, requests, price, currency, service_tier, purpose, "
        "stamp)"
        " SELECT device_id, journal_id, seq, at, turn, attempt, vendor_id, model, model_served,"
        " contract_id, contract_version, vendor_request_id, provenance, outcome, error_class,"
        " duration_ms, first_token_ms, first_audio_ms, interrupted <> 0, generation,"
        " reserved_input, reserved_output, input_uncached, input_cached, cache_write_5m,"
        " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms,"
        " requests, price::numeric, currency, service_tier, purpose,"
        " (SELECT myna.usage_stamp()) FROM r)"
        " INSERT INTO myna.usage_day AS d (contract_id, day, vendor_id, model, currency,"
        " attempts, failed, uncertain, requests, input_uncached, input_cached, cache_write_5m,"
        " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms,"
        " price)"
        " SELECT contract_id, (at AT TIME ZONE zone)::date, vendor_id, model, max(currency),"
        " sum(attempts), coalesce(sum(attempts) FILTER (WHERE outcome = 5), 0),"
        " coalesce(sum(attempts) FILTER (WHERE provenance NOT IN (1, 5)), 0), sum(requests),"
        " sum(input_uncached), sum(input_cached), sum(cache_write_5m), sum(cache_write_1h),"
        " sum(output), sum(reasoning), sum(audio_in_ms), sum(audio_out_chars), sum(images),"
        " sum(video_ms), sum(price::numeric)"
        " FROM r GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
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
    const struct columns columns = {arena, records, count, sizeof *records};
    struct value values[VALUE_COUNT];
    const char **prices = arena_take(arena, count * sizeof *prices);

    for (size_t i = 0; prices && i < count; i++)
        prices[i] = records[i].price;
    enum status status = prices ? fill_values(&columns, prices, values) : STATUS_MEMORY;
    return status == STATUS_OK ? store_exec(conn, &store, values, VALUE_COUNT, NULL) : status;
}

/* A run of records that is stored or refused as a whole. */
struct run {
    struct arena *arena;
    const struct booking_record *records;
    size_t count;
};

static enum status insert_run(struct store_conn *conn, void *context)
{
    const struct run *run = context;

    return insert(conn, run->arena, run->records, run->count);
}

enum status booking_store(struct store_conn *conn, struct arena *arena,
                          const struct booking_record *records, size_t count, const char **problems)
{
    struct run run = {arena, records, count};
    const size_t half = count / 2;

    memset(problems, 0, count * sizeof *problems);
    if (count == 0)
        return STATUS_OK;
    enum status status = store_attempt(conn, insert_run, &run);
    if (status != STATUS_INVALID)
        return status;
    if (count == 1) {
        problems[0] = arena_text(arena, span_text(store_problem(conn)));
        return problems[0] ? STATUS_OK : STATUS_MEMORY;
    }
    status = booking_store(conn, arena, records, half, problems);
    if (status != STATUS_OK)
        return status;
    return booking_store(conn, arena, records + half, count - half, problems + half);
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
