#include "server/store/vendor_pack.h"

#include "schema/base/clock.h"
#include "schema/wire/message.h"
#include "server/money/steps.h"
#include "server/store/bills.h"
#include "server/store/burndowns.h"

#define TEXT_BYTES   (64u << 20)
#define ERRORS       16
#define RECORD_BYTES 200 /* of one in its table, at the least */

struct packing {
    const struct vendor_pack_order *order;
    struct arena *arena;
    struct span json;
};

/* A member that the database made. STATUS_NOT_FOUND: it made none. */
static enum status write_made(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct json_writer *writer,
                              const char *name)
{
    struct result result = {0};
    enum status status = store_exec(conn, statement, values, count, &result);

    if (status == STATUS_OK && (result_count(&result) == 0 || result_is_null(&result, 0, 0)))
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        json_key(writer, name);
        json_write_raw(writer, result_span(&result, 0, 0));
    }
    result_release(&result);
    return status;
}

enum status vendor_pack_today(struct store *store, const char *vendor_id, int64_t *day)
{
    STORE_STATEMENT(read, "SELECT coalesce(max((now() AT TIME ZONE zone)::date),"
                          " (now() AT TIME ZONE 'UTC')::date) - date '1970-01-01'"
                          " FROM myna.contract WHERE vendor_id = $1");
    struct result result = {0};
    enum status status = store_query(store, &read, STORE_VALUES(value_text(vendor_id)), &result);

    if (status == STATUS_OK)
        *day = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

static enum status write_vendor(struct store_conn *conn, const struct vendor_pack_order *order,
                                struct json_writer *writer)
{
    STORE_STATEMENT(read, "SELECT jsonb_build_object('id', vendor_id, 'name', name, 'dialect',"
                          " dialect, 'region', region) FROM myna.vendor WHERE vendor_id = $1");

    return write_made(conn, &read, STORE_VALUES(value_text(order->vendor_id)), writer, "vendor");
}

/* ---- volumes ---- */

static enum status write_volumes(struct store_conn *conn, const struct vendor_pack_order *order,
                                 struct json_writer *writer)
{
    STORE_STATEMENT(
        read, "WITH sums AS (SELECT to_char(day, 'YYYY-MM') AS month, model, currency,"
              "   sum(attempts)::bigint AS attempts, sum(failed)::bigint AS failed,"
              "   sum(uncertain)::bigint AS uncertain, sum(requests)::bigint AS requests,"
              "   sum(input_uncached + cache_write_5m + cache_write_1h)::bigint AS input,"
              "   sum(input_cached)::bigint AS input_cached, sum(output)::bigint AS output,"
              "   sum(reasoning)::bigint AS reasoning, trim_scale(sum(price))::text AS price"
              "   FROM myna.usage_day WHERE vendor_id = $1 AND day BETWEEN $2::text::date"
              "     AND $3::text::date GROUP BY 1, 2, 3)"
              "SELECT coalesce(jsonb_agg(to_jsonb(sums) ORDER BY month, model, currency), '[]')"
              " FROM sums");

