#include "server/store/rerating.h"

#include <string.h>

#include "schema/base/json.h"
#include "server/money/bill.h"
#include "server/store/charges.h"
#include "server/store/columns.h"
#include "server/store/events.h"
#include "server/store/pricing.h"
#include "server/store/replay.h"
#include "server/store/tallies.h"

#define WORK_BYTES ((size_t)1 << 30) /* some 4 million differences */
#define DAY_MS     INT64_C(86400000)

/* A record that costs something else now, as its columns are sent. */
struct fix {
    const char *device_id;
    uint8_t journal_id[16];
    int64_t seq;
    int64_t at_ms;
    const char *vendor_id, *model;
    int64_t version; /* of the contract, that rates it now */
    const char *price;
    const char *zone; /* of the day that it was booked on */
    int64_t purpose;
    struct fix *next;
};

struct rerating {
    const struct author *author;
    const struct rerating_order *order;
    struct terms *terms;
    struct arena *arena; /* of the work */
    struct arena *report_arena;
    struct span report;
    /* made by each try */
    const struct terms_contract *found;
    struct tally *tally;
    int64_t first_ms, last_ms; /* arrivals */
    int64_t records, outside;
    struct fix *fixes;
    size_t fix_count;
    struct decimal before, after;
};

/* ---- reading ---- */

static enum status lock(struct store_conn *conn, struct rerating *job)
{
    int64_t revision;
    enum status status = store_script(conn, "SET LOCAL statement_timeout = '10min'");

    if (status == STATUS_OK)
        status = charges_begin(conn);
    if (status == STATUS_OK)
        status = terms_refresh(job->terms, conn);
    if (status != STATUS_OK)
        return status;
    job->found = terms_find(job->terms, job->order->contract_id);
    if (!job->found)
        return STATUS_NOT_FOUND;
    /* whoever books under this contract adds its counts after us; what it committed is seen */
    status = tallies_lock(conn, job->order->contract_id, &revision);
    if (status == STATUS_OK && !job->order->dry_run) /* pools before counts, like all who book */
        status = charges_lock_money(conn, job->found->contract.currency);
    return status;
}

static enum status find_extent(struct store_conn *conn, struct rerating *job)
{
    STORE_STATEMENT(dropped,
                    "SELECT coalesce((SELECT min(d.day) FROM myna.usage_day d"
                    " WHERE d.contract_id = $1) < (min(u.at) AT TIME ZONE $2)::date - 1, false)"
                    " FROM myna.usage u WHERE u.contract_id = $1");
    struct result result = {0};
    enum status status =
        replay_extent(conn, job->order->contract_id, &job->first_ms, &job->last_ms);

    if (status == STATUS_OK)
        status = store_exec(conn, &dropped,
                            STORE_VALUES(value_text(job->order->contract_id),
                                         value_text(job->found->contract.zone)),
                            &result);
    if (status == STATUS_OK && result_bool(&result, 0, 0))
        status = STATUS_STALE;
    result_release(&result);
    return status;
}

/* ---- rating ---- */

static enum status rate(struct rerating *job, const struct booking_record *record,
                        struct decimal *price)
{
    struct tally_usage usage;
    unsigned unpriced;

    pricing_usage(record, &usage);
    enum status status = bill_add(job->tally, &usage, price, &unpriced);
    if (status != STATUS_NOT_FOUND)
        return status;
    *price = (struct decimal){0}; /* no terms were in force */
    return STATUS_OK;
}

static enum status note_fix(struct rerating *job, const struct result *result, size_t i,
                            const struct booking_record *record, struct decimal difference)
{
    struct fix *fix = arena_take(job->arena, sizeof *fix);
    char text[DECIMAL_TEXT_SIZE];

    if (!fix)
        return STATUS_MEMORY;
    decimal_format(difference, text);
    *fix = (struct fix){
        .device_id = arena_text(job->arena, span_text(record->device_id)),
        .seq = record->seq,
        .at_ms = record->at_ms,
        .vendor_id = arena_text(job->arena, result_span(result, i, REPLAY_VENDOR)),
        .model = arena_text(job->arena, span_text(record->model)),
        .price = arena_text(job->arena, span_text(text)),
        .zone = result_int(result, i, REPLAY_VERSION) > 0 ? job->found->contract.zone : "UTC",
        .purpose = record->purpose,
        .next = job->fixes,
    };
    job->fixes = fix;
    job->fix_count++;
    (void)!terms_rating(job->found, record->at_ms, &fix->version);
    enum status status =
        result_bytes(result, i, REPLAY_JOURNAL, fix->journal_id, sizeof fix->journal_id);
    return arena_failed(job->arena) ? STATUS_MEMORY : status;
}

