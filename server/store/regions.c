#include "server/store/regions.h"

#define REGION_JSON                                                                                \
    "jsonb_build_object('id', n.region_id, 'name', coalesce(r.name, ''),"                          \
    " 'note', coalesce(r.note, ''), 'needs_filing', coalesce(r.needs_filing, false),"              \
    " 'allows', coalesce((SELECT jsonb_agg(p.vendor_region ORDER BY p.vendor_region)"              \
    "    FROM myna.region_pair p WHERE p.device_region = n.region_id), '[]'),"                     \
    " 'devices', (SELECT count(*) FROM myna.device d WHERE d.region = n.region_id"                 \
    "    AND d.status = 'active'),"                                                                \
    " 'vendors', coalesce((SELECT jsonb_agg(v.vendor_id ORDER BY v.vendor_id) FROM myna.vendor v"  \
    "    WHERE v.region = n.region_id), '[]'), 'version', coalesce(r.version, 0))"

enum status regions_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "WITH n AS (SELECT region_id FROM myna.region"
                          "  UNION SELECT region FROM myna.device WHERE region <> ''"
                          "  UNION SELECT region FROM myna.vendor WHERE region <> '')"
                          "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" REGION_JSON
                          "  ORDER BY n.region_id), '[]'), 'next', NULL)"
                          "FROM n LEFT JOIN myna.region r USING (region_id)");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status regions_get(struct store *store, const char *region_id, struct arena *arena,
                        struct document *out)
{
    STORE_STATEMENT(get, "SELECT " REGION_JSON ", r.version FROM myna.region r"
                         " JOIN myna.region n USING (region_id) WHERE r.region_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(region_id)), arena, out);
}

struct change {
    const struct author *author;
    const char *region_id;
    int64_t if_version;
    const struct regions_order *order;
    struct arena *arena;
};

/* The row, made or replaced; STATUS_CONFLICT when it is not of the version that was read. */
static enum status put_row(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(put, "INSERT INTO myna.region AS r (region_id, name, note, needs_filing)"
                         " SELECT $1::text, $2::text, $3::text, $4::boolean WHERE $5::bigint <= 0"
                         "   OR EXISTS (SELECT FROM myna.region WHERE region_id = $1)"
                         " ON CONFLICT (region_id) DO UPDATE SET name = excluded.name,"
                         "   note = excluded.note, needs_filing = excluded.needs_filing,"
                         "   version = r.version + 1 WHERE $5 IN (-1, r.version)"
                         " RETURNING region_id");
    const struct regions_order *order = change->order;
    struct result result;
    enum status status =
        store_exec(conn, &put,
                   STORE_VALUES(value_text(change->region_id), value_text(order->name),
                                value_text(order->note), value_bool(order->needs_filing),
                                value_int(change->if_version)),
                   &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_CONFLICT;
    result_release(&result);
    return status;
}

static enum status put_pairs(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(clear, "DELETE FROM myna.region_pair WHERE device_region = $1"
                           " AND vendor_region <> ALL ($2::text[])");
    STORE_STATEMENT(put, "INSERT INTO myna.region_pair (device_region, vendor_region)"
                         " SELECT DISTINCT $1::text, a FROM unnest($2::text[]) a WHERE a <> $1"
                         " ON CONFLICT DO NOTHING");
    const struct regions_order *order = change->order;
    const struct value allows = value_text_array(order->allows, order->allow_count);
    enum status status =
        store_exec(conn, &clear, STORE_VALUES(value_text(change->region_id), allows), NULL);

    return status == STATUS_OK
               ? store_exec(conn, &put, STORE_VALUES(value_text(change->region_id), allows), NULL)
               : status;
}

/* What the audit keeps of a region; NULL when it is not written down. */
static enum status read_row(struct store_conn *conn, const struct change *change, struct span *json)
{
    STORE_STATEMENT(read, "SELECT (SELECT " REGION_JSON " - '{devices,vendors}'::text[]"
                          "   FROM myna.region r JOIN myna.region n USING (region_id)"
                          "   WHERE r.region_id = $1)");
    struct result result;
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text(change->region_id)), &result);

    if (status != STATUS_OK)
        return status;
    *json = result_copy(&result, 0, 0, change->arena);
    result_release(&result);
    return STATUS_OK;
}

/* Devices first, then the audit: the lock order. */
static enum status conclude(struct store_conn *conn, const struct change *change,
                            const char *action, struct span before, struct span after)
{
    STORE_STATEMENT(done,
                    "WITH touched AS (SELECT myna.touch_devices(ids) FROM (SELECT ARRAY("
                    "   SELECT d.device_id::text FROM myna.device d WHERE d.region = $4) AS ids) i"
                    "   WHERE cardinality(ids) > 0)"
                    "SELECT myna.audit_append($1, $2, $3, 'region/' || $4, $5, $6),"
                    " myna.tell('region', $4) FROM (SELECT count(*) FROM touched) t");

    return store_exec(conn, &done,
                      STORE_VALUES(value_text(change->author->actor),
                                   value_text(change->author->source), value_text(action),
                                   value_text(change->region_id),
                                   before.size > 0 ? value_json(before) : value_no_json(),
                                   after.size > 0 ? value_json(after) : value_no_json()),
                      NULL);
}

static enum status put_region(struct store_conn *conn, void *context)
{
    const struct change *change = context;
    struct span before = {0}, after = {0};
    enum status status = read_row(conn, change, &before);

    if (status == STATUS_OK)
        status = put_row(conn, change);
    if (status == STATUS_OK)
        status = put_pairs(conn, change);
    if (status == STATUS_OK)
        status = read_row(conn, change, &after);
    return status == STATUS_OK ? conclude(conn, change, "region.set", before, after) : status;
}

enum status regions_put(struct store *store, const struct author *author, const char *region_id,
                        int64_t if_version, const struct regions_order *order, struct arena *arena,
                        struct document *out)
{
    struct change change = {author, region_id, if_version, order, arena};
    enum status status = store_transaction(store, put_region, &change);

    return status == STATUS_OK ? regions_get(store, region_id, arena, out) : status;
}

static enum status delete_region(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(drop, "DELETE FROM myna.region WHERE region_id = $1");
    const struct change *change = context;
    struct span before = {0};
    struct span after = {0};
    enum status status = read_row(conn, change, &before);

    if (status == STATUS_OK && before.size == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = store_exec(conn, &drop, STORE_VALUES(value_text(change->region_id)), NULL);
    return status == STATUS_OK ? conclude(conn, change, "region.delete", before, after) : status;
}

enum status regions_delete(struct store *store, const struct author *author, const char *region_id,
                           struct arena *arena)
{
    struct change change = {.author = author, .region_id = region_id, .arena = arena};

    return store_transaction(store, delete_region, &change);
}
