#include "server/store/bundles.h"

enum status bundles_list(struct store *store, const char *device_id, int64_t days,
                         struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list,
                    "SELECT jsonb_build_object('next', NULL, 'items', coalesce(jsonb_agg("
                    "    jsonb_build_object('id', b.bundle_id, 'device', b.device_id, 'at', b.at,"
                    "      'until', b.at + make_interval(days => $2::int), 'asked_by', b.asked_by,"
                    "      'bytes', length(b.document)) ORDER BY b.at DESC), '[]')) "
                    "FROM (SELECT * FROM myna.bundle WHERE device_id = $1"
                    "      ORDER BY at DESC LIMIT 50) b");

    return store_json(store, &list, STORE_VALUES(value_text(device_id), value_int(days)), arena,
                      json);
}

struct reading {
    const struct author *author;
    const uint8_t *bundle_id;
    struct arena *arena;
    struct span *document;
    const char **device_id;
};

static enum status read_one(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(read, "WITH b AS (SELECT * FROM myna.bundle WHERE bundle_id = $3),"
                          " done AS (SELECT myna.audit_append($1, $2, 'bundle.read', 'device/' ||"
                          "   b.device_id, NULL, jsonb_build_object('id', b.bundle_id)) FROM b)"
                          "SELECT b.device_id, b.document FROM b, done");
    const struct reading *reading = context;
    struct result result;
    enum status status = store_exec(conn, &read,
                                    STORE_VALUES(value_text(reading->author->actor),
                                                 value_text(reading->author->source),
                                                 value_uuid(reading->bundle_id)),
                                    &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0) {
        status = STATUS_NOT_FOUND;
    } else {
        *reading->device_id = arena_text(reading->arena, result_span(&result, 0, 0));
        *reading->document = result_copy(&result, 0, 1, reading->arena);
        status = arena_failed(reading->arena) ? STATUS_MEMORY : STATUS_OK;
    }
    result_release(&result);
    return status;
}

enum status bundles_read(struct store *store, const struct author *author,
                         const uint8_t bundle_id[16], struct arena *arena, struct span *document,
                         const char **device_id)
{
    struct reading reading = {author, bundle_id, arena, document, device_id};

    return store_transaction(store, read_one, &reading);
}
