#include "server/store/vendors.h"

#include <stdio.h>

#include "schema/wire/dialects.h"
#include "server/store/bounds.h"

#define VENDOR_JSON                                                                                \
    "jsonb_build_object('id', v.vendor_id, 'name', v.name, 'dialect', v.dialect, 'base_url', "     \
    "v.base_url, 'region', v.region, 'filings', v.filings, 'credential', v.credential, "           \
    "'has_key', "                                                                                  \
    "coalesce(v.key_wrapped, "                                                                     \
    "'') <> '', 'version', v.version, 'created_at', v.created_at, 'drains', coalesce((SELECT "     \
    "jsonb_agg(i.item ORDER BY i.drain_id) FROM myna.vendor_drain_item i WHERE i.vendor_id = "     \
    "v.vendor_id AND i.state IN ('planned', 'active', 'returning')), '[]'))"

enum status vendors_list(struct store *store, const char *role, struct arena *arena,
                         struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" VENDOR_JSON
                          " ORDER BY v.vendor_id), '[]'), 'next', NULL) FROM myna.vendor v"
                          " WHERE $1::text IS NULL OR v.vendor_id = ANY(SELECT unnest(r.vendors)"
                          "       FROM myna.reach r WHERE r.reach_id = $1)");

    return store_json(store, &list, STORE_VALUES(value_text(role)), arena, json);
}

enum status vendors_get(struct store *store, const char *vendor_id, struct arena *arena,
                        struct document *out)
{
    STORE_STATEMENT(get,
                    "SELECT " VENDOR_JSON ", v.version FROM myna.vendor v WHERE v.vendor_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(vendor_id)), arena, out);
}

/* One change, with what it is checked for afterwards. */
struct change {
    const struct author *author;
    const char *vendor_id;
    int64_t if_version;
    const struct vendors_fields *fields;
    struct arena *arena;
    struct document *out;
    char *reason;
    enum status (*write)(struct store_conn *conn, const struct change *change);
};

static enum status check_credential(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(find, "SELECT dialect, credential = 'minted' FROM myna.vendor"
                          " WHERE vendor_id = $1");
    struct result result = {0};
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(change->vendor_id)), &result);

    if (status == STATUS_OK && result_count(&result) > 0 && result_bool(&result, 0, 1)) {
        const struct dialects_row *row = dialects_find(result_text(&result, 0, 0));

        if (!row || row->mint == DIALECTS_MINT_NONE) {
            snprintf(change->reason, 160,
                     "in dialect \"%.24s\" credentials cannot be minted: robots share the key",
                     result_text(&result, 0, 0));
            status = STATUS_DENIED;
        }
    }
    result_release(&result);
    return status;
}

static enum status run(struct store_conn *conn, void *context)
{
    const struct change *change = context;
    enum status status = change->write(conn, change);

    if (status == STATUS_OK)
        status = check_credential(conn, change);
    return status == STATUS_OK ? bounds_check_vendor(conn, change->vendor_id, change->reason)
                               : status;
}

static struct value filings_of(const struct vendors_fields *fields)
{
    return fields->filings.size > 0 ? value_json(fields->filings) : value_no_json();
}

static enum status insert(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(
        create,
        "WITH v AS (INSERT INTO myna.vendor (vendor_id, name, dialect, base_url, region,"
        "             credential, key_wrapped, filings)"
        "           VALUES ($3, coalesce($4, ''), coalesce($5, 'openai'), $6, coalesce($7, ''),"
        "                   coalesce($8, 'shared'), nullif($9::bytea, ''), coalesce($10, "
        "'[]'::jsonb))"
        "           RETURNING *),"
        " done AS (SELECT myna.audit_append($1, $2, 'vendor.create', 'vendor/' || v.vendor_id,"
        "             NULL, " VENDOR_JSON "), myna.tell('vendor', v.vendor_id) FROM v)"
        "SELECT " VENDOR_JSON ", v.version FROM v, done");
    const struct vendors_fields *fields = change->fields;

    return document_exec(conn, &create,
                         STORE_VALUES(value_text(change->author->actor),
                                      value_text(change->author->source),
                                      value_text(change->vendor_id), value_text(fields->name),
                                      value_text(fields->dialect), value_text(fields->base_url),
                                      value_text(fields->region), value_text(fields->credential),
                                      value_bytes(fields->key_wrapped), filings_of(fields)),
                         change->arena, change->out);
}

enum status vendors_create(struct store *store, const struct author *author, const char *vendor_id,
                           const struct vendors_fields *fields, struct arena *arena,
                           struct document *out, char reason[160])
{
    struct change change = {author, vendor_id, -1, fields, arena, out, reason, insert};

    return store_transaction(store, run, &change);
}

static enum status update(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(
        set,
        "WITH old AS (SELECT * FROM myna.vendor WHERE vendor_id = $3 FOR UPDATE),"
        " v AS (UPDATE myna.vendor v SET name = coalesce($5, v.name),"
        "         dialect = coalesce($6, v.dialect), base_url = coalesce($7, v.base_url),"
        "         region = coalesce($8, v.region), credential = coalesce($9, v.credential),"
        "         key_wrapped = coalesce(nullif($10::bytea, ''), v.key_wrapped),"
        "         filings = coalesce($11, v.filings), version = v.version + 1"
        "       FROM old WHERE v.vendor_id = old.vendor_id AND $4 IN (-1, old.version)"
        "       RETURNING v.*),"
        " touched AS (SELECT myna.touch_devices(ARRAY(SELECT e.device_id::text"
        "               FROM myna.effective_setting e WHERE e.name = 'routes' AND e.value @>"
        "               jsonb_build_array(jsonb_build_object('vendor', v.vendor_id)))) FROM v),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'vendor.update', 'vendor/' || v.vendor_id,"
        "             to_jsonb(old) - '{key_wrapped,next_key_wrapped}'::text[],"
        "             (to_jsonb(v) - '{key_wrapped,next_key_wrapped}'::text[]) ||"
        "               jsonb_build_object('key_changed', $10::bytea <> ''))),"
        "           min(myna.tell('vendor', v.vendor_id)::text)"
        "         FROM v JOIN old USING (vendor_id)"
        "         CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(v.version), old.version FROM done, old LEFT JOIN v USING (vendor_id)");
    const struct vendors_fields *fields = change->fields;

    return document_exec(
        conn, &set,
        STORE_VALUES(
            value_text(change->author->actor), value_text(change->author->source),
            value_text(change->vendor_id), value_int(change->if_version), value_text(fields->name),
            value_text(fields->dialect), value_text(fields->base_url), value_text(fields->region),
            value_text(fields->credential), value_bytes(fields->key_wrapped), filings_of(fields)),
        change->arena, change->out);
}

enum status vendors_update(struct store *store, const struct author *author, const char *vendor_id,
                           int64_t if_version, const struct vendors_fields *fields,
                           struct arena *arena, struct document *out, char reason[160])
{
    struct change change = {author, vendor_id, if_version, fields, arena, out, reason, update};
    enum status status = store_transaction(store, run, &change);

    return status == STATUS_OK ? vendors_get(store, vendor_id, arena, out) : status;
}

enum status vendors_lock(struct store_conn *conn, const char *vendor_id)
{
    STORE_STATEMENT(lock, "SELECT FROM myna.vendor WHERE vendor_id = $1 FOR UPDATE");
    struct result result = {0};
    enum status status = store_exec(conn, &lock, STORE_VALUES(value_text(vendor_id)), &result);

    if (status == STATUS_OK && result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}
