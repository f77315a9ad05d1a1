#include "server/store/channels.h"

#include "server/store/alarm.h"

#define CHANNEL_JSON                                                                               \
    "jsonb_build_object('id', c.channel_id, 'kind', c.kind, 'origin', c.origin, 'has_secret', "    \
    "c.secret_wrapped IS NOT NULL, 'login', c.login, 'from', c.sender, 'to', c.recipients, "       \
    "'min_severity', c.min_severity, 'enabled', c.enabled, 'version', c.version, 'created_at', "   \
    "c.created_at, 'last_sent_at', c.last_sent_at, 'last_problem', c.last_problem, 'waiting', "    \
    "(SELECT count(*) FROM myna.delivery d WHERE d.channel_id = c.channel_id AND d.status = "      \
    "'waiting'), 'dead', (SELECT count(*) FROM myna.delivery d WHERE d.channel_id = "              \
    "c.channel_id AND d.status = 'dead'))"
/* Without what is secret, and without what changes by itself. */
#define UNTOLD "'{url_wrapped,secret_wrapped,free_at,last_sent_at,last_problem}'::text[]"

enum status channels_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" CHANNEL_JSON
                          " ORDER BY c.channel_id), '[]'), 'next', NULL) FROM myna.channel c");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status channels_get(struct store *store, const char *channel_id, struct arena *arena,
                         struct document *out)
{
    STORE_STATEMENT(get, "SELECT " CHANNEL_JSON
                         ", c.version FROM myna.channel c WHERE c.channel_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(channel_id)), arena, out);
}

enum status channels_wrapped(struct store *store, const char *channel_id, struct arena *arena,
                             struct span *url, struct span *secret)
{
    STORE_STATEMENT(get, "SELECT c.url_wrapped, coalesce(c.secret_wrapped, '')"
                         " FROM myna.channel c WHERE c.channel_id = $1");
    struct result result;
    enum status status = store_query(store, &get, STORE_VALUES(value_text(channel_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0) {
        status = STATUS_NOT_FOUND;
    } else {
        *url = result_copy(&result, 0, 0, arena);
        *secret = result_copy(&result, 0, 1, arena);
    }
    result_release(&result);
    return status;
}

static struct value bytes_or_null(struct span bytes)
{
    return bytes.size > 0 ? value_bytes(bytes) : value_no_bytes();
}

static struct value json_or_null(struct span json)
{
    return json.size > 0 ? value_json(json) : value_no_json();
}

enum status channels_create(struct store *store, const struct author *author,
                            const char *channel_id, const struct channels_fields *fields,
                            struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        create,
        "WITH c AS (INSERT INTO myna.channel (channel_id, kind, url_wrapped, origin,"
        "             secret_wrapped, login, sender, recipients, min_severity, enabled)"
        "           VALUES ($3, $4, $5, $6, $7, coalesce($8, ''), coalesce($9, ''),"
        "             coalesce($10::jsonb, '[]'), coalesce($11, 'warning'), $12) RETURNING *),"
        " done AS (SELECT myna.audit_append($1, $2, 'channel.create',"
        "             'channel/' || c.channel_id, NULL, to_jsonb(c) - " UNTOLD "),"
        "   myna.tell('channel', c.channel_id) FROM c)"
        "SELECT " CHANNEL_JSON ", c.version FROM c, done");

    return document_change(
        store, &create,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(channel_id),
                     value_text(fields->kind), bytes_or_null(fields->url_wrapped),
                     value_text(fields->origin), bytes_or_null(fields->secret_wrapped),
                     value_text(fields->login), value_text(fields->sender),
                     json_or_null(fields->recipients), value_text(fields->min_severity),
                     value_bool(!fields->sets_enabled || fields->enabled)),
        arena, out);
}

enum status channels_update(struct store *store, const struct author *author,
                            const char *channel_id, int64_t if_version,
                            const struct channels_fields *fields, struct arena *arena,
                            struct document *out)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.channel WHERE channel_id = $3 FOR UPDATE),"
        " c AS (UPDATE myna.channel n SET url_wrapped = coalesce($5, n.url_wrapped),"
        "         origin = coalesce($6, n.origin),"
        "         secret_wrapped = coalesce($7, n.secret_wrapped),"
        "         login = coalesce($8, n.login), sender = coalesce($9, n.sender),"
        "         recipients = coalesce($10, n.recipients),"
        "         min_severity = coalesce($11, n.min_severity),"
        "         enabled = coalesce($12::text::boolean, n.enabled), version = n.version + 1, "
        "free_at = now()"
        "       FROM old WHERE n.channel_id = old.channel_id AND $4 IN (-1, old.version)"
        "       RETURNING n.*),"
        " again AS (UPDATE myna.delivery d SET next_due = now() FROM c"
        "           WHERE d.channel_id = c.channel_id AND d.status = 'waiting' RETURNING 1),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'channel.update',"
        "             'channel/' || c.channel_id, to_jsonb(old) - " UNTOLD ", to_jsonb(c) - " UNTOLD
        "               || jsonb_build_object('url_changed', $5::bytea IS NOT NULL,"
        "                                     'secret_changed', $7::bytea IS NOT NULL))),"
        "           min(myna.tell('channel', c.channel_id)::text),"
        "           min(pg_notify('myna_notices', '')::text)"
        "         FROM c JOIN old USING (channel_id)"
        "         CROSS JOIN (SELECT count(*) FROM again) n)"
        "SELECT to_jsonb(c.version), old.version FROM done, old LEFT JOIN c USING (channel_id)");
    enum status status = document_change(
        store, &update,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(channel_id),
                     value_int(if_version), bytes_or_null(fields->url_wrapped),
                     value_text(fields->origin), bytes_or_null(fields->secret_wrapped),
                     value_text(fields->login), value_text(fields->sender),
                     json_or_null(fields->recipients), value_text(fields->min_severity),
                     fields->sets_enabled ? value_text(fields->enabled ? "true" : "false")
                                          : value_text(NULL)),
        arena, out);

    return status == STATUS_OK ? channels_get(store, channel_id, arena, out) : status;
}

