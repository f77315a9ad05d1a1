#include "server/store/usage_sums.h"

#include <string.h>

#include "schema/base/buffer.h"
#include "server/store/contracts.h"

#define PIECE_BYTES ((size_t)64 << 10)

#define HEAD                                                                                       \
    "period,vendor,model,contract,group,device,class,quantity,attempts,failed,uncertain,requests," \
    "input_uncached,input_cached,cache_write_5m,cache_write_1h,output,reasoning,audio_in_ms,"      \
    "audio_out_chars,images,video_ms,price,currency\r\n"

/* The parameters: $1 by, $2 unit, $3 from, $4 to, $5 zone, $6 vendor, $7 model, $8 contract, $9
 * group, $10 device, $11 top, $12 sort. */

#define MEASURES                                                                                   \
    "attempts, failed, uncertain, requests, input_uncached, input_cached, cache_write_5m,"         \
    " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms, price"

#define SUMS                                                                                       \
    "sum(attempts) AS attempts, sum(failed) AS failed, sum(uncertain) AS uncertain,"               \
    " sum(requests) AS requests, sum(input_uncached) AS input_uncached,"                           \
    " sum(input_cached) AS input_cached, sum(cache_write_5m) AS cache_write_5m,"                   \
    " sum(cache_write_1h) AS cache_write_1h, sum(output) AS output, sum(reasoning) AS reasoning,"  \
    " sum(audio_in_ms) AS audio_in_ms, sum(audio_out_chars) AS audio_out_chars,"                   \
    " sum(images) AS images, sum(video_ms) AS video_ms, sum(price) AS price"

#define WANTED                                                                                     \
    " AND ($6::text IS NULL OR u.vendor_id = $6) AND ($7::text IS NULL OR u.model = $7)"           \
    " AND ($8::text IS NULL OR u.contract_id = $8)"

/* Of a whole day each; the contract's. */
#define BY_DAY                                                                                     \
    "WITH source AS (SELECT u.vendor_id, u.model, u.contract_id, NULL::text AS device_id,"         \
    "    u.day::timestamp AS local, u.currency, " MEASURES " FROM myna.usage_day u"                \
    "    LEFT JOIN myna.contract c USING (contract_id)"                                            \
    "  WHERE u.day >= coalesce($3::text::date,"                                                    \
    "      (now() AT TIME ZONE coalesce($5::text, c.zone, 'UTC'))::date)"                          \
    "    AND ($4::text IS NULL OR u.day <= $4::text::date)" WANTED                                 \
    "    AND $9::text IS NULL AND $10::text IS NULL),"

/* A day of a zone begins 14 hours before that of UTC at the earliest and ends 12 hours after it at
 * the latest: those bounds are for the index, the exact ones follow. */
#define BY_HOUR(more)                                                                              \
    "WITH source AS (SELECT u.vendor_id, u.model, u.contract_id, u.device_id,"                     \
    "    CASE WHEN $2::text = 'hour' THEN u.hour AT TIME ZONE 'UTC'"                               \
    "      ELSE u.hour AT TIME ZONE coalesce($5::text, c.zone, 'UTC') END AS local, u.currency,"   \
    "    " MEASURES " FROM myna.usage_hourly u LEFT JOIN myna.contract c USING (contract_id)"      \
    "  WHERE u.hour >= (coalesce($3::text::date, now()::date - 1)::timestamp - interval '14 h')"   \
    "      AT TIME ZONE 'UTC'"                                                                     \
    "    AND u.hour AT TIME ZONE coalesce($5, c.zone, 'UTC') >= coalesce($3::text::date,"          \
    "      (now() AT TIME ZONE coalesce($5, c.zone, 'UTC'))::date)"                                \
    "    AND ($4::text IS NULL OR u.hour < ($4::text::date + 1)::timestamp AT TIME ZONE 'UTC'"     \
    "      + interval '12 h' AND u.hour AT TIME ZONE coalesce($5, c.zone, 'UTC')"                  \
    "      < $4::text::date + 1)" WANTED " AND ($10::text IS NULL OR u.device_id = $10)"           \
    "    AND ($9::text IS NULL OR u.device_id IN"                                                  \
    "      (SELECT m.device_id FROM myna.group_member m WHERE m.group_id = $9))" more "),"

/* Of a file's part: hours of UTC. */
#define BETWEEN                                                                                    \
    " AND ($11::text IS NULL OR u.hour >= $11::text::timestamptz)"                                 \
    " AND ($12::text IS NULL OR u.hour < $12::text::timestamptz)"

