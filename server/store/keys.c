#include "server/store/keys.h"

enum status keys_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(item ORDER BY"
                          "   array_position('{current,next,retiring,retired}'::text[],"
                          "     item ->> 'state'), item ->> 'purpose', created_at DESC), '[]'),"
                          " 'next', NULL) FROM myna.key_item");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status keys_get(struct store *store, const char *id, struct arena *arena, struct document *out)
{
    STORE_STATEMENT(get, "SELECT item, 1 FROM myna.key_item WHERE id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(id)), arena, out);
}

enum status keys_get_in(struct store_conn *conn, const char *id, struct arena *arena,
                        struct document *out)
{
    STORE_STATEMENT(get, "SELECT item, 1 FROM myna.key_item WHERE id = $1");

    return document_exec(conn, &get, STORE_VALUES(value_text(id)), arena, out);
}

enum status keys_robots(struct store *store, const char *id, const char *after, int64_t limit,
                        struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        read, "WITH page AS (SELECT k.*, o.online, (SELECT number FROM myna.key_list) <= "
              "k.keys_told AS told"
              "   FROM myna.key_device k JOIN myna.device_online o USING (device_id)"
              "   WHERE k.id = $1 AND k.device_id > coalesce($2, '') COLLATE \"C\""
              "   ORDER BY k.device_id COLLATE \"C\" LIMIT $3)"
              "SELECT jsonb_build_object('items', coalesce((SELECT jsonb_agg(jsonb_build_object("
              "   'id', p.device_id, 'online', p.online, 'told', p.told, 'last_seen', p.last_seen)"
              "   ORDER BY p.device_id COLLATE \"C\") FROM page p), '[]'),"
              " 'next', CASE WHEN (SELECT count(*) FROM page) = $3"
              "   THEN (SELECT max(p.device_id COLLATE \"C\") FROM page p) END)"
              " FROM myna.key_item i WHERE i.id = $1");

    return store_json(store, &read,
                      STORE_VALUES(value_text(id), value_text(after), value_int(limit)), arena,
                      json);
}
