#include "server/store/imports.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "server/store/alarm.h"
#include "server/store/charges.h"
#include "server/store/columns.h"
#include "server/store/events.h"
#include "server/store/ledger_lines.h"
#include "server/store/pricing.h"
#include "server/store/terms.h"
#include "server/store/vendors.h"

#define WORK_BYTES (512u << 20) /* a file of 64 MiB has about 300,000 lines of 600 bytes here */

/* Numbers of schema/wire: records of these provenances are compared, the others settled. */
#define VENDOR_FINAL 1
#define NOT_SENT     5

/* Until a vendor tells when its first request was, records of all times are looked at. */
#define EARLY_MARGIN_MS INT64_C(86400000)

/* What is to be settled, as its columns are sent. */
struct settlement {
    const char *device_id;
    uint8_t journal_id[16];
    int64_t seq;
    const char *contract_id;
    const char *model;
    const char *zone;
    int64_t at_ms;
    int64_t quantities[4]; /* the vendor's: input_uncached, input_cached, output, reasoning */
    int64_t deltas[4];     /* theirs minus ours */
    int64_t version;       /* of the contract, that rated it */
    const char *currency;
    const char *old_price;
    const char *price;
};

struct example {
    const char *request_id;
    const char *problem;
};

struct import {
    const struct author *author;
    const char *vendor_id;
    struct span file;
    const struct ledger_lines_row *rows;
    size_t row_count;
    struct arena *arena; /* of the work */
    struct terms *terms;
    struct pricing *pricing;
    /* made by each try */
    int64_t import_id;
    struct settlement *settlements;
    struct booking_record *booked; /* of each settlement, as far as its price needs */
    pricing_quantities *after;
    size_t settled;
    int64_t equal, different, unknown;
    struct example examples[2 * IMPORTS_EXAMPLES];
    size_t example_count;
    int64_t listed_different, listed_unknown;
    struct span report; /* in the caller's arena */
    struct arena *report_arena;
};

static enum status start(struct store_conn *conn, struct import *import)
{
    STORE_STATEMENT(insert, "INSERT INTO myna.usage_import (vendor_id, file_hash, created_by,"
                            " rows, equal, settled, different, unknown)"
                            " VALUES ($1, $2, $3, $4, 0, 0, 0, 0) RETURNING import_id");
    struct result result = {0};
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = vendors_lock(conn, import->vendor_id);

