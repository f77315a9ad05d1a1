#include "server/store/invoices.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "server/store/alarm.h"
#include "server/store/columns.h"
#include "server/store/events.h"
#include "server/store/imports.h"
#include "server/store/invoice_file.h"
#include "server/store/vendors.h"

#define WORK_BYTES (1024u << 20) /* 64 MiB of file are some 4 million quantities at most */

struct check {
    const struct author *author;
    const struct invoices_order *order;
    const struct invoice_file_cell *cells;
    size_t cell_count;
    struct arena *arena; /* of the work */
    int64_t settled;
    struct arena *report_arena;
    /* made by each try */
    int64_t invoice_id;
    int64_t different, unknown;
    struct span report;
};

/* The four token quantities of one request, as the rows about it say. */
struct request {
    int64_t values[4]; /* input, cached, output, reasoning; gross */
    bool has_input, has_output;
};

static void take_quantity(struct request *request, const struct invoice_file_cell *cell)
{
    static const struct {
        const char *metric;
        int whole, part;
    } rows[] = {
        {"input", 0, -1},      {"input_uncached", 0, -1}, {"input_cached", 0, 1},
        {"output_all", 2, -1}, {"output", 2, -1},         {"reasoning", 2, 3},
    };
    int64_t quantity;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].metric, cell->metric) != 0 ||
            span_to_int64(span_text(cell->quantity), &quantity) != STATUS_OK)
            continue;
        request->values[rows[i].whole] += quantity;
        if (rows[i].part >= 0)
            request->values[rows[i].part] += quantity;
        request->has_input = request->has_input || rows[i].whole == 0;
        request->has_output = request->has_output || rows[i].whole == 2;
    }
}

static void write_request(struct json_writer *writer, const struct invoice_file_cell *cell,
                          const struct request *request)
{
    static const char *const names[4] = {"input", "cached", "output", "reasoning"};

    json_begin_object(writer);
    json_key(writer, "request_id");
    json_write_text(writer, span_text(cell->request_id));
    if (cell->at != NULL) {
        json_key(writer, "at");
        json_write_text(writer, span_text(cell->at));
    }
    for (size_t i = 0; i < 4; i++) {
        json_key(writer, names[i]);
        json_write_int(writer, request->values[i]);
    }
    json_end_object(writer);
}

/* The rows about requests, one a line, as imports_settle() reads them: cells of one row follow one
 * another. */
static enum status write_usage_file(const struct check *check, struct buffer *out)
{
    for (size_t i = 0; i < check->cell_count;) {
        const struct invoice_file_cell *first = &check->cells[i];
        struct request request = {0};
        struct json_writer writer;

        for (; i < check->cell_count && check->cells[i].line == first->line; i++)
            take_quantity(&request, &check->cells[i]);
        if (first->request_id == NULL || first->attempt < 0 || !request.has_input ||
            !request.has_output)
            continue;
        json_writer_init(&writer, out);
        write_request(&writer, first, &request);
        buffer_byte(out, '\n');
    }
    return buffer_status(out);
}

/* Replaces estimates and worst cases, so that only what robots were sure of can differ. */
static enum status settle(struct store *store, struct check *check, struct json_problem *problem)
{
    struct buffer file;
    struct span report;
    struct json *json;

    buffer_init(&file, 256u << 20);
    enum status status = write_usage_file(check, &file);
    if (status == STATUS_OK && buffer_span(&file).size > 0) {
        status = imports_settle(store, check->author, check->order->vendor_id, buffer_span(&file),
                                check->arena, &report, problem);
        if (status == STATUS_OK && json_parse(report, &json, NULL) == STATUS_OK) {
            check->settled = json_int(json_member(json, "settled"), 0);
            json_free(json);
        }
        if (status == STATUS_EXISTS) /* a check that was cut off after this step */
            status = STATUS_OK;
    }
    buffer_release(&file);
    return status;
}

