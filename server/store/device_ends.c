#include "server/store/device_ends.h"

#include <string.h>

#include "server/store/devices.h"

#define ANY_STATUS                                                                                 \
    {                                                                                              \
        "active", "quarantined", "revoked", "retired"                                              \
    }
#define IN_FLEET                                                                                   \
    {                                                                                              \
        "active", "quarantined"                                                                    \
    }

struct change {
    const char *action, *status; /* that it becomes */
    const char *from[4];         /* what changes; another one of fits stays as it is */
    const char *fits[4];
};

static const struct change changes[] = {
    [DEVICE_ENDS_REVOKE] = {"device.revoke",
                            "revoked",
                            {"active", "quarantined", "retired"},
                            ANY_STATUS},
    [DEVICE_ENDS_RETIRE] = {"device.retire",
                            "retired",
                            {"active", "quarantined", "revoked"},
                            ANY_STATUS},
    [DEVICE_ENDS_QUARANTINE] = {"device.quarantine", "quarantined", {"active"}, IN_FLEET},
    [DEVICE_ENDS_RELEASE] = {"device.release", "active", {"quarantined"}, IN_FLEET},
};

static struct value list_of(const char *const texts[4])
{
    size_t count = 0;

    while (count < 4 && texts[count])
        count++;
    return value_text_array(texts, count);
}

enum status device_ends_put(struct store_conn *conn, const struct author *author,
                            const struct device_ends_turn *turn, struct arena *arena)
{
    STORE_STATEMENT(
        put, "WITH old AS (SELECT * FROM myna.device WHERE device_id = $3 FOR UPDATE),"
             " new AS (UPDATE myna.device d SET status = $5, version = d.version + 1"
             "         FROM old WHERE d.device_id = old.device_id AND old.status = ANY ($6::text[])"
             "         RETURNING d.*),"
             " moved AS (SELECT myna.group_refresh(NULL, ARRAY[new.device_id::text]) FROM new),"
             " done AS (SELECT min(myna.audit_append($1, $2, $4, 'device/' || new.device_id,"
             "             jsonb_build_object('status', old.status), jsonb_strip_nulls("
             "               jsonb_build_object('status', new.status, 'reason', $8::text)))),"
             "           min(myna.tell('device', new.device_id)::text),"
             "           min(pg_notify('myna_outbox', 'revoked')::text)"
             "         FROM new JOIN old USING (device_id)"
             "         CROSS JOIN (SELECT count(*) FROM moved) m)"
             "SELECT CASE WHEN old.status = ANY ($7::text[]) THEN to_jsonb(old.status) END,"
             " old.version FROM done, old LEFT JOIN new USING (device_id)");
    const struct change *change = &changes[turn->kind];
    struct document ignored;

    return document_exec(conn, &put,
                         STORE_VALUES(value_text(author->actor), value_text(author->source),
                                      value_text(turn->device_id), value_text(change->action),
                                      value_text(change->status), list_of(change->from),
                                      list_of(change->fits), value_text(turn->reason)),
                         arena, &ignored);
}

struct turning {
    const struct author *author;
    struct device_ends_turn turn;
    struct arena *arena;
};

static enum status put_it(struct store_conn *conn, void *context)
{
    const struct turning *turning = context;

    return device_ends_put(conn, turning->author, &turning->turn, turning->arena);
}

static enum status reread(struct store *store, enum status status, const char *device_id,
                          struct arena *arena, struct document *out)
{
    return status == STATUS_OK ? devices_get(store, device_id, arena, out) : status;
}

enum status device_ends_make(struct store *store, const struct author *author,
                             const struct device_ends_turn *turn, struct arena *arena,
                             struct document *out)
{
    struct turning turning = {author, *turn, arena};
    enum status status = store_transaction(store, put_it, &turning);

    return reread(store, status, turn->device_id, arena, out);
}

struct swapping {
    const struct author *author;
    const char *device_id, *by;
    bool done; /* an earlier request did it */
};

/* Locked in the order in which every transaction locks robots. */
static enum status look(struct store_conn *conn, struct swapping *swap)
{
    STORE_STATEMENT(lock, "SELECT device_id, status, coalesce(replaces, '') FROM myna.device"
                          " WHERE device_id IN ($1, $2) ORDER BY device_id FOR UPDATE");
    struct result rows;
    enum status status = store_exec(
        conn, &lock, STORE_VALUES(value_text(swap->device_id), value_text(swap->by)), &rows);

    if (status != STATUS_OK)
        return status;
    if (result_count(&rows) != 2)
        status = strcmp(swap->device_id, swap->by) == 0 ? STATUS_CONFLICT : STATUS_NOT_FOUND;
    for (size_t i = 0; i < result_count(&rows) && status == STATUS_OK; i++) {
        if (!span_equal_text(result_span(&rows, i, 0), swap->by))
            continue;
        const struct span replaces = result_span(&rows, i, 2);
        swap->done = span_equal_text(replaces, swap->device_id);
        if (!span_equal_text(result_span(&rows, i, 1), "active") ||
            (replaces.size > 0 && !swap->done))
            status = STATUS_CONFLICT;
    }
    result_release(&rows);
    return status;
}