    return write_made(
        conn, &read,
        STORE_VALUES(value_text(order->vendor_id), value_text(order->from), value_text(order->to)),
        writer, "volumes");
}

/* ---- what raw records tell ---- */

#define CLASSES                                                                                    \
    "coalesce((SELECT jsonb_agg(jsonb_build_object('class', ($4::text[])[e.error_class + 1],"      \
    " 'records', e.n) ORDER BY e.n DESC, e.error_class) FROM (SELECT error_class, count(*) AS n"   \
    " FROM records WHERE error_class <> 0 GROUP BY 1) e), '[]')"
/* A robot's own time to the first token, of answers that had one. */
#define LATENCY                                                                                    \
    "coalesce((SELECT jsonb_agg(jsonb_build_object('model', l.model, 'answers', l.n,"              \
    " 'p50_ms', l.p50, 'p95_ms', l.p95) ORDER BY l.model NULLS FIRST) FROM ("                      \
    " SELECT model, count(*) AS n, percentile_disc(0.5) WITHIN GROUP (ORDER BY first_token_ms)"    \
    "   AS p50, percentile_disc(0.95) WITHIN GROUP (ORDER BY first_token_ms) AS p95"               \
    " FROM records WHERE first_token_ms > 0 GROUP BY GROUPING SETS ((model), ())"                  \
    " HAVING count(*) > 0) l), '[]')"
/* From the request to the last word of answers that were whole: those cut short, by the owner or by
 * a limit, tell nothing. Long answers take long, so what was written in that time is told beside
 * it. */
#define WHOLE                                                                                      \
    "coalesce((SELECT jsonb_agg(jsonb_build_object('model', w.model, 'answers', w.n,"              \
    " 'p50_ms', w.p50, 'p95_ms', w.p95, 'p50_tokens_s', round(w.s50, 1), 'p5_tokens_s',"           \
    " round(w.s5, 1)) ORDER BY w.model NULLS FIRST) FROM (SELECT model, count(*) AS n,"            \
    "   percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50,"                          \
    "   percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95,"                         \
    "   percentile_disc(0.5) WITHIN GROUP (ORDER BY written * 1000.0 / duration_ms) AS s50,"       \
    "   percentile_disc(0.05) WITHIN GROUP (ORDER BY written * 1000.0 / duration_ms) AS s5"        \
    " FROM records WHERE is_whole GROUP BY GROUPING SETS ((model), ()) HAVING count(*) > 0) w),"   \
    " '[]')"
/* Day by day, what of it the vendor let fail: it had no room, or was not to be reached. */
#define DAYS                                                                                       \
    "coalesce((SELECT jsonb_agg(to_jsonb(d) ORDER BY d.day) FROM (SELECT day,"                     \
    " count(*) AS attempts,"                                                                       \
    " count(*) FILTER (WHERE ($4::text[])[error_class + 1] IN ('rate', 'busy')) AS refused,"       \
    " count(*) FILTER (WHERE ($4::text[])[error_class + 1] = 'net') AS unreached"                  \
    " FROM records GROUP BY day) d), '[]')"
/* Nothing arrives before it happened: what arrived before the first day began anywhere is not of
 * it. What was never sent (provenance 5) says nothing of the vendor. */
#define RECORDS_OF(sample)                                                                         \
    "WITH records AS MATERIALIZED (SELECT u.model, u.first_token_ms, u.error_class, u.at,"         \
    "   u.duration_ms, u.output + u.reasoning AS written, u.outcome = 1 AND NOT u.interrupted"     \
    "     AND u.first_token_ms > 0 AND u.duration_ms > 0 AS is_whole,"                             \
    "   (u.at AT TIME ZONE coalesce(c.zone, 'UTC'))::date AS day"                                  \
    " FROM myna.usage u" sample " LEFT JOIN myna.contract c USING (contract_id)"                   \
    " WHERE u.vendor_id = $1 AND u.provenance <> 5 AND u.arrived_at >= $2::text::date - 1"         \
    " AND (u.at AT TIME ZONE coalesce(c.zone, 'UTC'))::date BETWEEN $2::text::date"                \
    "   AND $3::text::date)"                                                                       \
    "SELECT jsonb_build_object('count', (SELECT count(*) FROM records),"                           \
    " 'first_at', (SELECT min(at) FROM records), 'share', $5::text, 'errors', " CLASSES            \
    ", 'first_token', " LATENCY ", 'whole_answer', " WHOLE ", 'days', " DAYS ")"

/* How many records there may be: attempts of the days, or what the kept tables have room for. */
static enum status count_attempts(struct store_conn *conn, const struct vendor_pack_order *order,
                                  int64_t *attempts)
{
    STORE_STATEMENT(count,
                    "SELECT least((SELECT coalesce(sum(attempts), 0)::bigint FROM myna.usage_day"
                    "   WHERE day BETWEEN $1::text::date AND $2::text::date),"
                    " (SELECT coalesce(sum(pg_relation_size(i.inhrelid)), 0)::bigint / $3"
                    "   FROM pg_inherits i WHERE i.inhparent = 'myna.usage'::regclass))");
    struct result result = {0};
    enum status status = store_exec(
        conn, &count,
        STORE_VALUES(value_text(order->from), value_text(order->to), value_int(RECORD_BYTES)),
        &result);

    if (status == STATUS_OK)
        *attempts = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

/* All records, or whole pages of them at random: the same ones each time. */
static enum status write_records(struct store_conn *conn, const struct vendor_pack_order *order,
                                 struct json_writer *writer)
{
    STORE_STATEMENT(all, RECORDS_OF(""));
    STORE_STATEMENT(some, RECORDS_OF(" TABLESAMPLE SYSTEM ($5::real * 100) REPEATABLE (1)"));
    const char *errors[ERRORS];
    char share[32] = "1";
    int64_t attempts = 0;
    enum status status = count_attempts(conn, order, &attempts);

    for (int i = 0; i < ERRORS; i++)
        errors[i] = message_error_name((wire_ErrorClass)i);
    const bool is_sample = attempts > order->records;
    if (is_sample)
        snprintf(share, sizeof share, "%.4f", (double)order->records / (double)attempts);
    return status == STATUS_OK
               ? write_made(conn, is_sample ? &some : &all,
                            STORE_VALUES(value_text(order->vendor_id), value_text(order->from),
                                         value_text(order->to), value_text_array(errors, ERRORS),
                                         value_text(share)),
                            writer, "records")
               : status;
}

/* ---- service credits ---- */

static bool has_service_levels(const struct contract *contract)
{
    for (size_t v = 0; v < contract->version_count; v++)
        if (contract->versions[v].service_level_count > 0)
            return true;
    return false;
}

static enum status read_days(const struct vendor_pack_order *order, struct period_range *out)
{
    enum status status = zone_parse_date(span_text(order->from), &out->first);

    if (status == STATUS_OK)
        status = zone_parse_date(span_text(order->to), &out->end);
    out->end++;
    return status;
}

static void write_credit(struct json_writer *writer, const struct contract *contract,
                         const struct bill_line *line)
{
    const struct decimal owed = {-line->amount.units};
    char date[ZONE_DATE_SIZE];

    json_begin_object(writer);
    json_write_member(writer, "contract", contract->contract_id);
    json_write_member(writer, "name", line->name);
    zone_format_date(line->period.clipped.first, date);
    json_write_member(writer, "from", date);
    zone_format_date(line->period.clipped.end, date);
    json_write_member(writer, "to", date);
    bills_write_money(writer, "amount", owed, contract->minor_places);
    json_write_member(writer, "currency", contract->currency);
    steps_write(writer, line->steps, line->step_count, true);
    json_end_object(writer);
}

/* Those of the contract's bill that have a day in the period. */
static enum status write_credits_of(struct store_conn *conn, const struct vendor_pack_order *order,
                                    const char *contract_id, struct json_writer *writer)
{
    struct bills_ledger ledger = {0};
    struct period_range days;
    struct bill bill = {0};
    enum status status = read_days(order, &days);

    if (status == STATUS_OK)
        status = bills_open(&ledger, conn, contract_id, BILLS_NOW);
    if (status == STATUS_OK)
        status = bill_explain(ledger.tally, order->now_ms, ledger.arena, &bill);
    for (size_t i = 0; status == STATUS_OK && i < bill.line_count; i++) {
        const struct bill_line *line = &bill.lines[i];

        if (line->source == BILL_SERVICE_LEVEL && line->amount.units != 0 &&
            line->period.clipped.first < days.end && line->period.clipped.end > days.first)
            write_credit(writer, &ledger.found->contract, line);
    }
    bills_close(&ledger);
    return status;
}

static enum status write_credits(struct store_conn *conn, const struct vendor_pack_order *order,
                                 struct json_writer *writer)
{
    STORE_STATEMENT(list, "SELECT contract_id FROM myna.contract WHERE vendor_id = $1"
                          " ORDER BY contract_id");
    struct result result = {0};
    struct terms *terms = NULL;
    enum status status = terms_create(&terms);

    json_key(writer, "service_credits");
    json_begin_array(writer);
    if (status == STATUS_OK)
        status = terms_refresh(terms, conn);
    if (status == STATUS_OK)
        status = store_exec(conn, &list, STORE_VALUES(value_text(order->vendor_id)), &result);
    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++) {
        const struct terms_contract *found = terms_find(terms, result_text(&result, i, 0));

        if (found != NULL && has_service_levels(&found->contract))
            status = write_credits_of(conn, order, found->contract_id, writer);
    }
    json_end_array(writer);
    result_release(&result);
    terms_free(terms);
    return status;
}

/* ---- the whole ---- */

/* Their documents are where prices come from, version by version. */
static enum status write_contracts(struct store_conn *conn, const struct vendor_pack_order *order,
                                   struct json_writer *writer)
{
    STORE_STATEMENT(
        read,
        "SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.contract_id, 'currency', c.currency,"
        "  'zone', c.zone, 'versions', (SELECT jsonb_agg(jsonb_build_object('version', h.version,"
        "     'effective_from', h.effective_from, 'created_at', h.created_at,"
        "     'created_by', h.created_by, 'document', h.document) ORDER BY h.version DESC)"
        "     FROM myna.contract_version h WHERE h.contract_id = c.contract_id))"
        "  ORDER BY c.contract_id), '[]') FROM myna.contract c WHERE c.vendor_id = $1");