static enum status start(struct store_conn *conn, struct check *check)
{
    STORE_STATEMENT(
        insert,
        "INSERT INTO myna.invoice (vendor_id, file_hash, created_by, zone, tolerance, settled)"
        " VALUES ($1::text, $2, $3, coalesce($4, (SELECT min(c.zone) FROM myna.contract c"
        "   WHERE c.vendor_id = $1::text HAVING count(DISTINCT c.zone) = 1), 'UTC'), "
        "$5::text::numeric,"
        " $6) RETURNING invoice_id");
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct result result = {0};
    enum status status = vendors_lock(conn, check->order->vendor_id);

    if (status == STATUS_OK)
        status = store_script(conn, "SET LOCAL statement_timeout = '5min'");
    if (status != STATUS_OK)
        return status;
    crypto_sha256(&check->order->file, 1, hash);
    status = store_exec(
        conn, &insert,
        STORE_VALUES(value_text(check->order->vendor_id), value_bytes(span_of(hash, sizeof hash)),
                     value_text(check->author->actor), value_text(check->order->zone),
                     value_text(check->order->tolerance), value_int(check->settled)),
        &result);
    if (status == STATUS_OK)
        check->invoice_id = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

/* The recorded quantities of a usage row u, settled by s where a vendor's file did, as rows
 * (metric, quantity). */
#define QUANTITIES                                                                                 \
    " CROSS JOIN LATERAL (VALUES"                                                                  \
    " ('input_uncached', coalesce(s.input_uncached, u.input_uncached)::numeric),"                  \
    " ('input_cached', coalesce(s.input_cached, u.input_cached)),"                                 \
    " ('input', coalesce(s.input_uncached, u.input_uncached)"                                      \
    "   + coalesce(s.input_cached, u.input_cached)),"                                              \
    " ('output', coalesce(s.output, u.output)),"                                                   \
    " ('reasoning', coalesce(s.reasoning, u.reasoning)),"                                          \
    " ('output_all', coalesce(s.output, u.output) + coalesce(s.reasoning, u.reasoning)),"          \
    " ('cache_write_5m', u.cache_write_5m), ('cache_write_1h', u.cache_write_1h),"                 \
    " ('audio_in_ms', u.audio_in_ms), ('audio_out_chars', u.audio_out_chars),"                     \
    " ('images', u.images), ('video_ms', u.video_ms), ('requests', u.requests),"                   \
    " ('amount', coalesce(s.price, u.price))) AS q(metric, quantity)"

/* How a file is compared, in common table expressions that follow one another.
 *
 * i, the invoice; cell, what its rows say, with a day where they tell one; span, which days. */
#define CELLS                                                                                      \
    " i AS (SELECT * FROM myna.invoice WHERE invoice_id = $1),"                                    \
    " cell AS MATERIALIZED (SELECT c.line, c.request_id, c.turn, c.attempt,"                       \
    "   coalesce(c.day::date, (c.at::timestamptz AT TIME ZONE i.zone)::date) AS day,"              \
    "   c.model, c.metric, c.quantity::numeric AS quantity"                                        \
    "   FROM i CROSS JOIN unnest($2::bigint[], $3::text[], $4::uuid[], $5::bigint[],"              \
    "   $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])"                              \
    "   AS c(line, request_id, turn, attempt, at, day, model, metric, quantity)),"                 \
    " span AS (SELECT min(day) AS first, max(day) AS last,"                                        \
    "   count(*) FILTER (WHERE day IS NULL) AS undated FROM cell),"

/* Rows with a request id: billed sums them (a vendor that answered twice bills twice), recorded is
 * what robots know of those attempts. Whatever began on a day cannot have arrived before it. */
#define BY_REQUEST                                                                                 \
    " billed AS (SELECT min(line) AS line, request_id, turn, attempt, min(model) AS model,"        \
    "   min(day) AS day, metric, sum(quantity) AS theirs FROM cell"                                \
    "   WHERE request_id IS NOT NULL GROUP BY request_id, turn, attempt, metric),"                 \
    " recorded AS MATERIALIZED (SELECT u.device_id, u.turn, u.attempt, q.metric, q.quantity"       \
    "   FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"    \
    "   CROSS JOIN i CROSS JOIN span" QUANTITIES                                                   \
    "   WHERE u.vendor_id = i.vendor_id AND (u.turn, u.attempt) IN"                                \
    "   (SELECT turn, attempt FROM billed WHERE attempt >= 0)"                                     \
    "   AND (span.undated > 0 OR u.arrived_at >= span.first - interval '2 days')),"                \
    " by_request AS (SELECT b.line, b.request_id, r.device_id, b.day, b.model, b.metric,"          \
    "   coalesce(r.quantity, 0) AS ours, b.theirs, r.device_id IS NULL AS is_leak,"                \
    "   CASE WHEN b.attempt < 0 THEN 'no request id of a robot'"                                   \
    "     WHEN r.device_id IS NULL THEN 'no robot has recorded it'"                                \
    "     ELSE 'the robot recorded another quantity' END AS problem"                               \
    "   FROM billed b LEFT JOIN recorded r USING (turn, attempt, metric)),"

/* The others: listed sums them by day, model and metric, known is what robots recorded on those
 * days. */
#define BY_DAY                                                                                     \
    " listed AS (SELECT min(line) AS line, day, model, metric, sum(quantity) AS theirs"            \
    "   FROM cell WHERE request_id IS NULL GROUP BY day, model, metric),"                          \
    " known AS MATERIALIZED (SELECT (u.at AT TIME ZONE i.zone)::date AS day,"                      \
    "   CASE WHEN EXISTS (SELECT FROM listed l WHERE l.model = u.model_served)"                    \
    "     THEN u.model_served ELSE u.model END AS model, q.metric, sum(q.quantity) AS ours"        \
    "   FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"    \
    "   CROSS JOIN i CROSS JOIN span" QUANTITIES                                                   \
    "   WHERE EXISTS (SELECT FROM listed) AND u.vendor_id = i.vendor_id"                           \
    "   AND u.arrived_at >= span.first::timestamp AT TIME ZONE i.zone"                             \
    "   AND u.at >= span.first::timestamp AT TIME ZONE i.zone"                                     \
    "   AND u.at < (span.last + 1)::timestamp AT TIME ZONE i.zone"                                 \
    "   AND (q.metric IN (SELECT metric FROM listed) OR q.metric = 'requests')"                    \
    "   AND q.quantity <> 0 GROUP BY 1, 2, 3),"                                                    \
    " by_day AS (SELECT l.line, l.day, l.model, l.metric, l.theirs,"                               \
    "   coalesce((SELECT sum(k.ours) FROM known k WHERE k.day = l.day AND k.metric = l.metric"     \
    "     AND (l.model = '' OR k.model = l.model)), 0) AS ours,"                                   \
    "   EXISTS (SELECT FROM known k WHERE k.day = l.day"                                           \
    "     AND (l.model = '' OR k.model = l.model)) AS is_known FROM listed l"                      \
    "   UNION ALL SELECT NULL, k.day, k.model, k.metric, 0, k.ours, true FROM known k"             \
    "   WHERE k.metric IN (SELECT metric FROM listed) AND NOT EXISTS (SELECT FROM listed l "       \
    "WHERE l.day = k.day"                                                                          \
    "     AND (l.model = '' OR l.model = k.model))),"

/* Both, each quantity judged; differing is what is beyond the tolerance. */
#define JUDGED                                                                                     \
    " judged AS (SELECT line, request_id, device_id, day, model, metric, ours, theirs, problem,"   \
    "   is_leak FROM by_request"                                                                   \
    "   UNION ALL SELECT line, NULL, NULL, day, model, metric, ours, theirs,"                      \
    "   CASE WHEN line IS NULL THEN 'recorded, and not on the invoice'"                            \
    "     WHEN NOT is_known THEN 'no robot has recorded any of it'"                                \
    "     WHEN theirs > ours THEN 'billed more than robots recorded'"                              \
    "     ELSE 'billed less than robots recorded' END,"                                            \
    "   theirs > ours AND (NOT is_known OR metric = 'requests') FROM by_day),"                     \
    " differing AS (SELECT row_number() OVER (ORDER BY j.line NULLS LAST, j.day, j.model,"         \
    "   j.metric) AS n, j.* FROM judged j CROSS JOIN i"                                            \
    "   WHERE abs(theirs - ours) > i.tolerance / 100 * greatest(theirs, ours)"                     \
    "   OR request_id IS NOT NULL AND is_leak),"

/* The differing ones are kept as lines of the invoice, and counted. */
#define KEPT                                                                                       \
    " kept AS (INSERT INTO myna.invoice_line (invoice_id, line, file_line, request_id,"            \
    "   device_id, day, model, metric, ours, theirs, problem, is_leak)"                            \
    "   SELECT $1, n, line, request_id, device_id, day, model, metric, ours, theirs, problem,"     \
    "   is_leak FROM differing),"                                                                  \
    " counted AS (SELECT count(*) AS compared FROM judged),"                                       \
    " wrong AS (SELECT count(*) AS count, count(*) FILTER (WHERE is_leak) AS leaks"                \
    "   FROM differing)"                                                                           \
    " UPDATE myna.invoice SET first_day = span.first, last_day = span.last,"                       \
    " compared = counted.compared, matched = counted.compared - wrong.count,"                      \
    " different = wrong.count - wrong.leaks, unknown = wrong.leaks"                                \
    " FROM span, counted, wrong WHERE invoice_id = $1"

static enum status compare(struct store_conn *conn, const struct check *check)
{
    STORE_STATEMENT(run, "WITH" CELLS BY_REQUEST BY_DAY JUDGED KEPT);
    const struct columns columns = {check->arena, check->cells, check->cell_count,
                                    sizeof *check->cells};
#define FIELD(name) offsetof(struct invoice_file_cell, name)
    const struct value values[] = {
        value_int(check->invoice_id),
        columns_int(&columns, FIELD(line)),
        columns_text(&columns, FIELD(request_id)),
        columns_uuid(&columns, FIELD(turn)),
        columns_int(&columns, FIELD(attempt)),
        columns_text(&columns, FIELD(at)),
        columns_text(&columns, FIELD(day)),
        columns_text(&columns, FIELD(model)),
        columns_text(&columns, FIELD(metric)),
        columns_text(&columns, FIELD(quantity)),
    };
#undef FIELD