struct deletion {
    const struct author *author;
    const char *channel_id;
    int64_t if_version;
    struct arena *arena;
};

static enum status delete_in(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        drop, "WITH old AS (SELECT * FROM myna.channel WHERE channel_id = $3 FOR UPDATE),"
              " gone AS (DELETE FROM myna.channel c USING old"
              "          WHERE c.channel_id = old.channel_id AND $4 IN (-1, old.version)"
              "          RETURNING c.*),"
              " done AS (SELECT min(myna.audit_append($1, $2, 'channel.delete',"
              "             'channel/' || gone.channel_id, to_jsonb(gone) - " UNTOLD ", NULL)),"
              "           min(myna.tell('channel', gone.channel_id)::text) FROM gone)"
              "SELECT to_jsonb(gone.version), old.version"
              " FROM done, old LEFT JOIN gone USING (channel_id)");
    const struct deletion *deletion = context;
    struct document document;
    enum status status = document_exec(
        conn, &drop,
        STORE_VALUES(value_text(deletion->author->actor), value_text(deletion->author->source),
                     value_text(deletion->channel_id), value_int(deletion->if_version)),
        deletion->arena, &document);
    const char *subject = arena_format(deletion->arena, "channel/%s", deletion->channel_id);

    if (status != STATUS_OK || subject == NULL)
        return status != STATUS_OK ? status : STATUS_MEMORY;
    return alarm_end(conn, "delivery_failed", subject);
}

enum status channels_delete(struct store *store, const struct author *author,
                            const char *channel_id, int64_t if_version, struct arena *arena)
{
    struct deletion deletion = {author, channel_id, if_version, arena};

    return store_transaction(store, delete_in, &deletion);
}
