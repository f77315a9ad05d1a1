#include "server/store/blackouts.h"

#define BLACKOUT_JSON                                                                              \
    "jsonb_build_object('id', b.blackout_id, 'from', b.from_at, 'until', b.until_at,"              \
    " 'reason', b.reason, 'by', b.created_by, 'created_at', b.created_at)"

enum status blackouts_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" BLACKOUT_JSON
                          "  ORDER BY b.from_at, b.blackout_id), '[]'), 'next', NULL)"
                          " FROM myna.blackout b WHERE b.until_at > now()");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status blackouts_create(struct store *store, const struct author *author,
                             const struct blackouts_order *order, struct arena *arena,
                             struct document *out)
{
    STORE_STATEMENT(create,
                    "WITH b AS (INSERT INTO myna.blackout (from_at, until_at, reason, created_by)"
                    "           VALUES ($3, $4, $5, $1) RETURNING *),"
                    " done AS (SELECT myna.audit_append($1, $2, 'blackout.create',"
                    "            'blackout/' || b.blackout_id, NULL, " BLACKOUT_JSON ") FROM b)"
                    "SELECT " BLACKOUT_JSON ", 1::bigint FROM b, done");

    return document_change(store, &create,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_time(order->from_ms), value_time(order->until_ms),
                                        value_text(order->reason)),
                           arena, out);
}

enum status blackouts_delete(struct store *store, const struct author *author, int64_t blackout_id,
                             struct arena *arena)
{
    STORE_STATEMENT(drop, "WITH b AS (DELETE FROM myna.blackout WHERE blackout_id = $3"
                          "           AND until_at > now() RETURNING *),"
                          " done AS (SELECT myna.audit_append($1, $2, 'blackout.delete',"
                          "            'blackout/' || b.blackout_id, " BLACKOUT_JSON ", NULL)"
                          "          FROM b)"
                          "SELECT to_jsonb(true), 1::bigint FROM b, done");
    struct document ignored;

    return document_change(
        store, &drop,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(blackout_id)),
        arena, &ignored);
}