/* used tells each attempt once; keyed tells those of a robot in each of its groups. */
#define KEYED                                                                                      \
    " used AS (SELECT CASE WHEN $1::bigint & 1 <> 0 THEN vendor_id END AS vendor,"                 \
    "    CASE WHEN $1 & 2 <> 0 THEN model END AS model,"                                           \
    "    CASE WHEN $1 & 4 <> 0 THEN contract_id END AS contract,"                                  \
    "    CASE WHEN $1 & 48 <> 0 THEN device_id END AS device,"                                     \
    "    date_trunc($2::text, local) AS bucket, currency, " SUMS                                   \
    "  FROM source GROUP BY 1, 2, 3, 4, 5, 6),"                                                    \
    " keyed AS (SELECT vendor, model, contract,"                                                   \
    "    CASE WHEN $1 & 16 <> 0 THEN coalesce(g.group_id, '') END AS grp,"                         \
    "    CASE WHEN $1 & 32 <> 0 THEN device END AS device, bucket, currency, " SUMS                \
    "  FROM used LEFT JOIN myna.group_member g ON $1 & 16 <> 0 AND g.device_id = used.device"      \
    "  GROUP BY 1, 2, 3, 4, 5, 6, 7),"

#define BUCKET                                                                                     \
    "CASE WHEN $2 = 'hour' THEN to_char(bucket, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"                 \
    " ELSE bucket::date::text END"

/* Every class of a row that there is some of. */
#define CLASSES                                                                                    \
    "(VALUES ('requests', requests), ('input_uncached', input_uncached),"                          \
    " ('input_cached', input_cached), ('cache_write_5m', cache_write_5m),"                         \
    " ('cache_write_1h', cache_write_1h), ('output', output), ('reasoning', reasoning),"           \
    " ('audio_in_ms', audio_in_ms), ('audio_out_chars', audio_out_chars), ('images', images),"     \
    " ('video_ms', video_ms)) k(class, quantity)"

/* A place is that of all periods of one key. */
#define SHOWN                                                                                      \
    " ranked AS (SELECT w.*, dense_rank() OVER (ORDER BY weight DESC, vendor, model, contract,"    \
    "    grp, device) AS place FROM (SELECT keyed.*, sum(CASE $12::text WHEN 'cost' THEN price"    \
    "      WHEN 'output' THEN output + reasoning WHEN 'input' THEN input_uncached + input_cached"  \
    "      ELSE attempts END) OVER (PARTITION BY vendor, model, contract, grp, device) AS weight"  \
    "    FROM keyed) w),"                                                                          \
    " shown AS (SELECT CASE WHEN NOT is_rest THEN vendor END AS vendor,"                           \
    "    CASE WHEN NOT is_rest THEN model END AS model,"                                           \
    "    CASE WHEN NOT is_rest THEN contract END AS contract,"                                     \
    "    CASE WHEN NOT is_rest THEN grp END AS grp,"                                               \
    "    CASE WHEN NOT is_rest THEN device END AS device, is_rest, bucket, currency,"              \
    "    CASE WHEN $12 IS NOT NULL THEN min(place) END AS place, " SUMS                            \
    "  FROM (SELECT ranked.*, $11::bigint > 0 AND place > $11 AS is_rest FROM ranked) r"           \
    "  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8),"                                                          \
    " items AS (SELECT shown.*, NULL AS class, 0 AS quantity FROM shown WHERE $1 & 64 = 0"         \
    "  UNION ALL SELECT shown.*, k.class, k.quantity FROM shown CROSS JOIN LATERAL " CLASSES       \
    "  WHERE $1 & 64 <> 0 AND k.quantity > 0)"

#define NUMBER_PAIRS                                                                               \
    "'attempts', attempts, 'failed', failed, 'uncertain', uncertain,"                              \
    " 'requests', requests, 'input_uncached', input_uncached, 'input_cached', input_cached,"       \
    " 'cache_write_5m', cache_write_5m, 'cache_write_1h', cache_write_1h, 'output', output,"       \
    " 'reasoning', reasoning, 'audio_in_ms', audio_in_ms, 'audio_out_chars', audio_out_chars,"     \
    " 'images', images, 'video_ms', video_ms, 'price', trim_scale(price)::text"
#define NUMBERS "jsonb_build_object(" NUMBER_PAIRS ")"

