#include "server/store/roles.h"

#include "schema/base/encode.h"

#define ROLE_JSON                                                                                  \
    "jsonb_build_object('id', r.role_id, 'own', r.is_own, 'note', r.note, 'may', r.may, "          \
    "'groups', to_jsonb(r.groups), 'vendors', to_jsonb(r.vendors), 'second_factor', "              \
    "r.second_factor, 'version', r.version, 'created_at', r.created_at)"

/* The ranks of old, then the own ones. */
enum status roles_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', jsonb_agg(" ROLE_JSON
                          " || jsonb_build_object('holders', (SELECT count(*) FROM myna.operator o"
                          "   WHERE o.role = r.role_id) + (SELECT count(*) FROM myna.api_key k"
                          "   WHERE k.role = r.role_id AND k.revoked_at IS NULL))"
                          " ORDER BY r.is_own, array_position(ARRAY['viewer', 'support',"
                          "   'operator', 'approver', 'admin'], r.role_id::text), r.role_id),"
                          " 'next', NULL) FROM myna.role r");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status roles_get(struct store *store, const char *role_id, struct arena *arena,
                      struct document *out)
{
    STORE_STATEMENT(get, "SELECT " ROLE_JSON ", r.version FROM myna.role r WHERE r.role_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(role_id)), arena, out);
}

enum status roles_create(struct store *store, const struct author *author, const char *role_id,
                         const struct roles_fields *fields, struct arena *arena,
                         struct document *out)
{
    STORE_STATEMENT(
        create, "WITH r AS (INSERT INTO myna.role (role_id, note, may, groups, vendors,"
                "             second_factor)"
                "           VALUES ($3, coalesce($4, ''), coalesce($5::jsonb, '{}'),"
                "             myna.texts($6::jsonb), myna.texts($7::jsonb), $8) RETURNING *),"
                " done AS (SELECT myna.audit_append($1, $2, 'role.create', 'role/' || r.role_id,"
                "             NULL, " ROLE_JSON "), myna.tell('operator', r.role_id) FROM r)"
                "SELECT " ROLE_JSON ", r.version FROM r, done");

    return document_change(
        store, &create,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(role_id),
                     value_text(fields->note), value_json(fields->may), value_json(fields->groups),
                     value_json(fields->vendors), value_bool(fields->second_factor)),
        arena, out);
}

/* What of a role of every installation cannot be changed. */
static bool changes_rights(const struct roles_fields *fields)
{
    return fields->note != NULL || fields->may.size > 0 || fields->groups.size > 0 ||
           fields->vendors.size > 0;
}

struct change {
    const struct author *author;
    const char *role_id;
    int64_t if_version;
    const struct roles_fields *fields;
    struct arena *arena;
    struct document *out;
};

