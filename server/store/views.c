#include "server/store/views.h"

#define VIEW_JSON                                                                                  \
    "jsonb_build_object('id', v.view_id, 'name', v.name, 'query', v.query, 'shared', v.shared,"    \
    " 'owner', v.owner, 'version', v.version, 'created_at', v.created_at)"

enum status views_list(struct store *store, const char *actor, struct arena *arena,
                       struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" VIEW_JSON
                          "  ORDER BY v.owner <> $1, lower(v.name), v.view_id), '[]'),"
                          "  'next', NULL) FROM myna.saved_view v WHERE v.owner = $1 OR v.shared");

    return store_json(store, &list, STORE_VALUES(value_text(actor)), arena, json);
}

enum status views_create(struct store *store, const struct author *author,
                         const struct views_order *order, struct arena *arena, struct document *out)
{
    STORE_STATEMENT(create, "WITH v AS (INSERT INTO myna.saved_view (owner, name, query, shared)"
                            "           VALUES ($1, $3, $4, $5) RETURNING *),"
                            " done AS (SELECT myna.audit_append($1, $2, 'view.create',"
                            "            'view/' || v.view_id, NULL, " VIEW_JSON "),"
                            "          myna.tell('view', v.view_id::text) FROM v)"
                            "SELECT " VIEW_JSON ", v.version FROM v, done");

    return document_change(store, &create,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(order->name), value_json(order->query),
                                        value_bool(order->shared == 1)),
                           arena, out);
}

/* Whether the author may change it. */
static enum status check(struct store *store, const struct author *author, bool is_admin,
                         int64_t view_id)
{
    STORE_STATEMENT(owner, "SELECT v.owner = $1 FROM myna.saved_view v"
                           " WHERE v.view_id = $2 AND (v.owner = $1 OR v.shared)");
    struct result result;
    enum status status = store_query(
        store, &owner, STORE_VALUES(value_text(author->actor), value_int(view_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else if (!is_admin && !result_bool(&result, 0, 0))
        status = STATUS_DENIED;
    result_release(&result);
    return status;
}

enum status views_update(struct store *store, const struct author *author, bool is_admin,
                         int64_t view_id, int64_t if_version, const struct views_order *order,
                         struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.saved_view WHERE view_id = $3 FOR UPDATE),"
        " v AS (UPDATE myna.saved_view v SET name = coalesce($5, v.name),"
        "         query = coalesce($6, v.query), shared = CASE $7::bigint WHEN -1 THEN v.shared"
        "         ELSE $7 = 1 END, version = v.version + 1"
        "       FROM old WHERE v.view_id = old.view_id AND $4 IN (-1, old.version) RETURNING v.*),"
        " done AS (SELECT myna.audit_append($1, $2, 'view.update', 'view/' || v.view_id,"
        "            to_jsonb(old), to_jsonb(v)), myna.tell('view', v.view_id::text)"
        "          FROM v JOIN old USING (view_id))"
        "SELECT CASE WHEN v.view_id IS NOT NULL THEN " VIEW_JSON " END, old.version + 1"
        " FROM old LEFT JOIN v USING (view_id) LEFT JOIN done ON true");
    enum status status = check(store, author, is_admin, view_id);

    if (status != STATUS_OK)
        return status;
    return document_change(
        store, &update,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(view_id),
                     value_int(if_version), value_text(order->name),
                     order->query.size > 0 ? value_json(order->query) : value_no_json(),
                     value_int(order->shared)),
        arena, out);
}

enum status views_delete(struct store *store, const struct author *author, bool is_admin,
                         int64_t view_id, struct arena *arena)
{
    STORE_STATEMENT(drop, "WITH v AS (DELETE FROM myna.saved_view WHERE view_id = $3 RETURNING *),"
                          " done AS (SELECT myna.audit_append($1, $2, 'view.delete',"
                          "            'view/' || v.view_id, " VIEW_JSON ", NULL),"
                          "          myna.tell('view', v.view_id::text) FROM v)"
                          "SELECT to_jsonb(true), 0 FROM v, done");
    struct document ignored;
    enum status status = check(store, author, is_admin, view_id);

    if (status != STATUS_OK)
        return status;
    return document_change(
        store, &drop,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(view_id)),
        arena, &ignored);
}