    return arena_failed(check->arena)
               ? STATUS_MEMORY
               : store_exec(conn, &run, values, sizeof values / sizeof *values, NULL);
}

#define INVOICE_JSON                                                                               \
    "jsonb_build_object('id', i.invoice_id, 'vendor', i.vendor_id, 'created_at', i.created_at,"    \
    " 'created_by', i.created_by, 'zone', i.zone, 'tolerance', trim_scale(i.tolerance)::text,"     \
    " 'first_day', i.first_day, 'last_day', i.last_day, 'compared', i.compared,"                   \
    " 'matched', i.matched, 'different', i.different, 'unknown', i.unknown,"                       \
    " 'settled', i.settled)"

/* Money and times do not add up with tokens: the drift of a device is of its tokens. */
#define IS_TOKENS "l.metric ~ '^(input|output|reasoning|cache_write)'"
#define SHEET_SQL                                                                                  \
    "SELECT " INVOICE_JSON " || jsonb_build_object("                                               \
    " 'problems', coalesce((SELECT jsonb_agg(jsonb_build_object('problem', problem, 'count', n)"   \
    "   ORDER BY n DESC, problem) FROM (SELECT problem, count(*) AS n FROM myna.invoice_line l"    \
    "   WHERE l.invoice_id = i.invoice_id GROUP BY problem) p), '[]'),"                            \
    " 'devices', coalesce((SELECT jsonb_agg(jsonb_build_object('device', device_id,"               \
    "   'quantities', n, 'ours', trim_scale(ours)::text, 'theirs', trim_scale(theirs)::text,"      \
    "   'drift', trim_scale(theirs - ours)::text) ORDER BY abs(theirs - ours) DESC, device_id)"    \
    "   FROM (SELECT device_id, count(*) AS n, sum(ours) AS ours, sum(theirs) AS theirs"           \
    "   FROM myna.invoice_line l WHERE l.invoice_id = i.invoice_id AND device_id IS NOT NULL"      \
    "   AND " IS_TOKENS " GROUP BY device_id) d), '[]'))"                                          \
    " FROM myna.invoice i WHERE i.invoice_id = $1"

static enum status raise_alarms(struct store_conn *conn, const struct check *check)
{
    struct alarm alarms[2];
    size_t count = 0;
    const char *subject = arena_format(check->arena, "vendor/%s", check->order->vendor_id);

