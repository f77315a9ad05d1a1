#include "server/store/deliveries.h"

#include "schema/base/json.h"
#include "server/store/alarm.h"
#include "server/store/alert_kinds.h"
#include "server/store/alert_words.h"
#include "server/store/columns.h"

/* ---- sending ---- */

struct taking {
    struct arena *arena;
    struct deliveries_claim *out;
};

/* "due" is no subquery of FROM: a plan may run that anew for each channel, and find the next one
 * each time, since the one before is taken by then. */
static enum status take_channel(struct store_conn *conn, const struct taking *taking)
{
    STORE_STATEMENT(
        take, "WITH due AS (SELECT x.channel_id FROM myna.channel x"
              "   WHERE x.enabled AND x.free_at <= now()"
              "   AND EXISTS (SELECT FROM myna.delivery d WHERE d.channel_id = x.channel_id"
              "               AND d.status = 'waiting' AND d.next_due <= now())"
              "   ORDER BY x.free_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
              "UPDATE myna.channel c SET free_at = now() + $1 * interval '1 ms' FROM due"
              " WHERE c.channel_id = due.channel_id"
              " RETURNING c.channel_id, c.kind, c.url_wrapped, c.secret_wrapped, c.login, c.sender,"
              "   c.recipients, (extract(epoch FROM c.created_at) * 1000000)::bigint");
    struct deliveries_channel *channel = &taking->out->channel;
    struct result result;
    enum status status =
        store_exec(conn, &take, STORE_VALUES(value_int(DELIVERIES_LEASE_MS)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) > 0) {
        *channel = (struct deliveries_channel){
            .channel_id = arena_text(taking->arena, result_span(&result, 0, 0)),
            .kind = arena_text(taking->arena, result_span(&result, 0, 1)),
            .url_wrapped = result_copy(&result, 0, 2, taking->arena),
            .secret_wrapped = result_copy(&result, 0, 3, taking->arena),
            .login = arena_text(taking->arena, result_span(&result, 0, 4)),
            .sender = arena_text(taking->arena, result_span(&result, 0, 5)),
            .recipients = result_copy(&result, 0, 6, taking->arena),
            .made_us = result_int(&result, 0, 7),
        };
    } else {
        status = STATUS_NOT_FOUND;
    }
    result_release(&result);
    return status;
}

static void row_from(const struct result *result, size_t i, struct arena *arena,
                     struct deliveries_row *row)
{
    *row = (struct deliveries_row){
        .delivery_id = result_int(result, i, 0),
        .revision = result_int(result, i, 1),
        .attempts = result_int(result, i, 2),
        .event = arena_text(arena, result_span(result, i, 3)),
        .alert_id = result_int(result, i, 4),
        .kind = arena_text(arena, result_span(result, i, 5)),
        .severity = arena_text(arena, result_span(result, i, 6)),
        .subject = arena_text(arena, result_span(result, i, 7)),
        .detail = result_copy(result, i, 8, arena),
        .count = result_int(result, i, 9),
        .first_at_ms = result_time(result, i, 10),
        .last_at_ms = result_time(result, i, 11),
        .title = arena_text(arena, result_span(result, i, 12)),
        .link = arena_text(arena, result_span(result, i, 13)),
        .cure = arena_text(arena, result_span(result, i, 14)),
    };
    if (row->kind != NULL)
        row->words = alert_words_of(row->kind, row->detail, arena);
}