    return write_made(conn, &read, STORE_VALUES(value_text(order->vendor_id)), writer, "contracts");
}

static void write_head(struct json_writer *writer, const struct vendor_pack_order *order)
{
    char as_of[CLOCK_TEXT_SIZE];

    clock_format(order->now_ms, as_of);
    json_write_member(writer, "as_of", as_of);
    json_key(writer, "period");
    json_begin_object(writer);
    json_write_member(writer, "from", order->from);
    json_write_member(writer, "to", order->to);
    json_end_object(writer);
}

static enum status write_pack(struct store_conn *conn, const struct vendor_pack_order *order,
                              struct json_writer *writer)
{
    json_begin_object(writer);
    write_head(writer, order);
    enum status status = write_vendor(conn, order, writer);
    if (status == STATUS_OK)
        status = write_volumes(conn, order, writer);
    if (status == STATUS_OK)
        status = write_records(conn, order, writer);
    if (status == STATUS_OK)
        status = write_credits(conn, order, writer);
    json_key(writer, "standings");
    if (status == STATUS_OK)
        status = burndowns_write_vendor(conn, order->vendor_id, order->now_ms, writer);
    if (status == STATUS_OK)
        status = write_contracts(conn, order, writer);
    json_end_object(writer);
    return status;
}

static enum status pack(struct store_conn *conn, void *context)
{
    struct packing *packing = context;
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, TEXT_BYTES);
    json_writer_init(&writer, &text);
    enum status status = write_pack(conn, packing->order, &writer);
    if (status == STATUS_OK)
        return bills_keep_text(&text, packing->arena, &packing->json);
    buffer_release(&text);
    return status;
}

enum status vendor_pack_get(struct store *store, const struct vendor_pack_order *order,
                            struct arena *arena, struct span *json)
{
    struct packing packing = {.order = order, .arena = arena};
    enum status status = store_transaction(store, pack, &packing);

    if (status == STATUS_OK)
        *json = packing.json;
    return status;
}
