#include "server/store/commands.h"

#include <string.h>

#include "schema/base/crypto.h"

/* An operator who says something expects it now; what must happen waits for a robot to wake. */
#define SOON_S  120
#define LATER_S 3600
/* The owner is called to the robot meanwhile. */
#define ASKED_S 900

static const struct commands_kind kinds[] = {
    {"identify", SOON_S}, {"say", SOON_S},   {"restart", LATER_S}, {"report", SOON_S},
    {"picture", SOON_S},  {"probe", SOON_S}, {"forget", LATER_S},  {"bundle", ASKED_S},
};

const struct commands_kind *commands_find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* Whether the device may be told this now. Its row is locked, so that the count holds. */
static enum status check(struct store_conn *conn, const struct commands_order *order)
{
    STORE_STATEMENT(may, "SELECT d.status, (SELECT count(*) FROM myna.command c"
                         "  WHERE c.device_id = d.device_id AND c.kind = 'say'"
                         "  AND c.created_at > now() - interval '1 minute') "
                         "FROM myna.device d WHERE d.device_id = $1 FOR UPDATE");
    struct result result;
    enum status status =
        store_exec(conn, &may, STORE_VALUES(value_text(order->device_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else if (strcmp(result_text(&result, 0, 0), "active") != 0)
        status = STATUS_DENIED;
    else if (strcmp(order->kind, "say") == 0 &&
             result_int(&result, 0, 1) >= COMMANDS_SAY_PER_MINUTE)
        status = STATUS_FULL;
    result_release(&result);
    return status;
}

#define COMMAND_JSON                                                                               \
    "jsonb_build_object('id', c.command_id, 'device', c.device_id, 'kind', c.kind,"                \
    " 'text', c.text, 'status', c.status, 'reason', c.reason, 'created_at', c.created_at,"         \
    " 'created_by', c.created_by, 'expires_at', c.expires_at, 'replied_at', c.replied_at)"

enum status commands_put(struct store_conn *conn, const struct author *author,
                         const struct commands_order *order, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        insert, "WITH c AS (INSERT INTO myna.command (command_id, device_id, kind, text,"
                "             created_by, expires_at, send_due)"
                "           VALUES ($3, $4, $5, $6, $1, now() + make_interval(secs => $7), now())"
                "           RETURNING *),"
                " done AS (SELECT myna.audit_append($1, $2, 'command.create',"
                "             'device/' || c.device_id, NULL, jsonb_build_object("
                "               'id', c.command_id, 'kind', c.kind, 'text', c.text)),"
                "           myna.tell('command', c.device_id), pg_notify('myna_outbox', '')"
                "         FROM c)"
                "SELECT " COMMAND_JSON " FROM c, done");
    const struct commands_kind *kind = commands_find_kind(order->kind);
    uint8_t command_id[16];

    enum status status = kind != NULL ? check(conn, order) : STATUS_INVALID;
    if (status != STATUS_OK)
        return status;
    crypto_uuid(command_id);
    return store_exec_json(conn, &insert,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_uuid(command_id), value_text(order->device_id),
                                        value_text(kind->name), value_text(order->text),
                                        value_int(kind->expires_in_s)),
                           arena, json);
}

struct creation {
    const struct author *author;
    const struct commands_order *order;
    struct arena *arena;
    struct span *json;
};

static enum status create(struct store_conn *conn, void *context)
{
    const struct creation *creation = context;

    return commands_put(conn, creation->author, creation->order, creation->arena, creation->json);
}

enum status commands_create(struct store *store, const struct author *author,
                            const struct commands_order *order, struct arena *arena,
                            struct span *json)
{
    struct creation creation = {author, order, arena, json};

    return store_transaction(store, create, &creation);
}

enum status commands_get(struct store *store, const uint8_t command_id[16], struct arena *arena,
                         struct span *json)
{
    STORE_STATEMENT(get, "SELECT " COMMAND_JSON " FROM myna.command c WHERE command_id = $1");

    return store_json(store, &get, STORE_VALUES(value_uuid(command_id)), arena, json);
}

enum status commands_list(struct store *store, const char *device_id, const uint8_t *after,
                          int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list,
                    "WITH page AS (SELECT " COMMAND_JSON " AS item, c.command_id,"
                    "    row_number() OVER (ORDER BY c.created_at DESC, c.command_id DESC) AS n"
                    "  FROM myna.command c WHERE c.device_id = $1 AND ($2::uuid IS NULL OR"
                    "    (c.created_at, c.command_id) < (SELECT a.created_at, a.command_id"
                    "     FROM myna.command a WHERE a.command_id = $2))"
                    "  ORDER BY c.created_at DESC, c.command_id DESC LIMIT $3 + 1)"
                    "SELECT jsonb_build_object("
                    "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $3), '[]'),"
                    "  'next', max(command_id::text) FILTER (WHERE n = $3"
                    "          AND EXISTS (SELECT FROM page p WHERE p.n > $3))) "
                    "FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_text(device_id), value_uuid(after), value_int(limit)),
                      arena, json);
}
