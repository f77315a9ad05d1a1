#include "server/store/vendor_usage.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "server/money/usage_row.h"
#include "server/store/charges.h"
#include "server/store/columns.h"
#include "server/store/events.h"
#include "server/store/ledger_lines.h"
#include "server/store/pricing.h"
#include "server/store/vendors.h"

#define WORK_BYTES (256u << 20)
#define AHEAD_MS   (5 * 60 * 1000) /* clocks of back offices are not ours */

/* Numbers of schema/wire. */
#define VENDOR_FINAL 1
#define ANSWERED     1

/* One row: what it says, and what it becomes. */
struct row {
    const char *request_id;
    struct span hash; /* of its text: the same row again is no news */
    struct tally_usage usage;
    bool is_known;
};

struct report {
    const struct author *author;
    const char *vendor_id;
    const char *contract_id; /* as ordered; NULL: the only one */
    struct row *rows;
    size_t count;
    struct arena *arena; /* of the work */
    struct terms *terms;
    int64_t now_ms;
    struct json_problem *problem;
    struct arena *result_arena;
    struct span json;
    /* made by each try */
    const struct terms_contract *found;
    struct booking_record *records;
    size_t record_count;
};

static enum status refuse(const struct report *report, enum status status, size_t row,
                          const char *member, const char *detail)
{
    snprintf(report->problem->pointer, sizeof report->problem->pointer, "/usage/%zu%.60s", row,
             member);
    snprintf(report->problem->detail, sizeof report->problem->detail, "%s", detail);
    return status;
}

static enum status hash_row(struct report *report, const struct json *json, struct span *out)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct buffer text;

    buffer_init(&text, 1u << 20);
    json_dump(json, &text);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK) {
        const struct span span = buffer_span(&text);

        crypto_sha256(&span, 1, hash);
        *out = arena_copy(report->arena, span_of(hash, sizeof hash));
    }
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(report->arena) ? STATUS_MEMORY : status;
}

/* Records hold whole numbers, and none of what only files tell. */
static enum status check_row(const struct report *report, size_t number, const struct row *row)
{
    const decimal_units one = (decimal_units)1000000000 * 1000000000 * 1000;

    if (row->usage.has_amount || row->usage.is_elsewhere || *row->usage.replaces ||
        *row->usage.gauge)
        return refuse(report, STATUS_INVALID, number, "",
                      "amount, replaces, gauge and elsewhere are for offline files; give metrics");
    if (!row->usage.is_activity)
        return refuse(report, STATUS_INVALID, number, "/provenance",
                      "what was not sent is no usage");
    if (row->usage.at_ms > report->now_ms + AHEAD_MS)
        return refuse(report, STATUS_INVALID, number, "/at",
                      "lies in the future: only what has happened is booked");
    if (row->usage.end_ms - row->usage.at_ms > INT32_MAX)
        return refuse(report, STATUS_INVALID, number, "/end",
                      "must be within 24 days of at: what lasts longer is several rows");
    for (int m = 0; m < CONTRACT_METRICS; m++) {
        const decimal_units units = row->usage.quantities[m].units;

        if (units % one != 0 || units / one > INT64_C(1000000000000))
            return refuse(report, STATUS_INVALID, number, "/metrics",
                          "quantities must be whole numbers up to 10^12");
    }
    return STATUS_OK;
}

static enum status read_row(struct report *report, const struct json *json, size_t number)
{
    const char *request_id = json_text(json_member(json, "request_id"), "");
    struct row *row = &report->rows[number];
    struct json_problem problem;

    if (*request_id == '\0' || strlen(request_id) > 200)
        return refuse(report, STATUS_INVALID, number, "/request_id",
                      "must be the request's id, up to 200 bytes: it keeps the row from being "
                      "booked twice");
    for (size_t i = 0; i < number; i++)
        if (strcmp(report->rows[i].request_id, request_id) == 0)
            return refuse(report, STATUS_INVALID, number, "/request_id", "is there twice");
    enum status status = usage_row_read(json, &row->usage, &problem);
    if (status == STATUS_INVALID)
        return refuse(report, status, number, problem.pointer, problem.detail);
    row->request_id = request_id;
    if (status == STATUS_OK)
        status = check_row(report, number, row);
    return status == STATUS_OK ? hash_row(report, json, &row->hash) : status;
}

