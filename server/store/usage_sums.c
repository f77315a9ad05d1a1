#include "server/store/usage_sums.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/buffer.h"
#include "server/store/contracts.h"

#define SPOOL_BYTES ((size_t)64 << 10)

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
#define BY_HOUR                                                                                    \
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
    "      (SELECT m.device_id FROM myna.group_member m WHERE m.group_id = $9))),"

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

#define NUMBERS                                                                                    \
    "jsonb_build_object('attempts', attempts, 'failed', failed, 'uncertain', uncertain,"           \
    " 'requests', requests, 'input_uncached', input_uncached, 'input_cached', input_cached,"       \
    " 'cache_write_5m', cache_write_5m, 'cache_write_1h', cache_write_1h, 'output', output,"       \
    " 'reasoning', reasoning, 'audio_in_ms', audio_in_ms, 'audio_out_chars', audio_out_chars,"     \
    " 'images', images, 'video_ms', video_ms, 'price', trim_scale(price)::text)"

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
    STORE_STATEMENT(widen, "SELECT set_config('work_mem', '64MB', true)");
    STORE_STATEMENT(by_day, BY_DAY KEYED SHOWN AS_JSON);
    STORE_STATEMENT(by_hour, BY_HOUR KEYED SHOWN AS_JSON);
    const struct reading *reading = context;
    const struct usage_sums_order *order = reading->order;
    enum status status = STATUS_OK;

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

struct spool {
    int fd;
    struct buffer text;
    uint64_t size;
};

static enum status flush(struct spool *spool)
{
    const struct span text = buffer_span(&spool->text);

    for (size_t done = 0; done < text.size;) {
        ssize_t written = write(spool->fd, text.data + done, text.size - done);

        if (written <= 0)
            return STATUS_FULL;
        done += (size_t)written;
    }
    spool->size += text.size;
    buffer_clear(&spool->text);
    return STATUS_OK;
}

static enum status add_line(void *context, const struct result *row)
{
    struct spool *spool = context;
    const struct span line = result_span(row, 0, 0);
    enum status status = STATUS_OK;

    if (buffer_span(&spool->text).size + line.size > SPOOL_BYTES)
        status = flush(spool);
    buffer_add(&spool->text, line);
    return status == STATUS_OK ? buffer_status(&spool->text) : status;
}

static enum status fill(struct store *store, const struct usage_sums_order *order,
                        enum source source, struct spool *spool)
{
    STORE_STATEMENT(by_day, BY_DAY KEYED AS_CSV);
    STORE_STATEMENT(by_hour, BY_HOUR KEYED AS_CSV);
    struct store_conn *conn;
    enum status status = store_acquire(store, &conn);

    if (status != STATUS_OK)
        return status;
    buffer_text(&spool->text, HEAD);
    status = store_each(conn, source == FROM_DAYS ? &by_day : &by_hour,
                        STORE_VALUES(ORDER_VALUES(order)), add_line, spool);
    store_release(store, conn);
    return status == STATUS_OK ? flush(spool) : status;
}

/* A file that is gone with its last descriptor. */
static int open_nameless(void)
{
    char path[] = "/var/tmp/mynad-usage-XXXXXX";
    int fd = mkstemp(path);

    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        unlink(path);
    }
    return fd;
}

enum status usage_sums_csv(struct store *store, const struct usage_sums_order *order, int *fd,
                           uint64_t *size)
{
    struct spool spool = {.fd = -1};
    enum source source;
    enum status status = choose(store, order, &source);

    if (status != STATUS_OK)
        return status;
    spool.fd = open_nameless();
    if (spool.fd < 0)
        return STATUS_IO;
    buffer_init(&spool.text, 2 * SPOOL_BYTES);
    status = fill(store, order, source, &spool);
    buffer_release(&spool.text);
    if (status != STATUS_OK) {
        close(spool.fd);
        return status;
    }
    *fd = spool.fd;
    *size = spool.size;
    return STATUS_OK;
}