static enum status take_rows(struct store_conn *conn, const struct taking *taking)
{
    STORE_STATEMENT(
        take,
        "WITH due AS (SELECT delivery_id FROM myna.delivery WHERE channel_id = $1"
        "   AND status = 'waiting' AND next_due <= now()"
        "   ORDER BY next_due, delivery_id LIMIT $2 FOR UPDATE SKIP LOCKED),"
        " taken AS (UPDATE myna.delivery d SET attempts = d.attempts + 1,"
        "     next_due = now() + $3 * interval '1 ms'"
        "   FROM due WHERE d.delivery_id = due.delivery_id RETURNING d.*)"
        "SELECT t.delivery_id, t.revision, t.attempts, t.event, coalesce(t.alert_id, 0),"
        "  coalesce(a.kind, ''), coalesce(a.severity, 'info'), coalesce(a.subject, ''), a.detail,"
        "  a.count, a.first_at, a.last_at, coalesce(" ALERT_KINDS_TITLE ", '')," ALERT_KINDS_LINK
        "," ALERT_KINDS_CURE " FROM taken t LEFT JOIN myna.alert a USING (alert_id)" //
        ALERT_KINDS_JOIN("$4", "$5", "$6", "$7") " ORDER BY t.delivery_id");
    struct deliveries_claim *out = taking->out;
    struct value values[3 + ALERT_KINDS_COLUMNS] = {value_text(out->channel.channel_id),
                                                    value_int(DELIVERIES_CLAIM_MAX),
                                                    value_int(DELIVERIES_LEASE_MS)};
    struct result result;

    alert_kinds_columns(taking->arena, values + 3);
    if (arena_failed(taking->arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &take, values, sizeof values / sizeof *values, &result);
    if (status != STATUS_OK)
        return status;
    out->count = result_count(&result);
    for (size_t i = 0; i < out->count; i++)
        row_from(&result, i, taking->arena, &out->rows[i]);
    result_release(&result);
    if (arena_failed(taking->arena))
        return STATUS_MEMORY;
    return out->count > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status take(struct store_conn *conn, void *context)
{
    const struct taking *taking = context;
    enum status status = take_channel(conn, taking);

    return status == STATUS_OK ? take_rows(conn, taking) : status;
}

enum status deliveries_take(struct store *store, struct arena *arena, struct deliveries_claim *out)
{
    struct taking taking = {arena, out};

    return store_transaction(store, take, &taking);
}

struct ending {
    const struct deliveries_claim *claim;
    const char *problem;
    int64_t pause_ms;
    int64_t attempts_max;
    struct arena *arena;
};

/* Before its rows, in the order of whoever changes or deletes the channel. STATUS_NOT_FOUND: it was
 * deleted, and its rows with it; a new one with its id knows nothing of the claim. */
static enum status free_channel(struct store_conn *conn, const struct ending *ending)
{
    STORE_STATEMENT(release,
                    "UPDATE myna.channel SET free_at = now() + $2 * interval '1 ms',"
                    " last_sent_at = CASE WHEN $3::text IS NULL THEN now() ELSE last_sent_at END,"
                    " last_problem = coalesce($3, '') WHERE channel_id = $1"
                    " AND (extract(epoch FROM created_at) * 1000000)::bigint = $4");
    const struct deliveries_channel *channel = &ending->claim->channel;
    struct result result;
    enum status status =
        store_exec(conn, &release,
                   STORE_VALUES(value_text(channel->channel_id), value_int(ending->pause_ms),
                                value_text(ending->problem), value_int(channel->made_us)),
                   &result);

    if (status != STATUS_OK)
        return status;
    status = result_affected(&result) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

/* The claimed rows as unnest($1, $2, $3): id, revision, attempts. */
static enum status claim_columns(const struct ending *ending, struct value out[3])
{
    const struct columns columns = {ending->arena, ending->claim->rows, ending->claim->count,
                                    sizeof *ending->claim->rows};

    out[0] = columns_int(&columns, offsetof(struct deliveries_row, delivery_id));
    out[1] = columns_int(&columns, offsetof(struct deliveries_row, revision));
    out[2] = columns_int(&columns, offsetof(struct deliveries_row, attempts));
    return arena_failed(ending->arena) ? STATUS_MEMORY : STATUS_OK;
}

static const char *subject(const struct ending *ending)
{
    return arena_format(ending->arena, "channel/%s", ending->claim->channel.channel_id);
}

static enum status arrived(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        note, "UPDATE myna.delivery d SET"
              "   status = CASE WHEN d.revision = v.revision THEN 'sent' ELSE 'waiting' END,"
              "   attempts = CASE WHEN d.revision = v.revision THEN d.attempts ELSE 0 END,"
              "   done_at = CASE WHEN d.revision = v.revision THEN now() END,"
              "   next_due = greatest(now(), (SELECT a.settles_until FROM myna.alert a"
              "     WHERE a.alert_id = d.alert_id AND a.state = 'cleared')), problem = ''"
              " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(id, revision, attempts)"
              " WHERE d.delivery_id = v.id AND d.attempts = v.attempts AND d.status = 'waiting'");
    const struct ending *ending = context;
    struct value values[3];
    enum status status = claim_columns(ending, values);

    if (status == STATUS_OK)
        status = free_channel(conn, ending);
    if (status == STATUS_OK)
        status = store_exec(conn, &note, values, 3, NULL);
    if (status == STATUS_OK)
        status = alarm_clear(conn, "delivery_failed", subject(ending));
    return status;
}

static enum status note_ending(struct store *store, store_work work, struct ending *ending)
{
    enum status status = store_transaction(store, work, ending);

    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status deliveries_arrived(struct store *store, const struct deliveries_claim *claim,
                               int64_t gap_ms, struct arena *arena)
{
    struct ending ending = {.claim = claim, .pause_ms = gap_ms, .arena = arena};

    return note_ending(store, arrived, &ending);
}

/* The problem may quote what a receiver answered. */
static const char *failure_detail(const struct ending *ending, int64_t dead)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, 4096);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "problem");
    json_write_text(&writer, span_text(ending->problem));
    json_key(&writer, "dead");
    json_write_int(&writer, dead);
    json_end_object(&writer);
    const char *text = arena_text(ending->arena, buffer_span(&out));
    buffer_release(&out);
    return text;
}