static enum status find_contract(struct store_conn *conn, struct report *report)
{
    STORE_STATEMENT(find, "SELECT contract_id::text FROM myna.contract WHERE vendor_id = $1"
                          " AND ($2::text IS NULL OR contract_id = $2) LIMIT 2");
    struct result result = {0};
    enum status status = store_exec(
        conn, &find, STORE_VALUES(value_text(report->vendor_id), value_text(report->contract_id)),
        &result);

    if (status != STATUS_OK)
        return status;
    report->found =
        result_count(&result) == 1 ? terms_find(report->terms, result_text(&result, 0, 0)) : NULL;
    result_release(&result);
    if (report->found != NULL)
        return STATUS_OK;
    snprintf(report->problem->pointer, sizeof report->problem->pointer, "/contract");
    snprintf(report->problem->detail, sizeof report->problem->detail, "%s",
             report->contract_id ? "is no contract with this vendor"
                                 : "must be told: the vendor has no contract, or several");
    return STATUS_INVALID;
}

/* Tells the rows that are known, and refuses those told otherwise before. */
static enum status find_known(struct store_conn *conn, struct report *report, int64_t *last_seq)
{
    STORE_STATEMENT(find, "SELECT v.place, u.row_hash = v.hash FROM unnest($2::text[], $3::bytea[])"
                          " WITH ORDINALITY AS v(request_id, hash, place) JOIN myna.vendor_usage u"
                          " ON u.vendor_id = $1 AND u.request_id = v.request_id");
    STORE_STATEMENT(last, "SELECT coalesce(max(seq), 0) FROM myna.vendor_usage"
                          " WHERE vendor_id = $1");
    const struct columns columns = {report->arena, report->rows, report->count,
                                    sizeof *report->rows};
    struct result result = {0};
    const struct value values[] = {
        value_text(report->vendor_id),
        columns_text(&columns, offsetof(struct row, request_id)),
        columns_bytes(&columns, offsetof(struct row, hash)),
    };

    if (arena_failed(report->arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &find, values, 3, &result);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < report->count; i++)
        report->rows[i].is_known = false;
    for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++) {
        const size_t place = (size_t)result_int(&result, i, 0) - 1;

        report->rows[place].is_known = true;
        if (!result_bool(&result, i, 1))
            status = refuse(report, STATUS_EXISTS, place, "/request_id",
                            "was told before, with other content");
    }
    result_release(&result);
    if (status == STATUS_OK)
        status = store_exec(conn, &last, STORE_VALUES(value_text(report->vendor_id)), &result);
    if (status != STATUS_OK)
        return status;
    *last_seq = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

/* 16 bytes that stand for a text, as a UUID of version 8 (RFC 9562). */
static void uuid_of(const char *kind, const char *vendor_id, const char *text, uint8_t out[16])
{
    const struct span parts[] = {span_text(kind), span_text("\n"), span_text(vendor_id),
                                 span_text("\n"), span_text(text)};
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_sha256(parts, 5, hash);
    memcpy(out, hash, 16);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x80);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

static void fill_record(const struct report *report, const struct row *row, int64_t seq,
                        struct booking_record *out)
{
    const decimal_units one = (decimal_units)1000000000 * 1000000000 * 1000;

    *out = (struct booking_record){
        .device_id = row->usage.device,
        .seq = seq,
        .at_ms = row->usage.at_ms,
        .vendor_id = report->vendor_id,
        .model = row->usage.model,
        .model_served = row->usage.model,
        .contract_id = report->found->contract_id,
        .vendor_request_id = row->request_id,
        .line_id = "",
        .service_tier = row->usage.service_tier,
        .provenance = VENDOR_FINAL,
        .outcome = ANSWERED,
        .duration_ms = row->usage.end_ms - row->usage.at_ms,
        .currency = report->found->contract.currency,
        .day = zone_day(report->found->zone, row->usage.at_ms),
    };
    uuid_of("back office", report->vendor_id, "", out->journal_id);
    out->attempt = ledger_lines_attempt(row->request_id, out->turn);
    if (out->attempt < 0) {
        uuid_of("request", report->vendor_id, row->request_id, out->turn);
        out->attempt = 0;
    }
    for (int m = 0; m < CONTRACT_METRICS; m++)
        out->quantities[m] = (int64_t)(row->usage.quantities[m].units / one);
    (void)terms_rating(report->found, out->at_ms, &out->contract_version);
}

/* The place among all rows of the place-th that is not known. */
static size_t row_of(const struct report *report, size_t place)
{
    size_t row = 0;

    for (;; row++)
        if (!report->rows[row].is_known && place-- == 0)
            return row;
}