#define AS_JSON                                                                                    \
    "SELECT CASE WHEN (SELECT count(*) FROM items) <= $13::bigint THEN jsonb_build_object("        \
    "  'as_of', now(), 'items', coalesce((SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object("  \
    "      'vendor', vendor, 'model', model, 'contract', contract, 'group', grp,"                  \
    "      'device', device, 'rest', nullif(is_rest, false), 'currency', currency))"               \
    "    || CASE WHEN $2 IS NOT NULL THEN jsonb_build_object($2, " BUCKET ") ELSE '{}' END"        \
    "    || CASE WHEN class IS NULL THEN " NUMBERS                                                 \
    "       ELSE jsonb_build_object('class', class, 'quantity', quantity) END"                     \
    "    ORDER BY bucket, is_rest, place, vendor, model, contract, grp, device, currency, class)"  \
    "    FROM items), '[]'), 'totals', coalesce((SELECT jsonb_agg(" NUMBERS                        \
    "      || jsonb_build_object('currency', currency) ORDER BY currency) FROM (SELECT "           \
    "currency, " SUMS " FROM used GROUP BY currency) t), '[]'), 'next', NULL) END"

/* What is asked for most, with nothing to be ranked or split: a third of the work of SHOWN. */
#define PLAIN                                                                                      \
    " used AS (SELECT CASE WHEN $1::bigint & 1 <> 0 THEN vendor_id END AS vendor,"                 \
    "    CASE WHEN $1 & 2 <> 0 THEN model END AS model,"                                           \
    "    CASE WHEN $1 & 4 <> 0 THEN contract_id END AS contract,"                                  \
    "    date_trunc($2::text, local) AS bucket, currency, " SUMS                                   \
    "  FROM source GROUP BY 1, 2, 3, 4, 5)"                                                        \
    "SELECT CASE WHEN (SELECT count(*) FROM used) <= $11::bigint THEN json_build_object("          \
    "  'as_of', now(), 'items', coalesce((SELECT json_agg(json_strip_nulls(json_build_object("     \
    "      'vendor', vendor, 'model', model, 'contract', contract, 'currency', currency,"          \
    "      coalesce($2, 'day'), CASE WHEN $2 IS NOT NULL THEN " BUCKET " END, " NUMBER_PAIRS       \
    "    )) ORDER BY bucket, vendor, model, contract, currency) FROM used), '[]'),"                \
    "  'totals', coalesce((SELECT json_agg(json_build_object('currency', currency, " NUMBER_PAIRS  \
    "    ) ORDER BY currency) FROM (SELECT currency, " SUMS " FROM used GROUP BY currency) t),"    \
    "    '[]'), 'next', NULL) END"

#define NUMBERS_TEXT                                                                               \
    "concat_ws(',', attempts, failed, uncertain, requests, input_uncached, input_cached,"          \
    " cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images,"    \
    " video_ms, trim_scale(price))"

#define NAMES_TEXT                                                                                 \
    "concat_ws(',', coalesce(" BUCKET ", ''), myna.csv_field(vendor), myna.csv_field(model),"      \
    " myna.csv_field(contract), myna.csv_field(grp), myna.csv_field(device))"

#define AS_CSV                                                                                     \
    "lines AS (SELECT bucket, vendor, model, contract, grp, device, currency, NULL AS class,"      \
    "    concat(" NAMES_TEXT ", ',,,', " NUMBERS_TEXT ", ',', currency, E'\\r\\n') AS line"        \
    "  FROM keyed WHERE $1 & 64 = 0 UNION ALL"                                                     \
    "  SELECT bucket, vendor, model, contract, grp, device, currency, k.class,"                    \
    "    concat(" NAMES_TEXT ", ',', k.class, ',', k.quantity, ',,,,,,,,,,,,,,,,',"                \
    "      currency, E'\\r\\n')"                                                                   \
    "  FROM keyed CROSS JOIN LATERAL " CLASSES " WHERE $1 & 64 <> 0 AND k.quantity > 0)"           \
    " SELECT line FROM lines"                                                                      \
    " ORDER BY bucket, vendor, model, contract, grp, device, currency, class"

enum source { FROM_DAYS, FROM_HOURS };

/* Sums by day do where every contract has that zone. */
static enum status is_everybodys(struct store *store, const char *zone, bool *out)
{
    STORE_STATEMENT(ask, "SELECT NOT EXISTS (SELECT FROM myna.contract WHERE zone <> $1)");
    struct result result = {0};
    enum status status = store_query(store, &ask, STORE_VALUES(value_text(zone)), &result);