static enum status failed(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        note, "WITH failed AS (UPDATE myna.delivery d SET problem = $4,"
              "   status = CASE WHEN d.attempts >= $6 THEN 'dead' ELSE 'waiting' END,"
              "   done_at = CASE WHEN d.attempts >= $6 THEN now() END,"
              "   next_due = now() + $5 * interval '1 ms'"
              " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS v(id, revision, attempts)"
              " WHERE d.delivery_id = v.id AND d.attempts = v.attempts AND d.status = 'waiting'"
              " RETURNING d.status) SELECT count(*) FILTER (WHERE status = 'dead') FROM failed");
    const struct ending *ending = context;
    struct value values[6] = {[3] = value_text(ending->problem),
                              [4] = value_int(ending->pause_ms),
                              [5] = value_int(ending->attempts_max)};
    enum status status = claim_columns(ending, values);
    struct result result;

    if (status == STATUS_OK)
        status = free_channel(conn, ending);
    if (status == STATUS_OK)
        status = store_exec(conn, &note, values, 6, &result);
    if (status != STATUS_OK)
        return status;
    int64_t dead = result_int(&result, 0, 0);
    result_release(&result);
    if (dead == 0)
        return STATUS_OK;
    const struct alarm alarm = {"delivery_failed", "critical", subject(ending),
                                failure_detail(ending, dead)};
    return alarm_raise(conn, ending->arena, &alarm, 1);
}

enum status deliveries_failed(struct store *store, const struct deliveries_claim *claim,
                              const char *problem, int64_t delay_ms, int64_t attempts_max,
                              struct arena *arena)
{
    struct ending ending = {claim, problem, delay_ms, attempts_max, arena};

    return note_ending(store, failed, &ending);
}

enum status deliveries_shed(struct store *store)
{
    STORE_STATEMENT(shed,
                    "WITH ranked AS (SELECT delivery_id, row_number() OVER (PARTITION BY channel_id"
                    "     ORDER BY delivery_id DESC) AS place FROM myna.delivery"
                    "   WHERE status = 'waiting')"
                    " UPDATE myna.delivery d SET status = 'dead', done_at = now(),"
                    "   problem = 'too much was waiting for the channel'"
                    " FROM ranked r WHERE r.delivery_id = d.delivery_id AND r.place > $1"
                    " AND d.status = 'waiting'");