    if (check->unknown > 0)
        alarms[count++] = (struct alarm){
            .kind = "key_leak",
            .severity = "critical",
            .subject = subject,
            .detail = arena_format(check->arena, "{\"invoice\":%lld,\"unknown\":%lld}",
                                   (long long)check->invoice_id, (long long)check->unknown)};
    if (check->different > 0)
        alarms[count++] = (struct alarm){
            .kind = "usage_differs",
            .severity = "warning",
            .subject = subject,
            .detail = arena_format(check->arena, "{\"invoice\":%lld,\"different\":%lld}",
                                   (long long)check->invoice_id, (long long)check->different)};
    if (arena_failed(check->arena))
        return STATUS_MEMORY;
    return count > 0 ? alarm_raise(conn, check->arena, alarms, count) : STATUS_OK;
}

static enum status finish(struct store_conn *conn, struct check *check)
{
    STORE_STATEMENT(counts, "SELECT different, unknown FROM myna.invoice WHERE invoice_id = $1");
    STORE_STATEMENT(sheet, SHEET_SQL);
    STORE_STATEMENT(audit, "SELECT myna.audit_append($1, $2, 'invoice.check',"
                           " 'vendor/' || $3::text, NULL, $4)");
    struct result result = {0};
    enum status status =
        store_exec(conn, &counts, STORE_VALUES(value_int(check->invoice_id)), &result);