    if (status != STATUS_OK)
        return status;
    *out = result_bool(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

static enum status choose(struct store *store, const struct usage_sums_order *order,
                          enum source *out)
{
    bool by_day = (order->by & (USAGE_SUMS_GROUP | USAGE_SUMS_DEVICE)) == 0 &&
                  order->group == NULL && order->device == NULL &&
                  (order->unit == NULL || strcmp(order->unit, "hour") != 0);
    enum status status = STATUS_OK;

    if (order->zone != NULL)
        status = contracts_check_zone(store, order->zone);
    if (status == STATUS_OK && by_day && order->zone != NULL)
        status = is_everybodys(store, order->zone, &by_day);
    *out = by_day ? FROM_DAYS : FROM_HOURS;
    return status;
}

#define ORDER_VALUES(order)                                                                        \
    value_int((order)->by), value_text((order)->unit), value_text((order)->from),                  \
        value_text((order)->to), value_text((order)->zone), value_text((order)->vendor),           \
        value_text((order)->model), value_text((order)->contract), value_text((order)->group),     \
        value_text((order)->device)

static bool is_plain(const struct usage_sums_order *order)
{
    return (order->by & USAGE_SUMS_CLASS) == 0 && order->top == 0 && order->sort == NULL;
}

struct reading {
    const struct usage_sums_order *order;
    enum source source;
    struct arena *arena;
    struct span *json;
};

/* Sums of ten thousand robots fit into this; with the usual 4 MB all their hours would be sorted on
 * disk first. */
static enum status read_sums(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(widen, "SELECT set_config('work_mem', '64MB', true),"
                           " set_config('plan_cache_mode', 'force_custom_plan', true)");
    STORE_STATEMENT(plain, BY_DAY PLAIN);
    STORE_STATEMENT(by_day, BY_DAY KEYED SHOWN AS_JSON);
    STORE_STATEMENT(by_hour, BY_HOUR("") KEYED SHOWN AS_JSON);
    const struct reading *reading = context;
    const struct usage_sums_order *order = reading->order;
    enum status status = STATUS_OK;

    if (reading->source == FROM_DAYS && is_plain(order))
        return store_exec_json(conn, &plain,
                               STORE_VALUES(ORDER_VALUES(order), value_int(USAGE_SUMS_ROWS)),
                               reading->arena, reading->json);
    if (reading->source == FROM_HOURS)
        status = store_exec(conn, &widen, STORE_NO_VALUES, NULL);
    if (status != STATUS_OK)
        return status;
    return store_exec_json(conn, reading->source == FROM_DAYS ? &by_day : &by_hour,
                           STORE_VALUES(ORDER_VALUES(order), value_int(order->top),
                                        value_text(order->sort), value_int(USAGE_SUMS_ROWS)),
                           reading->arena, reading->json);
}

/* One statement alone needs no transaction. */
static enum status read_days(struct store *store, struct reading *reading)
{
    struct store_conn *conn;
    enum status status = store_acquire(store, &conn);

    if (status != STATUS_OK)
        return status;
    status = read_sums(conn, reading);
    store_release(store, conn);
    return status;
}

enum status usage_sums_read(struct store *store, const struct usage_sums_order *order,
                            struct arena *arena, struct span *json)
{
    struct reading reading = {.order = order, .arena = arena, .json = json};
    enum status status = choose(store, order, &reading.source);

    if (status != STATUS_OK)
        return status;
    status = reading.source == FROM_DAYS ? read_days(store, &reading)
                                         : store_transaction(store, read_sums, &reading);
    return status == STATUS_NOT_FOUND ? STATUS_FULL : status;
}

/* ---- CSV ---- */

struct file {
    const struct usage_sums_order *order;
    enum source source;
    usage_sums_add add;
    void *sink;
    struct buffer text; /* not handed on yet */
};

static enum status hand_on(struct file *file)
{
    enum status status = file->add(file->sink, buffer_span(&file->text));

    buffer_clear(&file->text);
    return status;
}

static enum status add_line(void *context, const struct result *row)
{
    struct file *file = context;
    const struct span line = result_span(row, 0, 0);
    enum status status = STATUS_OK;

    if (buffer_span(&file->text).size + line.size > PIECE_BYTES)
        status = hand_on(file);
    buffer_add(&file->text, line);
    return status == STATUS_OK ? buffer_status(&file->text) : status;
}

/* Days, both inclusive, and beside them hours, of which the last is not meant. NULL: no bound. */
struct part {
    const char *from, *to;
    const char *since, *until;
};

static enum status write_part(struct store_conn *conn, struct file *file, const struct part *part)
{
    STORE_STATEMENT(by_day, BY_DAY KEYED AS_CSV);
    STORE_STATEMENT(by_hour, BY_HOUR(BETWEEN) KEYED AS_CSV);
    struct usage_sums_order order = *file->order;

    order.from = part->from;
    order.to = part->to;
    if (file->source == FROM_DAYS)
        return store_each(conn, &by_day, STORE_VALUES(ORDER_VALUES(&order)), add_line, file);
    return store_each(
        conn, &by_hour,
        STORE_VALUES(ORDER_VALUES(&order), value_text(part->since), value_text(part->until)),
        add_line, file);
}

/* Where one period ends and the next begins, between the bounds of the order, as far as there is
 * something to be told apart: of days in whichever zone they are meant, of hours those of UTC. */
static enum status find_cuts(struct store_conn *conn, const struct usage_sums_order *order,
                             struct result *out)
{
    STORE_STATEMENT(cuts, "WITH held AS (SELECT min(day)::timestamp AS a, max(day)::timestamp AS b"
                          "   FROM myna.usage_day),"
                          " cut AS (SELECT c::date AS day FROM held, generate_series("
                          "     date_trunc($1::text, a), b + interval '1 day', CASE $1"
                          "     WHEN 'quarter' THEN interval '3 months'"
                          "     ELSE ('1 ' || $1)::interval END) c"
                          "   WHERE c::date > $2::text::date"
                          "   AND ($3::text IS NULL OR c::date <= $3::text::date)),"
                          " start AS (SELECT $2::text::date AS day UNION ALL SELECT day FROM cut)"
                          "SELECT day::text, lead(day) OVER w::text, (lead(day) OVER w - 1)::text"
                          " FROM start WINDOW w AS (ORDER BY day) ORDER BY start.day");
    const bool is_fine = strcmp(order->unit, "hour") == 0;

    return store_exec(conn, &cuts,
                      STORE_VALUES(value_text(is_fine ? "day" : order->unit),
                                   value_text(order->from), value_text(order->to)),
                      out);
}

static const char *cut_at(const struct result *cuts, size_t row, int column)
{
    return result_is_null(cuts, row, column) ? NULL : result_text(cuts, row, column);
}

/* Hours are cut by UTC: of contracts in several zones a day of the one ends in the midst of
 * another's. */
static enum status write_parts(struct store_conn *conn, struct file *file,
                               const struct result *cuts)
{
    const struct usage_sums_order *order = file->order;
    const bool by_hour = strcmp(order->unit, "hour") == 0;
    const size_t count = result_count(cuts);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct part hours = {.from = order->from,
                                   .to = order->to,
                                   .since = i == 0 ? NULL : cut_at(cuts, i, 0),
                                   .until = cut_at(cuts, i, 1)};
        const struct part days = {.from = cut_at(cuts, i, 0),
                                  .to = i + 1 == count ? order->to : cut_at(cuts, i, 2)};

        status = write_part(conn, file, by_hour ? &hours : &days);
        if (status == STATUS_OK)
            status = hand_on(file);
    }
    return status;
}

/* One moment for all parts; plans that know their bounds; more memory for sums and more time than a
 * request has, for whoever asks for a year is told so by the rows that come meanwhile. */
static enum status prepare_to_write(struct store_conn *conn)
{
    STORE_STATEMENT(moment, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    STORE_STATEMENT(widen, "SELECT set_config('work_mem', '64MB', true),"
                           " set_config('statement_timeout', '120s', true),"
                           " set_config('plan_cache_mode', 'force_custom_plan', true)");
    enum status status = store_exec(conn, &moment, STORE_NO_VALUES, NULL);

    return status == STATUS_OK ? store_exec(conn, &widen, STORE_NO_VALUES, NULL) : status;
}

static enum status write_file(struct store_conn *conn, void *context)
{
    struct file *file = context;
    const struct usage_sums_order *order = file->order;
    const struct part whole = {.from = order->from, .to = order->to};
    struct result cuts = {0};
    enum status status = prepare_to_write(conn);

    if (status != STATUS_OK)
        return status;
    if (file->source == FROM_DAYS || order->unit == NULL || order->from == NULL)
        return write_part(conn, file, &whole);
    status = find_cuts(conn, order, &cuts);
    if (status == STATUS_OK)
        status = write_parts(conn, file, &cuts);
    result_release(&cuts);
    return status;
}

enum status usage_sums_check(struct store *store, const struct usage_sums_order *order)
{
    enum source source;

    return choose(store, order, &source);
}

enum status usage_sums_csv(struct store *store, const struct usage_sums_order *order,
                           usage_sums_add add, void *sink)
{
    struct file file = {.order = order, .add = add, .sink = sink};
    enum status status = choose(store, order, &file.source);

    if (status != STATUS_OK)
        return status;
    buffer_init(&file.text, (size_t)2 * PIECE_BYTES);
    buffer_text(&file.text, HEAD);
    status = store_transaction(store, write_file, &file);
    if (status == STATUS_OK)
        status = hand_on(&file);
    buffer_release(&file.text);
    return status;
}