    if (status == STATUS_OK)
        status = store_script(conn, "SET LOCAL statement_timeout = '5min'");
    if (status != STATUS_OK)
        return status;
    crypto_sha256(&import->file, 1, hash);
    status = store_exec(
        conn, &insert,
        STORE_VALUES(value_text(import->vendor_id), value_bytes(span_of(hash, sizeof hash)),
                     value_text(import->author->actor), value_int((int64_t)import->row_count)),
        &result);
    if (status == STATUS_OK)
        import->import_id = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

static void list_example(struct import *import, int64_t *listed, const char *request_id,
                         const char *problem)
{
    if (*listed >= IMPORTS_EXAMPLES)
        return;
    (*listed)++;
    import->examples[import->example_count++] = (struct example){request_id, problem};
}

static int64_t earliest_ms(const struct import *import)
{
    int64_t earliest = INT64_MAX;

    for (size_t i = 0; i < import->row_count; i++) {
        if (import->rows[i].at_ms < earliest)
            earliest = import->rows[i].at_ms;
    }
    return earliest == INT64_MAX || earliest < EARLY_MARGIN_MS ? 0 : earliest - EARLY_MARGIN_MS;
}

/* Columns of the match, in order. */
enum {
    COL_PLACE,
    COL_THEIRS, /* four quantities */
    COL_DEVICE = COL_THEIRS + 4,
    COL_JOURNAL,
    COL_SEQ,
    COL_AT,
    COL_PROVENANCE,
    COL_CONTRACT,
    COL_MODEL,
    COL_TIER,
    COL_DURATION,
    COL_VERSION,
    COL_CURRENCY,
    COL_PRICE,
    COL_SETTLED,
    COL_OURS, /* eleven quantities, as enum contract_metric */
};

/* Lines of one request id are summed: a vendor that answered twice bills twice. */
static enum status match(struct store_conn *conn, struct import *import, struct result *result)
{
    STORE_STATEMENT(
        find,
        "SELECT v.place, v.input_uncached, v.input_cached, v.output, v.reasoning, u.device_id,"
        " u.journal_id, u.seq, u.at, u.provenance, u.contract_id, u.model, u.service_tier, "
        "u.duration_ms,"
        " u.contract_version, u.currency, u.price::text,"
        " s.import_id IS NOT NULL, coalesce(s.input_uncached, u.input_uncached),"
        " coalesce(s.input_cached, u.input_cached), u.cache_write_5m, u.cache_write_1h,"
        " coalesce(s.output, u.output), coalesce(s.reasoning, u.reasoning), u.audio_in_ms,"
        " u.audio_out_chars, u.images, u.video_ms, u.requests"
        " FROM (SELECT turn, attempt, min(place) AS place, sum(a)::bigint AS input_uncached,"
        "   sum(b)::bigint AS input_cached, sum(c)::bigint AS output,"
        "   sum(d)::bigint AS reasoning"
        "   FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"
        "   $6::bigint[]) WITH ORDINALITY AS w(turn, attempt, a, b, c, d, place)"
        "   WHERE attempt >= 0 GROUP BY turn, attempt) v"
        " LEFT JOIN myna.usage u ON u.turn = v.turn AND u.attempt = v.attempt"
        "   AND u.vendor_id = $7 AND u.arrived_at >= $8"
        " LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"
        " ORDER BY v.place");
    const struct columns columns = {import->arena, import->rows, import->row_count,
                                    sizeof *import->rows};
#define FIELD(name) offsetof(struct ledger_lines_row, name)
    const struct value values[] = {
        columns_uuid(&columns, FIELD(turn)),
        columns_int(&columns, FIELD(attempt)),
        columns_int(&columns, FIELD(input_uncached)),
        columns_int(&columns, FIELD(input_cached)),
        columns_int(&columns, FIELD(output)),
        columns_int(&columns, FIELD(reasoning)),
        value_text(import->vendor_id),
        value_time(earliest_ms(import)),
    };
#undef FIELD

    return arena_failed(import->arena) ? STATUS_MEMORY : store_exec(conn, &find, values, 8, result);
}

static const enum contract_metric settled_metrics[4] = {
    CONTRACT_INPUT_UNCACHED, CONTRACT_INPUT_CACHED, CONTRACT_OUTPUT, CONTRACT_REASONING};

static bool is_equal(const struct result *result, size_t i)
{
    for (int k = 0; k < 4; k++) {
        if (result_int(result, i, COL_THEIRS + k) !=
            result_int(result, i, COL_OURS + (int)settled_metrics[k]))
            return false;
    }
    return true;
}

/* What was booked of a row, and what the vendor says of it. */
static enum status read_booked(const struct result *result, size_t i, struct arena *arena,
                               struct booking_record *record, int64_t *after)
{
    *record = (struct booking_record){
        .device_id = arena_text(arena, result_span(result, i, COL_DEVICE)),
        .seq = result_int(result, i, COL_SEQ),
        .at_ms = result_time(result, i, COL_AT),
        .duration_ms = result_int(result, i, COL_DURATION),
        .contract_id = arena_text(arena, result_span(result, i, COL_CONTRACT)),
        .model = arena_text(arena, result_span(result, i, COL_MODEL)),
        .service_tier = arena_text(arena, result_span(result, i, COL_TIER)),
        .provenance = result_int(result, i, COL_PROVENANCE),
    };
    for (int m = 0; m < CONTRACT_METRICS; m++)
        record->quantities[m] = after[m] = result_int(result, i, COL_OURS + m);
    for (int k = 0; k < 4; k++)
        after[settled_metrics[k]] = result_int(result, i, COL_THEIRS + k);
    enum status status =
        result_bytes(result, i, COL_JOURNAL, record->journal_id, sizeof record->journal_id);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

static enum status settle_row(struct import *import, const struct result *result, size_t i)
{
    const size_t place = import->settled;
    struct settlement *row = &import->settlements[place];
    struct booking_record *record = &import->booked[place];
    struct arena *arena = import->arena;
    int64_t version;
    enum status status = read_booked(result, i, arena, record, import->after[place]);