    if (status != STATUS_OK)
        return status;
    check->different = result_int(&result, 0, 0);
    check->unknown = result_int(&result, 0, 1);
    result_release(&result);
    status = store_exec_json(conn, &sheet, STORE_VALUES(value_int(check->invoice_id)),
                             check->report_arena, &check->report);
    if (status == STATUS_OK)
        status = raise_alarms(conn, check);
    if (status == STATUS_OK)
        status = store_exec(
            conn, &audit,
            STORE_VALUES(value_text(check->author->actor), value_text(check->author->source),
                         value_text(check->order->vendor_id), value_json(check->report)),
            NULL);
    return status == STATUS_OK ? events_tell(conn, "usage", &check->order->vendor_id, 1) : status;
}

static enum status work(struct store_conn *conn, void *context)
{
    struct check *check = context;
    enum status status = start(conn, check);

    if (status == STATUS_OK)
        status = compare(conn, check);
    return status == STATUS_OK ? finish(conn, check) : status;
}

static enum status is_new(struct store *store, const struct invoices_order *order)
{
    STORE_STATEMENT(find, "SELECT FROM myna.invoice WHERE vendor_id = $1 AND file_hash = $2");
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct result result = {0};

    crypto_sha256(&order->file, 1, hash);
    enum status status = store_query(
        store, &find,
        STORE_VALUES(value_text(order->vendor_id), value_bytes(span_of(hash, sizeof hash))),
        &result);
    if (status == STATUS_OK && result_count(&result) > 0)
        status = STATUS_EXISTS;
    result_release(&result);
    return status;
}

enum status invoices_check(struct store *store, const struct author *author,
                           const struct invoices_order *order, struct arena *arena,
                           struct span *out, struct json_problem *problem)
{
    struct check check = {.author = author, .order = order, .report_arena = arena};
    struct invoice_file_cell *cells;
    enum status status = arena_create(&check.arena, WORK_BYTES);