static enum status take_row(struct rerating *job, const struct result *result, size_t i)
{
    struct booking_record record;
    struct decimal old, price, difference;

    replay_record(result, i, &record);
    enum status status = rate(job, &record, &price);
    if (status == STATUS_OK)
        status = decimal_parse_exact(result_span(result, i, REPLAY_PRICE), &old);
    if (status == STATUS_OK)
        status = decimal_add(price, (struct decimal){-old.units}, &difference);
    if (status == STATUS_OK)
        status = decimal_add(job->before, old, &job->before);
    if (status == STATUS_OK)
        status = decimal_add(job->after, price, &job->after);
    if (status != STATUS_OK)
        return status;
    job->records++;
    if (difference.units == 0)
        return STATUS_OK;
    if (record.at_ms < job->order->from_ms || record.at_ms >= job->order->to_ms)
        job->outside++;
    return note_fix(job, result, i, &record, difference);
}

static enum status rate_all(struct store_conn *conn, struct rerating *job)
{
    struct replay_range range = {.contract_id = job->order->contract_id,
                                 .at_from_ms = REPLAY_FIRST_MS,
                                 .at_to_ms = REPLAY_LAST_MS};
    enum status status = STATUS_OK;

    for (int64_t day_ms = job->first_ms; day_ms <= job->last_ms && status == STATUS_OK;
         day_ms += DAY_MS) {
        struct result result = {0};

        range.arrived_from_ms = day_ms;
        range.arrived_to_ms = day_ms + DAY_MS;
        status = replay_read(conn, &range, &result);
        for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++)
            status = take_row(job, &result, i);
        result_release(&result);
    }
    return status;
}

/* ---- writing ---- */

static enum status store_fixes(struct store_conn *conn, struct rerating *job)
{
    STORE_STATEMENT(
        correct,
        "WITH r AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[],"
        " $4::timestamptz[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],"
        " $12::bigint[])"
        " AS r(device_id, journal_id, seq, at, vendor_id, model, version, price, zone, purpose)),"
        " kept AS (INSERT INTO myna.usage_correction (device_id, journal_id, seq, at, vendor_id,"
        "   model, contract_id, contract_version, currency, reason, price, purpose)"
        "   SELECT device_id, journal_id, seq, at, vendor_id, model, $10, version, $11, 'rerate',"
        "   price::numeric, purpose FROM r)"
        " UPDATE myna.usage_day d SET price = d.price + s.price, currency = $11"
        " FROM (SELECT (at AT TIME ZONE zone)::date AS day, vendor_id, model,"
        "   sum(price::numeric) AS price FROM r GROUP BY 1, 2, 3) s"
        " WHERE d.contract_id = $10 AND d.day = s.day AND d.vendor_id = s.vendor_id"
        " AND d.model = s.model");
    struct fix *rows = arena_take(job->arena, (job->fix_count + 1) * sizeof *rows);
    size_t count = 0;

    if (!rows)
        return STATUS_MEMORY;
    for (const struct fix *fix = job->fixes; fix; fix = fix->next)
        rows[count++] = *fix;
    const struct columns columns = {job->arena, rows, count, sizeof *rows};
#define FIELD(name) offsetof(struct fix, name)
    const struct value values[] = {
        columns_text(&columns, FIELD(device_id)),  columns_uuid(&columns, FIELD(journal_id)),
        columns_int(&columns, FIELD(seq)),         columns_time(&columns, FIELD(at_ms)),
        columns_text(&columns, FIELD(vendor_id)),  columns_text(&columns, FIELD(model)),
        columns_int(&columns, FIELD(version)),     columns_text(&columns, FIELD(price)),
        columns_text(&columns, FIELD(zone)),       value_text(job->order->contract_id),
        value_text(job->found->contract.currency), columns_int(&columns, FIELD(purpose)),
    };
#undef FIELD
    return arena_failed(job->arena)
               ? STATUS_MEMORY
               : store_exec(conn, &correct, values, sizeof values / sizeof *values, NULL);
}

