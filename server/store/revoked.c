#include "server/store/revoked.h"

#include "server/store/store.h"

enum status revoked_list(struct store *store, struct arena *arena, struct revoked **out,
                         size_t *count)
{
    STORE_STATEMENT(list, "SELECT device_id::text, status, encode(certificate_key_hash, 'hex')"
                          " FROM myna.device WHERE status IN ('revoked', 'retired')"
                          " UNION ALL"
                          " SELECT b.device_id::text, 'revoked', '' FROM myna.revoked_before b"
                          " ORDER BY 1");
    struct result result;
    enum status status = store_query(store, &list, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    const size_t rows = result_count(&result);
    struct revoked *found = arena_take(arena, (rows + 1) * sizeof *found);
    for (size_t i = 0; found != NULL && i < rows; i++)
        found[i] = (struct revoked){arena_text(arena, result_span(&result, i, 0)),
                                    arena_text(arena, result_span(&result, i, 1)),
                                    arena_text(arena, result_span(&result, i, 2))};
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_FULL;
    *out = found;
    *count = rows;
    return STATUS_OK;
}

/* Parallel to the robots, as PostgreSQL takes them. */
struct columns {
    const char **ids, **statuses, **keys;
};

static bool part(const struct revoked *robots, size_t count, struct arena *arena,
                 struct columns *out)
{
    out->ids = arena_take(arena, count * sizeof *out->ids);
    out->statuses = arena_take(arena, count * sizeof *out->statuses);
    out->keys = arena_take(arena, count * sizeof *out->keys);
    if (arena_failed(arena))
        return false;
    for (size_t i = 0; i < count; i++) {
        out->ids[i] = robots[i].device_id;
        out->statuses[i] = robots[i].status;
        out->keys[i] = robots[i].key_hash;
    }
    return true;
}

enum status revoked_restore(struct store *store, const struct author *author,
                            const struct revoked *robots, size_t count, struct arena *arena,
                            int64_t *restored)
{
    STORE_STATEMENT(
        restore,
        "WITH told AS (SELECT * FROM unnest($3::text[], $4::text[], $5::text[])"
        "              AS t (device_id, status, key_hash)),"
        " noted AS (INSERT INTO myna.revoked_before (device_id)"
        "           SELECT t.device_id FROM told t"
        "           WHERE NOT EXISTS (SELECT FROM myna.device d WHERE d.device_id = t.device_id)"
        "           AND NOT EXISTS (SELECT FROM myna.erased_key e"
        "                           WHERE e.key_hash = decode(t.key_hash, 'hex'))"
        "           ON CONFLICT DO NOTHING RETURNING device_id),"
        " new AS (UPDATE myna.device d SET status = t.status, version = d.version + 1 FROM told t"
        "         WHERE d.device_id = t.device_id AND d.status IN ('active', 'quarantined')"
        "         RETURNING d.device_id, d.status),"
        " moved AS (SELECT myna.group_refresh(NULL, array_agg(new.device_id::text)) FROM new"
        "           HAVING count(*) > 0),"
        " done AS (SELECT count(myna.audit_append($1, $2,"
        "             CASE new.status WHEN 'retired' THEN 'device.retire' ELSE 'device.revoke' END,"
        "             'device/' || new.device_id, NULL, jsonb_build_object('status', new.status,"
        "               'because', 'of the list outside the database'))) AS count,"
        "           min(myna.tell('device', new.device_id)::text)"
        "         FROM new CROSS JOIN (SELECT count(*) FROM moved) m) "
        "SELECT done.count + (SELECT count(*) FROM noted),"
        "       pg_notify('myna_outbox', 'revoked') FROM done");
    struct columns columns;
    struct result result;

    if (!part(robots, count, arena, &columns))
        return STATUS_FULL;
    enum status status =
        store_query(store, &restore,
                    STORE_VALUES(value_text(author->actor), value_text(author->source),
                                 value_text_array(columns.ids, count),
                                 value_text_array(columns.statuses, count),
                                 value_text_array(columns.keys, count)),
                    &result);
    if (status != STATUS_OK)
        return status;
    *restored = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}