/* Bits of what the terms price, promise or cap. */
static unsigned counted_metrics(const struct contract_terms *terms)
{
    unsigned metrics = 0;

    for (size_t i = 0; i < terms->charge_count; i++) {
        metrics |= terms->charges[i].quantity.metrics;
        for (size_t k = 0; k < terms->charges[i].rate_count; k++)
            metrics |= terms->charges[i].rates[k].metrics;
    }
    for (size_t i = 0; i < terms->commitment_count; i++)
        metrics |= terms->commitments[i].quantity.metrics;
    for (size_t i = 0; i < terms->cap_count; i++)
        metrics |= terms->caps[i].quantity.metrics;
    return metrics;
}

/* A contract gives what it does not name for its fees, which is right for what robots use by the
 * way. A row that says it of its own accord is a wrong contract or a wrong word, unless the
 * contract names nothing at all. */
static enum status check_named(const struct report *report, size_t row)
{
    const struct tally_usage *usage = &report->rows[row].usage;
    int64_t ignored;
    const struct contract_terms *terms = terms_rating(report->found, usage->at_ms, &ignored);
    const unsigned named = terms != NULL ? counted_metrics(terms) : 0;
    char detail[160];

    for (int m = 0; named != 0 && m < CONTRACT_METRICS; m++) {
        if (m == CONTRACT_REQUESTS || usage->quantities[m].units == 0 || (named & CONTRACT_BIT(m)))
            continue;
        snprintf(detail, sizeof detail,
                 "contract %.48s has no price for %s: it would be booked at nothing",
                 report->found->contract_id, contract_metric_name((enum contract_metric)m));
        return refuse(report, STATUS_INVALID, row, "/metrics", detail);
    }
    return STATUS_OK;
}

static enum status judge(const struct report *report, const struct pricing_outcome *outcomes)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < report->record_count; i++) {
        const size_t row = row_of(report, i);

        switch (outcomes[i].verdict) {
        case PRICING_RATED:
            status = check_named(report, row);
            if (status != STATUS_OK)
                return status;
            break;
        case PRICING_UNRATED:
            return refuse(report, STATUS_INVALID, row, "/at",
                          "no version of the contract was in force then");
        case PRICING_UNPRICED:
            return refuse(report, STATUS_INVALID, row, "/metrics",
                          "the contract has no price for one of these and this model");
        case PRICING_TOO_LARGE:
            return refuse(report, STATUS_INVALID, row, "/metrics", "its price is too large");
        }
    }
    return STATUS_OK;
}

static enum status book(struct store_conn *conn, struct report *report)
{
    const char **problems =
        arena_take(report->arena, (report->record_count + 1) * sizeof *problems);
    struct pricing_outcome *outcomes =
        arena_take(report->arena, (report->record_count + 1) * sizeof *outcomes);
    struct pricing *pricing = NULL;
    enum status status = problems != NULL && outcomes != NULL ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK)
        status = pricing_create(&pricing, report->terms, PRICING_NEEDED);
    if (status == STATUS_OK)
        status = pricing_run(pricing, conn, report->arena, report->records, report->record_count,
                             outcomes);
    if (status == STATUS_OK)
        status = judge(report, outcomes);
    if (status == STATUS_OK)
        status = charges_book(conn, report->arena, report->records, report->record_count);
    if (status == STATUS_OK)
        status =
            booking_store(conn, report->arena, report->records, report->record_count, problems);
    for (size_t i = 0; status == STATUS_OK && i < report->record_count; i++)
        if (problems[i] != NULL)
            status =
                refuse(report, STATUS_INVALID, row_of(report, i), "", "the database refused it");
    if (status == STATUS_OK)
        status = pricing_save(pricing, conn, report->arena);
    pricing_free(pricing);
    return status;
}

static enum status remember(struct store_conn *conn, const struct report *report)
{
    STORE_STATEMENT(insert, "INSERT INTO myna.vendor_usage (vendor_id, request_id, row_hash, seq,"
                            " received_by) SELECT $1, r.*, $5 FROM unnest($2::text[], $3::bytea[],"
                            " $4::bigint[]) AS r(request_id, row_hash, seq)");
    const size_t size = (report->record_count + 1) * sizeof(void *);
    const char **ids = arena_take(report->arena, size);
    struct span *hashes = arena_take(report->arena, (report->record_count + 1) * sizeof *hashes);
    int64_t *numbers = arena_take(report->arena, (report->record_count + 1) * sizeof *numbers);