    if (status != STATUS_OK)
        return status;
    const struct terms_contract *found = terms_find(import->terms, record->contract_id);
    const struct contract_terms *terms = terms_rating(found, record->at_ms, &version);
    *row = (struct settlement){
        .device_id = record->device_id,
        .seq = record->seq,
        .contract_id = record->contract_id,
        .model = record->model,
        .zone = terms ? found->contract.zone : "UTC",
        .at_ms = record->at_ms,
        .version = result_int(result, i, COL_VERSION),
        .currency = arena_text(arena, result_span(result, i, COL_CURRENCY)),
        .old_price = arena_text(arena, result_span(result, i, COL_PRICE)),
    };
    memcpy(row->journal_id, record->journal_id, sizeof row->journal_id);
    for (int k = 0; k < 4; k++) {
        row->quantities[k] = result_int(result, i, COL_THEIRS + k);
        row->deltas[k] =
            row->quantities[k] - result_int(result, i, COL_OURS + (int)settled_metrics[k]);
    }
    import->settled++;
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* What the settled records cost now: their price as booked, and what their contract's usage changes
 * by. */
static enum status price_settled(struct store_conn *conn, struct import *import)
{
    struct decimal *differences =
        arena_take(import->arena, (import->settled + 1) * sizeof *differences);
    char text[DECIMAL_TEXT_SIZE];
    struct decimal price;