    *problem = (struct json_problem){.detail = "the database refused what it says"};
    if (status != STATUS_OK)
        return status;
    status = invoice_file_read(order->file, check.arena, &cells, &check.cell_count, problem);
    check.cells = cells;
    if (status == STATUS_OK)
        status = is_new(store, order);
    if (status == STATUS_OK)
        status = settle(store, &check, problem);
    if (status == STATUS_OK)
        status = store_transaction(store, work, &check);
    if (status == STATUS_OK)
        *out = check.report;
    arena_free(check.arena);
    return status;
}

enum status invoices_list(struct store *store, const char *vendor_id, int64_t after, int64_t limit,
                          struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "WITH page AS (SELECT " INVOICE_JSON " AS item, i.invoice_id,"
                          "    row_number() OVER (ORDER BY i.invoice_id DESC) AS n"
                          "  FROM myna.invoice i WHERE ($1 = 0 OR i.invoice_id < $1)"
                          "  AND ($3::text IS NULL OR i.vendor_id = $3)"
                          "  ORDER BY i.invoice_id DESC LIMIT $2 + 1)"
                          "SELECT jsonb_build_object("
                          "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2),"
                          "  '[]'),"
                          "  'next', CASE WHEN count(*) > $2 THEN"
                          "    min(invoice_id) FILTER (WHERE n <= $2) END) FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_int(after), value_int(limit), value_text(vendor_id)),
                      arena, json);
}

enum status invoices_get(struct store *store, int64_t invoice_id, struct arena *arena,
                         struct span *json)
{
    STORE_STATEMENT(get, SHEET_SQL);

    return store_json(store, &get, STORE_VALUES(value_int(invoice_id)), arena, json);
}

enum status invoices_dispute(struct store *store, int64_t invoice_id,
                             const struct invoices_dispute_order *order, int64_t after,
                             int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        dispute,
        "WITH page AS (SELECT l.line, row_number() OVER (ORDER BY l.line) AS n,"
        " jsonb_build_object('line', l.file_line, 'request_id', l.request_id,"
        " 'device', l.device_id, 'day', l.day, 'model', l.model, 'metric', l.metric,"
        " 'ours', trim_scale(l.ours)::text, 'theirs', trim_scale(l.theirs)::text, 'difference',"
        " trim_scale(l.theirs - l.ours)::text, 'problem', l.problem) AS item"
        " FROM myna.invoice_line l WHERE l.invoice_id = $1 AND l.line > $2"
        " AND ($4::text IS NULL OR l.device_id = $4) AND CASE $5::text WHEN 'different'"
        "   THEN NOT l.is_leak WHEN 'unknown' THEN l.is_leak WHEN 'tokens' THEN " IS_TOKENS
        "   ELSE true END AND ($6::text IS NULL OR l.problem = $6) ORDER BY l.line LIMIT $3 + 1)"
        "SELECT jsonb_build_object('items', coalesce((SELECT jsonb_agg(item ORDER BY n) FROM page"
        " WHERE n <= $3), '[]'), 'next', (SELECT line FROM page WHERE n = $3"
        " AND EXISTS (SELECT FROM page m WHERE m.n > $3)))"
        " FROM myna.invoice i WHERE i.invoice_id = $1");

    return store_json(store, &dispute,
                      STORE_VALUES(value_int(invoice_id), value_int(after), value_int(limit),
                                   value_text(order->device_id), value_text(order->kind),
                                   value_text(order->problem)),
                      arena, json);
}

enum status invoices_dispute_csv(struct store *store, int64_t invoice_id, struct arena *arena,
                                 struct span *csv)
{
    STORE_STATEMENT(
        as_csv,
        "SELECT 'line,request_id,device,day,model,metric,ours,theirs,difference,problem'"
        " || E'\\r\\n' || coalesce((SELECT string_agg(concat_ws(',', coalesce(l.file_line::text,"
        " ''), '\"' || replace(coalesce(l.request_id, ''), '\"', '\"\"') || '\"', '\"' || "
        "replace(coalesce(l.device_id, ''), '\"', '\"\"') || '\"', coalesce(l.day::text, ''), '\"' "
        "|| replace(coalesce(l.model, ''), '\"', '\"\"') || '\"',"
        " l.metric, trim_scale(l.ours), trim_scale(l.theirs), trim_scale(l.theirs - l.ours),"
        " '\"' || replace(coalesce(l.problem, ''), '\"', '\"\"') || '\"') || E'\\r\\n', '' ORDER "
        "BY l.line)"
        " FROM myna.invoice_line l WHERE l.invoice_id = i.invoice_id), '')"
        " FROM myna.invoice i WHERE i.invoice_id = $1");

    return store_json(store, &as_csv, STORE_VALUES(value_int(invoice_id)), arena, csv);
}