static enum status move_pools(struct store_conn *conn, struct rerating *job)
{
    struct charges_difference *rows = arena_take(job->arena, (job->fix_count + 1) * sizeof *rows);
    size_t count = 0;

    if (!rows)
        return STATUS_MEMORY;
    for (const struct fix *fix = job->fixes; fix; fix = fix->next) {
        rows[count] = (struct charges_difference){
            .device_id = fix->device_id,
            .seq = fix->seq,
            .at_ms = fix->at_ms,
            .vendor_id = fix->vendor_id,
            .model = fix->model,
            .price = fix->price,
            .purpose = fix->purpose,
        };
        memcpy(rows[count++].journal_id, fix->journal_id, sizeof fix->journal_id);
    }
    return charges_rerate(conn, job->arena, job->found->contract_id, job->found->contract.currency,
                          rows, count);
}

static enum status write_report(struct rerating *job)
{
    char before[DECIMAL_TEXT_SIZE], after[DECIMAL_TEXT_SIZE];
    struct buffer text;
    struct json_writer writer;

    decimal_format(job->before, before);
    decimal_format(job->after, after);
    buffer_init(&text, 4096);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    json_key(&writer, "contract");
    json_write_text(&writer, span_text(job->order->contract_id));
    json_key(&writer, "currency");
    json_write_text(&writer, span_text(job->found->contract.currency));
    json_key(&writer, "records");
    json_write_int(&writer, job->records);
    json_key(&writer, "changed");
    json_write_int(&writer, (int64_t)job->fix_count);
    json_key(&writer, "outside");
    json_write_int(&writer, job->outside);
    json_key(&writer, "before");
    json_write_text(&writer, span_text(before));
    json_key(&writer, "after");
    json_write_text(&writer, span_text(after));
    json_key(&writer, "dry_run");
    json_write_bool(&writer, job->order->dry_run);
    json_end_object(&writer);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        job->report = arena_copy(job->report_arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(job->report_arena) ? STATUS_MEMORY : status;
}

static enum status write_all(struct store_conn *conn, struct rerating *job)
{
    STORE_STATEMENT(audit, "SELECT myna.audit_append($1, $2, 'usage.rerate',"
                           " 'contract/' || $3::text, NULL, $4)");
    const char *contract_id = job->order->contract_id;
    enum status status = tallies_clear(conn, contract_id);

    if (status == STATUS_OK)
        status = tallies_save(conn, job->arena, contract_id, job->tally);
    if (status == STATUS_OK && job->fix_count > 0)
        status = move_pools(conn, job);
    if (status == STATUS_OK && job->fix_count > 0)
        status = store_fixes(conn, job);
    if (status == STATUS_OK)
        status =
            store_exec(conn, &audit,
                       STORE_VALUES(value_text(job->author->actor), value_text(job->author->source),
                                    value_text(contract_id), value_json(job->report)),
                       NULL);
    return status == STATUS_OK ? events_tell(conn, "usage", &contract_id, 1) : status;
}

static enum status work(struct store_conn *conn, void *context)
{
    struct rerating *job = context;

    arena_reset(job->arena);
    job->fixes = NULL;
    job->fix_count = 0;
    job->records = job->outside = 0;
    job->before = job->after = (struct decimal){0};
    tally_free(job->tally);
    job->tally = NULL;
    enum status status = lock(conn, job);
    if (status == STATUS_OK)
        status = find_extent(conn, job);
    if (status == STATUS_OK)
        status = tally_create(&job->tally, &job->found->contract, job->found->zone);
    if (status == STATUS_OK)
        status = rate_all(conn, job);
    if (status == STATUS_OK)
        status = write_report(job);
    if (status == STATUS_OK && job->outside > 0)
        status = STATUS_CONFLICT;
    return status == STATUS_OK && !job->order->dry_run ? write_all(conn, job) : status;
}

enum status rerating_run(struct store *store, const struct author *author,
                         const struct rerating_order *order, struct arena *arena,
                         struct span *report)
{
    struct rerating job = {.author = author, .order = order, .report_arena = arena};
    enum status status = arena_create(&job.arena, WORK_BYTES);

    if (status == STATUS_OK)
        status = terms_create(&job.terms);
    if (status == STATUS_OK)
        status = store_transaction(store, work, &job);
    if (status == STATUS_OK || (status == STATUS_CONFLICT && job.outside > 0))
        *report = job.report;
    tally_free(job.tally);
    terms_free(job.terms);
    arena_free(job.arena);
    return status;
}