    if (!differences)
        return STATUS_MEMORY;
    enum status status =
        pricing_replace(import->pricing, conn, import->arena, import->booked,
                        (const pricing_quantities *)import->after, import->settled, differences);
    for (size_t i = 0; i < import->settled && status == STATUS_OK; i++) {
        struct settlement *row = &import->settlements[i];

        status = decimal_parse_exact(span_text(row->old_price), &price);
        if (status == STATUS_OK)
            status = decimal_add(price, differences[i], &price);
        decimal_format(price, text);
        row->price = arena_text(import->arena, span_text(text));
    }
    if (status == STATUS_FULL)
        status = STATUS_INVALID;
    return status == STATUS_OK && arena_failed(import->arena) ? STATUS_MEMORY : status;
}

/* Compares or settles each request of the file. */
static enum status judge(struct import *import, const struct result *result)
{
    import->settlements =
        arena_take(import->arena, (result_count(result) + 1) * sizeof *import->settlements);
    import->booked = arena_take(import->arena, (result_count(result) + 1) * sizeof *import->booked);
    import->after = arena_take(import->arena, (result_count(result) + 1) * sizeof *import->after);
    if (!import->settlements || !import->booked || !import->after)
        return STATUS_MEMORY;
    for (size_t i = 0; i < result_count(result); i++) {
        const char *request_id = import->rows[result_int(result, i, COL_PLACE) - 1].request_id;
        enum status status = STATUS_OK;

        if (result_is_null(result, i, COL_DEVICE)) {
            import->unknown++;
            list_example(import, &import->listed_unknown, request_id, "no robot has recorded it");
            continue;
        }
        int64_t provenance = result_int(result, i, COL_PROVENANCE);
        bool is_final = provenance == VENDOR_FINAL || provenance == NOT_SENT ||
                        result_bool(result, i, COL_SETTLED);
        if (!is_final) {
            status = settle_row(import, result, i);
        } else if (is_equal(result, i)) {
            import->equal++;
        } else {
            import->different++;
            list_example(import, &import->listed_different, request_id,
                         "the robot recorded other quantities");
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The ids that no robot makes never reach the database. */
static void note_foreign(struct import *import)
{
    for (size_t i = 0; i < import->row_count; i++) {
        if (import->rows[i].attempt >= 0)
            continue;
        import->unknown++;
        list_example(import, &import->listed_unknown, import->rows[i].request_id,
                     "no request id of a robot");
    }
}

static enum status store_settlements(struct store_conn *conn, struct import *import)
{
    STORE_STATEMENT(
        settle,
        "WITH r AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[],"
        " $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::bigint[], $9::bigint[],"
        " $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],"
        " $15::bigint[], $16::text[], $17::text[], $20::bigint[], $21::text[]) AS r(device_id, "
        "journal_id, seq, contract_id,"
        " model, zone, at, input_uncached, input_cached, output, reasoning, more_uncached,"
        " more_cached, more_output, more_reasoning, old_price, price,"
        " version, currency)),"
        " stored AS (INSERT INTO myna.usage_settlement (device_id, journal_id, seq, import_id,"
        "   input_uncached, input_cached, output, reasoning, price)"
        "   SELECT device_id, journal_id, seq, $18, input_uncached, input_cached, output,"
        "   reasoning, price::numeric FROM r),"
        " corrected AS (INSERT INTO myna.usage_correction (device_id, journal_id, seq, at,"
        "   vendor_id, model, contract_id, contract_version, currency, reason, uncertain,"
        "   input_uncached, input_cached, output, reasoning, price)"
        "   SELECT device_id, journal_id, seq, at, $19, model, contract_id, version, currency,"
        "   'import', -1, more_uncached, more_cached, more_output, more_reasoning,"
        "   price::numeric - old_price::numeric FROM r)"
        " UPDATE myna.usage_day d SET uncertain = d.uncertain - s.settled,"
        " input_uncached = d.input_uncached + s.more_uncached,"
        " input_cached = d.input_cached + s.more_cached, output = d.output + s.more_output,"
        " reasoning = d.reasoning + s.more_reasoning, price = d.price + s.more_price"
        " FROM (SELECT contract_id, (at AT TIME ZONE zone)::date AS day, model,"
        "   count(*) AS settled, sum(more_uncached)::bigint AS more_uncached,"
        "   sum(more_cached)::bigint AS more_cached, sum(more_output)::bigint AS more_output,"
        "   sum(more_reasoning)::bigint AS more_reasoning,"
        "   sum(price::numeric - old_price::numeric) AS more_price"
        "   FROM r GROUP BY 1, 2, 3) s"
        " WHERE d.contract_id = s.contract_id AND d.day = s.day AND d.vendor_id = $19"
        " AND d.model = s.model");
    const struct columns columns = {import->arena, import->settlements, import->settled,
                                    sizeof *import->settlements};
#define FIELD(name) offsetof(struct settlement, name)
    struct value values[21] = {
        columns_text(&columns, FIELD(device_id)), columns_uuid(&columns, FIELD(journal_id)),
        columns_int(&columns, FIELD(seq)),        columns_text(&columns, FIELD(contract_id)),
        columns_text(&columns, FIELD(model)),     columns_text(&columns, FIELD(zone)),
        columns_time(&columns, FIELD(at_ms)),
    };
    for (size_t k = 0; k < 4; k++) {
        values[7 + k] = columns_int(&columns, FIELD(quantities) + k * sizeof(int64_t));
        values[11 + k] = columns_int(&columns, FIELD(deltas) + k * sizeof(int64_t));
    }
    values[15] = columns_text(&columns, FIELD(old_price));
    values[16] = columns_text(&columns, FIELD(price));
    values[17] = value_int(import->import_id);
    values[18] = value_text(import->vendor_id);
    values[19] = columns_int(&columns, FIELD(version));
    values[20] = columns_text(&columns, FIELD(currency));
#undef FIELD

    return arena_failed(import->arena) ? STATUS_MEMORY
                                       : store_exec(conn, &settle, values, 21, NULL);
}

/* Pools were charged the reservations: now what the vendor says. */
static enum status settle_charges(struct store_conn *conn, struct import *import)
{
    for (size_t i = 0; i < import->settled; i++) {
        struct booking_record *record = &import->booked[i];

        record->provenance = VENDOR_FINAL;
        memcpy(record->quantities, import->after[i], sizeof record->quantities);
        snprintf(record->price, sizeof record->price, "%s", import->settlements[i].price);
    }
    return charges_settle(conn, import->arena, import->booked, import->settled);
}

static void write_count(struct json_writer *writer, const char *name, int64_t count)
{
    json_key(writer, name);
    json_write_int(writer, count);
}

static enum status write_report(struct import *import)
{
    struct buffer text;
    struct json_writer writer;

    buffer_init(&text, 64u << 10);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    write_count(&writer, "id", import->import_id);
    json_key(&writer, "vendor");
    json_write_text(&writer, span_text(import->vendor_id));
    write_count(&writer, "rows", (int64_t)import->row_count);
    write_count(&writer, "equal", import->equal);
    write_count(&writer, "settled", (int64_t)import->settled);
    write_count(&writer, "different", import->different);
    write_count(&writer, "unknown", import->unknown);
    json_key(&writer, "examples");
    json_begin_array(&writer);
    for (size_t i = 0; i < import->example_count; i++) {
        json_begin_object(&writer);
        json_key(&writer, "request_id");
        json_write_text(&writer, span_text(import->examples[i].request_id));
        json_key(&writer, "problem");
        json_write_text(&writer, span_text(import->examples[i].problem));
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_end_object(&writer);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        import->report = arena_copy(import->report_arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(import->report_arena) ? STATUS_MEMORY : status;
}

/* How many requests of these days robots know by their sum alone, without an id: what a full disk
 * folded, and what was lost between a backup and a ring. A day on either side, for their time is
 * that of the first or last of them. */
static enum status count_summed(struct store_conn *conn, const struct import *import, int64_t *out)
{
    STORE_STATEMENT(sum, "SELECT coalesce(sum(requests), 0)::bigint FROM myna.usage"
                         " WHERE attempt = 0 AND device_id <> '' AND vendor_id = $1"
                         " AND arrived_at >= $2::timestamptz - interval '1 day'"
                         " AND at BETWEEN $2 - interval '1 day' AND $3::timestamptz"
                         "   + interval '1 day'");
    int64_t first_ms = INT64_MAX, last_ms = 0;
    struct result result = {0};

    *out = 0;
    for (size_t i = 0; i < import->row_count; i++) {
        const int64_t at_ms = import->rows[i].at_ms;

        first_ms = at_ms > 0 && at_ms < first_ms ? at_ms : first_ms;
        last_ms = at_ms > last_ms ? at_ms : last_ms;
    }
    if (import->unknown == 0 || last_ms == 0)
        return STATUS_OK;
    enum status status = store_exec(
        conn, &sum,
        STORE_VALUES(value_text(import->vendor_id), value_time(first_ms), value_time(last_ms)),
        &result);
    if (status == STATUS_OK)
        *out = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

/* What a robot has not sent yet is unknown as well: the alert is cleared by whoever looked. */
static enum status raise_alarms(struct store_conn *conn, struct import *import)
{
    const char *subject = arena_format(import->arena, "vendor/%s", import->vendor_id);
    struct alarm alarms[2];
    size_t count = 0;
    int64_t summed;
    enum status status = count_summed(conn, import, &summed);

    if (status != STATUS_OK)
        return status;
    if (import->different > 0)
        alarms[count++] = (struct alarm){
            .kind = "usage_differs",
            .severity = "critical",
            .subject = subject,
            .detail = arena_format(import->arena, "{\"import\":%lld,\"different\":%lld}",
                                   (long long)import->import_id, (long long)import->different)};
    if (import->unknown > summed)
        alarms[count++] =
            (struct alarm){.kind = "key_leak",
                           .severity = "critical",
                           .subject = subject,
                           .detail = arena_format(
                               import->arena, "{\"import\":%lld,\"unknown\":%lld,\"summed\":%lld}",
                               (long long)import->import_id, (long long)(import->unknown - summed),
                               (long long)summed)};
    if (arena_failed(import->arena))
        return STATUS_MEMORY;
    return count > 0 ? alarm_raise(conn, import->arena, alarms, count) : STATUS_OK;
}

static enum status finish(struct store_conn *conn, struct import *import)
{
    STORE_STATEMENT(update, "UPDATE myna.usage_import SET equal = $2, settled = $3,"
                            " different = $4, unknown = $5 WHERE import_id = $1");
    STORE_STATEMENT(audit, "SELECT myna.audit_append($1, $2, 'usage.import',"
                           " 'vendor/' || $3::text, NULL, $4)");
    enum status status =
        store_exec(conn, &update,
                   STORE_VALUES(value_int(import->import_id), value_int(import->equal),
                                value_int((int64_t)import->settled), value_int(import->different),
                                value_int(import->unknown)),
                   NULL);

    if (status == STATUS_OK)
        status = raise_alarms(conn, import);
    if (status == STATUS_OK)
        status = store_exec(conn, &audit,
                            STORE_VALUES(value_text(import->author->actor),
                                         value_text(import->author->source),
                                         value_text(import->vendor_id), value_json(import->report)),
                            NULL);
    if (status == STATUS_OK)
        status = events_tell(conn, "usage", &import->vendor_id, 1);
    return status;
}

static enum status work(struct store_conn *conn, void *context)
{
    struct import *import = context;
    struct result result = {0};

    import->settled = import->example_count = 0;
    import->equal = import->different = import->unknown = 0;
    import->listed_different = import->listed_unknown = 0;
    enum status status = charges_begin(conn);
    if (status == STATUS_OK)
        status = start(conn, import);
    if (status == STATUS_OK)
        status = terms_refresh(import->terms, conn);
    if (status == STATUS_OK)
        status = match(conn, import, &result);
    if (status == STATUS_OK)
        status = judge(import, &result);
    result_release(&result);
    if (status == STATUS_OK && import->settled > 0)
        status = price_settled(conn, import);
    if (status == STATUS_OK && import->settled > 0)
        status = settle_charges(conn, import);
    if (status == STATUS_OK && import->settled > 0)
        status = store_settlements(conn, import);
    if (status == STATUS_OK && import->settled > 0)
        status = pricing_save(import->pricing, conn, import->arena);
    if (status != STATUS_OK)
        return status;
    note_foreign(import);
    status = write_report(import);
    return status == STATUS_OK ? finish(conn, import) : status;
}

enum status imports_settle(struct store *store, const struct author *author, const char *vendor_id,
                           struct span file, struct arena *arena, struct span *report,
                           struct json_problem *problem)
{
    struct import import = {
        .author = author, .vendor_id = vendor_id, .file = file, .report_arena = arena};
    struct ledger_lines_row *rows;
    enum status status = arena_create(&import.arena, WORK_BYTES);

    *problem = (struct json_problem){.detail = "the database refused what it says"};
    if (status != STATUS_OK)
        return status;
    status = terms_create(&import.terms);
    if (status == STATUS_OK)
        status = pricing_create(&import.pricing, import.terms, PRICING_WHOLE);
    if (status == STATUS_OK)
        status = ledger_lines_read(file, import.arena, &rows, &import.row_count, problem);
    if (status == STATUS_OK) {
        import.rows = rows;
        status = store_transaction(store, work, &import);
    }
    if (status == STATUS_OK)
        *report = import.report;
    pricing_free(import.pricing);
    terms_free(import.terms);
    arena_free(import.arena);
    return status;
}