/* Locks the role. STATUS_NOT_FOUND. */
static enum status read_own(struct store_conn *conn, const char *role_id, bool *is_own)
{
    STORE_STATEMENT(find, "SELECT is_own FROM myna.role WHERE role_id = $1 FOR UPDATE");
    struct result result;
    enum status status = store_exec(conn, &find, STORE_VALUES(value_text(role_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else
        *is_own = result_bool(&result, 0, 0);
    result_release(&result);
    return status;
}

static enum status update(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        set, "WITH old AS (SELECT * FROM myna.role WHERE role_id = $3),"
             " r AS (UPDATE myna.role r SET note = coalesce($5, r.note),"
             "         may = coalesce($6::jsonb, r.may),"
             "         groups = CASE WHEN $7::jsonb IS NULL THEN r.groups"
             "                  ELSE myna.texts($7::jsonb) END,"
             "         vendors = CASE WHEN $8::jsonb IS NULL THEN r.vendors"
             "                   ELSE myna.texts($8::jsonb) END,"
             "         second_factor = CASE $9::bigint WHEN 1 THEN true WHEN 0 THEN false"
             "                         ELSE r.second_factor END, version = r.version + 1"
             "       FROM old WHERE r.role_id = old.role_id AND $4 IN (-1, old.version)"
             "       RETURNING r.*),"
             " done AS (SELECT min(myna.audit_append($1, $2, 'role.update', 'role/' || r.role_id,"
             "             (SELECT " ROLE_JSON " FROM old r), " ROLE_JSON ")),"
             "           min(myna.tell('operator', r.role_id)::text) FROM r)"
             "SELECT CASE WHEN r.role_id IS NOT NULL THEN " ROLE_JSON " END,"
             "  coalesce(r.version, old.version) FROM done, old LEFT JOIN r USING (role_id)");
    const struct change *change = context;
    const struct roles_fields *fields = change->fields;
    const int64_t factor = fields->set_second_factor ? fields->second_factor : -1;
    bool is_own = false;
    enum status status = read_own(conn, change->role_id, &is_own);

    if (status == STATUS_OK && !is_own && changes_rights(fields))
        return STATUS_DENIED;
    if (status != STATUS_OK)
        return status;
    return document_exec(
        conn, &set,
        STORE_VALUES(value_text(change->author->actor), value_text(change->author->source),
                     value_text(change->role_id), value_int(change->if_version),
                     value_text(fields->note), value_json(fields->may), value_json(fields->groups),
                     value_json(fields->vendors), value_int(factor)),
        change->arena, change->out);
}

enum status roles_update(struct store *store, const struct author *author, const char *role_id,
                         int64_t if_version, const struct roles_fields *fields, struct arena *arena,
                         struct document *out)
{
    struct change change = {author, role_id, if_version, fields, arena, out};

    return store_transaction(store, update, &change);
}

static enum status drop(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(delete_role, "WITH r AS (DELETE FROM myna.role WHERE role_id = $3 RETURNING *),"
                                 " done AS (SELECT myna.audit_append($1, $2, 'role.delete',"
                                 "             'role/' || r.role_id, " ROLE_JSON ", NULL),"
                                 "           myna.tell('operator', r.role_id) FROM r)"
                                 "SELECT to_jsonb(true), 0 FROM r, done");
    const struct change *change = context;
    bool is_own = false;
    enum status status = read_own(conn, change->role_id, &is_own);

    if (status == STATUS_OK && !is_own)
        return STATUS_DENIED;
    if (status != STATUS_OK)
        return status;
    return document_exec(conn, &delete_role,
                         STORE_VALUES(value_text(change->author->actor),
                                      value_text(change->author->source),
                                      value_text(change->role_id)),
                         change->arena, change->out);
}

enum status roles_delete(struct store *store, const struct author *author, const char *role_id,
                         struct arena *arena)
{
    struct document ignored;
    struct change change = {.author = author, .role_id = role_id, .arena = arena, .out = &ignored};

    return store_transaction(store, drop, &change);
}

/* ---- how far it goes ---- */

static enum status ask(struct store *store, const struct store_statement *statement,
                       const char *reach_id, struct value id, bool *reached)
{
    struct result result;
    enum status status =
        store_query(store, statement, STORE_VALUES(value_text(reach_id), id), &result);

    if (status != STATUS_OK)
        return status;
    *reached = result_count(&result) > 0;
    result_release(&result);
    return STATUS_OK;
}

enum status roles_reach_device(struct store *store, const char *reach_id, const char *device_id,
                               bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.reach r JOIN myna.group_member m"
                          "  ON m.group_id = ANY(r.groups)"
                          " WHERE r.reach_id = $1 AND m.device_id = $2 LIMIT 1");

    return ask(store, &find, reach_id, value_text(device_id), reached);
}

enum status roles_reach_group(struct store *store, const char *reach_id, const char *group_id,
                              bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.reach WHERE reach_id = $1 AND $2 = ANY(groups)");

    return ask(store, &find, reach_id, value_text(group_id), reached);
}

/* What is no UUID names nothing. */
static enum status ask_uuid(struct store *store, const struct store_statement *statement,
                            const char *reach_id, const char *id, bool *reached)
{
    uint8_t uuid[ENCODE_UUID_BYTES];

    if (encode_from_uuid(span_text(id), uuid) == STATUS_OK)
        return ask(store, statement, reach_id, value_uuid(uuid), reached);
    *reached = false;
    return STATUS_OK;
}

enum status roles_reach_command(struct store *store, const char *reach_id, const char *command_id,
                                bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.reach r JOIN myna.group_member m"
                          "  ON m.group_id = ANY(r.groups) JOIN myna.command c USING (device_id)"
                          " WHERE r.reach_id = $1 AND c.command_id = $2 LIMIT 1");

    return ask_uuid(store, &find, reach_id, command_id, reached);
}

enum status roles_reach_bundle(struct store *store, const char *reach_id, const char *bundle_id,
                               bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.reach r JOIN myna.group_member m"
                          "  ON m.group_id = ANY(r.groups) JOIN myna.bundle b USING (device_id)"
                          " WHERE r.reach_id = $1 AND b.bundle_id = $2 LIMIT 1");

    return ask_uuid(store, &find, reach_id, bundle_id, reached);
}

enum status roles_reach_vendor(struct store *store, const char *reach_id, const char *vendor_id,
                               bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.reach WHERE reach_id = $1 AND $2 = ANY(vendors)");

    return ask(store, &find, reach_id, value_text(vendor_id), reached);
}

enum status roles_reach_alert(struct store *store, const char *reach_id, const char *alert_id,
                              bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.alert a"
                          " WHERE a.alert_id = $2 AND myna.role_sees($1, a.subject)");
    int64_t id;

    if (span_to_int64(span_text(alert_id), &id) == STATUS_OK)
        return ask(store, &find, reach_id, value_int(id), reached);
    *reached = false;
    return STATUS_OK;
}

enum status roles_reach_contract(struct store *store, const char *reach_id, const char *contract_id,
                                 bool *reached)
{
    STORE_STATEMENT(find, "SELECT FROM myna.reach r JOIN myna.contract c"
                          "  ON c.vendor_id = ANY(r.vendors)"
                          " WHERE r.reach_id = $1 AND c.contract_id = $2");

    return ask(store, &find, reach_id, value_text(contract_id), reached);
}