    if (ids == NULL || hashes == NULL || numbers == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0, place = 0; i < report->count; i++) {
        if (report->rows[i].is_known)
            continue;
        ids[place] = report->rows[i].request_id;
        hashes[place] = report->rows[i].hash;
        numbers[place] = report->records[place].seq;
        place++;
    }
    return store_exec(conn, &insert,
                      STORE_VALUES(value_text(report->vendor_id),
                                   value_text_array(ids, report->record_count),
                                   value_bytes_array(hashes, report->record_count),
                                   value_int_array(numbers, report->record_count),
                                   value_text(report->author->actor)),
                      NULL);
}

static enum status write_report(struct store_conn *conn, struct report *report)
{
    STORE_STATEMENT(
        write, "WITH r AS (SELECT jsonb_build_object('vendor', $3::text, 'contract', $4::text,"
               "   'rows', $5::bigint, 'booked', cardinality($6::text[]),"
               "   'known', $5::bigint - cardinality($6::text[]), 'price',"
               "   (SELECT trim_scale(coalesce(sum(p::numeric), 0))::text"
               "    FROM unnest($6::text[]) AS p), 'currency', $7::text) AS json),"
               " done AS (SELECT myna.audit_append($1, $2, 'vendor.usage', 'vendor/' || $3::text,"
               "   NULL, json) FROM r)"
               " SELECT json FROM r, done");
    const char **prices = arena_take(report->arena, (report->record_count + 1) * sizeof *prices);

    if (prices == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < report->record_count; i++)
        prices[i] = report->records[i].price;
    enum status status = store_exec_json(
        conn, &write,
        STORE_VALUES(value_text(report->author->actor), value_text(report->author->source),
                     value_text(report->vendor_id), value_text(report->found->contract_id),
                     value_int((int64_t)report->count),
                     value_text_array(prices, report->record_count),
                     value_text(report->found->contract.currency)),
        report->result_arena, &report->json);
    return status == STATUS_OK ? events_tell(conn, "usage", &report->vendor_id, 1) : status;
}

static enum status work(struct store_conn *conn, void *context)
{
    struct report *report = context;
    int64_t seq = 0;

    report->record_count = 0;
    report->records = arena_take(report->arena, (report->count + 1) * sizeof *report->records);
    enum status status = report->records ? charges_begin(conn) : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = vendors_lock(conn, report->vendor_id);
    if (status == STATUS_OK)
        status = terms_refresh(report->terms, conn);
    if (status == STATUS_OK)
        status = find_contract(conn, report);
    if (status == STATUS_OK)
        status = find_known(conn, report, &seq);
    for (size_t i = 0; status == STATUS_OK && i < report->count; i++)
        if (!report->rows[i].is_known)
            fill_record(report, &report->rows[i], ++seq, &report->records[report->record_count++]);
    if (status == STATUS_OK && report->record_count > 0)
        status = book(conn, report);
    if (status == STATUS_OK && report->record_count > 0)
        status = remember(conn, report);
    return status == STATUS_OK ? write_report(conn, report) : status;
}

enum status vendor_usage_book(struct store *store, const struct author *author,
                              const char *vendor_id, const char *contract_id,
                              const struct json *rows, struct arena *arena, struct span *out,
                              struct json_problem *problem)
{
    struct report report = {.author = author,
                            .vendor_id = vendor_id,
                            .contract_id = contract_id,
                            .count = json_count(rows),
                            .now_ms = clock_wall_ms(),
                            .problem = problem,
                            .result_arena = arena};
    enum status status = arena_create(&report.arena, WORK_BYTES);

    *problem = (struct json_problem){.detail = "the database refused what it says"};
    if (status == STATUS_OK)
        status = terms_create(&report.terms);
    if (status == STATUS_OK) {
        report.rows = arena_take(report.arena, (report.count + 1) * sizeof *report.rows);
        status = report.rows ? STATUS_OK : STATUS_MEMORY;
    }
    for (size_t i = 0; status == STATUS_OK && i < report.count; i++)
        status = read_row(&report, json_item(rows, i), i);
    if (status == STATUS_OK)
        status = store_transaction(store, work, &report);
    if (status == STATUS_OK)
        *out = report.json;
    terms_free(report.terms);
    arena_free(report.arena);
    return status;
}