    return store_query(store, &shed, STORE_VALUES(value_int(DELIVERIES_WAIT_MAX)), NULL);
}

/* ---- the API ---- */

enum status deliveries_list(struct store *store, const char *status, const char *channel_id,
                            int64_t after, int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list, "WITH page AS (SELECT " DELIVERIES_JSON " AS item, d.delivery_id,"
              "    row_number() OVER (ORDER BY d.delivery_id DESC) AS n"
              "  FROM myna.delivery d WHERE ($1 = 0 OR d.delivery_id < $1)"
              "  AND ($3::text IS NULL OR d.status = $3)"
              "  AND ($4::text IS NULL OR d.channel_id = $4)"
              "  ORDER BY d.delivery_id DESC LIMIT $2 + 1)"
              "SELECT jsonb_build_object("
              "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
              "  'next', CASE WHEN count(*) > $2 THEN min(delivery_id) FILTER (WHERE n <= $2) END)"
              "FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_int(after), value_int(limit), value_text(status),
                                   value_text(channel_id)),
                      arena, json);
}

enum status deliveries_get(struct store *store, int64_t delivery_id, struct arena *arena,
                           struct document *out)
{
    STORE_STATEMENT(get, "SELECT " DELIVERIES_JSON
                         ", d.delivery_id FROM myna.delivery d WHERE d.delivery_id = $1");

    return document_read(store, &get, STORE_VALUES(value_int(delivery_id)), arena, out);
}

enum status deliveries_test(struct store *store, const struct author *author,
                            const char *channel_id, struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        test, "WITH c AS (SELECT channel_id, enabled FROM myna.channel WHERE channel_id = $3),"
              " d AS (INSERT INTO myna.delivery (channel_id, event)"
              "       SELECT c.channel_id, 'test' FROM c WHERE c.enabled RETURNING *),"
              " free AS (UPDATE myna.channel n SET free_at = least(n.free_at, now()) FROM d"
              "          WHERE n.channel_id = d.channel_id RETURNING 1),"
              " done AS (SELECT min(myna.audit_append($1, $2, 'channel.test',"
              "             'channel/' || d.channel_id, NULL,"
              "             jsonb_build_object('delivery', d.delivery_id))),"
              "           min(pg_notify('myna_notices', '')::text)"
              "         FROM d CROSS JOIN (SELECT count(*) FROM free) n)"
              "SELECT CASE WHEN d.delivery_id IS NOT NULL THEN " DELIVERIES_JSON " END,"
              " d.delivery_id FROM done, c LEFT JOIN d USING (channel_id)");

    return document_change(
        store, &test,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(channel_id)),
        arena, out);
}

enum status deliveries_retry(struct store *store, const struct author *author, int64_t delivery_id,
                             struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        retry,
        "WITH old AS (SELECT * FROM myna.delivery WHERE delivery_id = $3 FOR UPDATE),"
        " d AS (UPDATE myna.delivery n SET status = 'waiting', attempts = 0, next_due = now(),"
        "         done_at = NULL, revision = n.revision + 1 FROM old"
        "       WHERE n.delivery_id = old.delivery_id AND old.status = 'dead'"
        "       AND NOT EXISTS (SELECT FROM myna.delivery o WHERE o.channel_id = old.channel_id"
        "                       AND o.alert_id = old.alert_id AND o.status = 'waiting')"
        "       RETURNING n.*),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'delivery.retry',"
        "             'delivery/' || d.delivery_id, jsonb_build_object('status', 'dead'),"
        "             jsonb_build_object('status', 'waiting', 'channel', d.channel_id))),"
        "           min(pg_notify('myna_notices', '')::text) FROM d)"
        "SELECT CASE WHEN d.delivery_id IS NOT NULL THEN " DELIVERIES_JSON " END, old.delivery_id"
        " FROM done, old LEFT JOIN d USING (delivery_id)");

    return document_change(
        store, &retry,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(delivery_id)),
        arena, out);
}