/* The robot's own settings: those that the other has none of, as a revision of its layer. */
static enum status hand_settings(struct store_conn *conn, const struct swapping *swap)
{
    STORE_STATEMENT(
        hand,
        "WITH l AS (INSERT INTO myna.layer AS mine (layer_id, device_id, settings, changed_by)"
        "           SELECT 'device:' || $4::text, $4::text, settings, $1::text FROM myna.layer"
        "           WHERE device_id = $3 AND settings <> '{}'"
        "           ON CONFLICT (layer_id) DO UPDATE SET"
        "             settings = excluded.settings || mine.settings,"
        "             revision = mine.revision + 1, changed_at = now(),"
        "             changed_by = excluded.changed_by RETURNING *),"
        " history AS (INSERT INTO myna.layer_revision (layer_id, revision, settings, changed_at,"
        "               changed_by) SELECT layer_id, revision, settings, changed_at, changed_by"
        "             FROM l RETURNING 1)"
        "SELECT myna.audit_append($1, $2, 'layer.update', 'layer/' || l.layer_id, NULL,"
        "         l.settings), myna.tell('layer', l.layer_id)"
        " FROM l CROSS JOIN (SELECT count(*) FROM history) h");
    const struct author *author = swap->author;

    return store_exec(conn, &hand,
                      STORE_VALUES(value_text(author->actor), value_text(author->source),
                                   value_text(swap->device_id), value_text(swap->by)),
                      NULL);
}

static enum status hand_groups(struct store_conn *conn, const struct swapping *swap)
{
    STORE_STATEMENT(hand, "INSERT INTO myna.group_member (group_id, device_id)"
                          " SELECT m.group_id, $2::text FROM myna.group_member m"
                          " JOIN myna.device_group g USING (group_id)"
                          " WHERE m.device_id = $1 AND g.filter IS NULL ON CONFLICT DO NOTHING");

    return store_exec(conn, &hand, STORE_VALUES(value_text(swap->device_id), value_text(swap->by)),
                      NULL);
}

static enum status hand_over(struct store_conn *conn, const struct swapping *swap)
{
    STORE_STATEMENT(
        hand,
        "WITH old AS (UPDATE myna.device d SET status = 'revoked', version = d.version + 1"
        "             WHERE d.device_id = $3 RETURNING d.*),"
        " new AS (UPDATE myna.device d SET replaces = old.device_id, version = d.version + 1,"
        "           licence_from = old.device_id, licence_since = now(),"
        "           name = CASE WHEN d.name = '' THEN old.name ELSE d.name END,"
        "           region = CASE WHEN d.region = '' THEN old.region ELSE d.region END,"
        "           labels = old.labels || d.labels FROM old WHERE d.device_id = $4 RETURNING d.*),"
        " touched AS (SELECT myna.touch_devices(ARRAY[new.device_id::text]) FROM new),"
        " moved AS (SELECT myna.group_refresh(NULL, ARRAY[old.device_id::text,"
        "             new.device_id::text]) FROM old, new"
        "           CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT myna.audit_append($1, $2, 'device.swap', 'device/' || old.device_id, NULL,"
        "         jsonb_build_object('by', new.device_id, 'status', old.status)),"
        "       myna.audit_append($1, $2, 'device.replace', 'device/' || new.device_id, NULL,"
        "         jsonb_build_object('replaces', old.device_id, 'name', new.name,"
        "           'region', new.region, 'labels', new.labels)),"
        "       myna.tell('device', old.device_id), myna.tell('device', new.device_id),"
        "       pg_notify('myna_outbox', 'revoked')"
        " FROM old, new CROSS JOIN (SELECT count(*) FROM moved) m");
    const struct author *author = swap->author;

    return store_exec(conn, &hand,
                      STORE_VALUES(value_text(author->actor), value_text(author->source),
                                   value_text(swap->device_id), value_text(swap->by)),
                      NULL);
}

static enum status swap_in(struct store_conn *conn, void *context)
{
    struct swapping *swap = context;
    enum status status = look(conn, swap);

    if (status != STATUS_OK || swap->done)
        return status;
    status = hand_settings(conn, swap);
    if (status == STATUS_OK)
        status = hand_groups(conn, swap);
    if (status == STATUS_OK)
        status = hand_over(conn, swap);
    return status;
}

enum status device_ends_swap(struct store *store, const struct author *author,
                             const char *device_id, const char *by, struct arena *arena,
                             struct document *out)
{
    struct swapping swap = {.author = author, .device_id = device_id, .by = by};
    enum status status = store_transaction(store, swap_in, &swap);

    return reread(store, status, by, arena, out);
}
