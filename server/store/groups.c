#include "server/store/groups.h"

#define GROUP_JSON                                                                                 \
    "jsonb_build_object('id', g.group_id, 'name', g.name, 'priority', g.priority,"                 \
    " 'version', g.version, 'created_at', g.created_at, 'devices',"                                \
    " (SELECT count(*) FROM myna.group_member m WHERE m.group_id = g.group_id))"

enum status groups_list(struct store *store, const char *after, int64_t limit, struct arena *arena,
                        struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT " GROUP_JSON " AS item, g.group_id,"
        "    row_number() OVER (ORDER BY g.group_id) AS n"
        "  FROM myna.device_group g WHERE $1::text IS NULL OR g.group_id > $1"
        "  ORDER BY g.group_id LIMIT $2 + 1)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
        "  'next', CASE WHEN count(*) > $2 THEN max(group_id::text) FILTER (WHERE n <= $2) END)"
        "FROM page");

    return store_json(store, &list, STORE_VALUES(value_text(after), value_int(limit)), arena, json);
}

enum status groups_get(struct store *store, const char *group_id, struct arena *arena,
                       struct document *out)
{
    STORE_STATEMENT(get, "SELECT " GROUP_JSON ", g.version FROM myna.device_group g"
                         " WHERE g.group_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(group_id)), arena, out);
}

enum status groups_create(struct store *store, const struct author *author, const char *group_id,
                          const char *name, int64_t priority, struct arena *arena,
                          struct document *out)
{
    STORE_STATEMENT(create,
                    "WITH g AS (INSERT INTO myna.device_group (group_id, name, priority)"
                    "           VALUES ($3, $4, $5) RETURNING *)"
                    "SELECT jsonb_build_object('id', g.group_id, 'name', g.name,"
                    "  'priority', g.priority, 'version', g.version, 'created_at', g.created_at,"
                    "  'devices', 0, 'audit', myna.audit_append($1, $2, 'group.create',"
                    "      'group/' || g.group_id, NULL, to_jsonb(g)),"
                    "  'told', myna.tell('group', g.group_id)::text) - '{audit,told}'::text[],"
                    "  g.version FROM g");

    return document_change(store, &create,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(group_id), value_text(name),
                                        value_int(priority)),
                           arena, out);
}

enum status groups_update(struct store *store, const struct author *author, const char *group_id,
                          int64_t if_version, const struct groups_patch *patch, struct arena *arena,
                          struct document *out)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.device_group WHERE group_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.device_group g SET name = coalesce($5, g.name),"
        "           priority = CASE WHEN $6 < 0 THEN g.priority ELSE $6 END,"
        "           version = g.version + 1"
        "         FROM old WHERE g.group_id = old.group_id AND $4 IN (-1, old.version)"
        "         RETURNING g.*),"
        " touched AS (SELECT myna.touch_devices(ARRAY(SELECT m.device_id::text"
        "               FROM myna.group_member m WHERE m.group_id = new.group_id))"
        "             FROM new JOIN old USING (group_id) WHERE new.priority <> old.priority),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.update',"
        "             'group/' || new.group_id, to_jsonb(old), to_jsonb(new))),"
        "           min(myna.tell('group', new.group_id)::text)"
        "         FROM new JOIN old USING (group_id)"
        "         CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(new.version), old.version "
        "FROM done, old LEFT JOIN new USING (group_id)");
    enum status status = document_change(
        store, &update,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(group_id),
                     value_int(if_version), value_text(patch->name), value_int(patch->priority)),
        arena, out);

    return status == STATUS_OK ? groups_get(store, group_id, arena, out) : status;
}

enum status groups_delete(struct store *store, const struct author *author, const char *group_id,
                          struct arena *arena)
{
    STORE_STATEMENT(
        delete_group,
        "WITH old AS (SELECT g.*, ARRAY(SELECT m.device_id::text FROM myna.group_member m"
        "               WHERE m.group_id = g.group_id) AS members"
        "             FROM myna.device_group g WHERE g.group_id = $3 FOR UPDATE),"
        " touched AS (SELECT myna.touch_devices(members) FROM old),"
        " gone AS (DELETE FROM myna.device_group g USING old WHERE g.group_id = old.group_id"
        "          RETURNING g.group_id),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.delete', 'group/' || old.group_id,"
        "             to_jsonb(old), NULL)), min(myna.tell('group', old.group_id)::text)"
        "         FROM gone JOIN old USING (group_id)"
        "         CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(true), 0 FROM done, gone");
    struct document ignored;

    return document_change(
        store, &delete_group,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(group_id)),
        arena, &ignored);
}

enum status groups_add(struct store *store, const struct author *author, const char *group_id,
                       const char *device_id, struct arena *arena)
{
    STORE_STATEMENT(
        add,
        "WITH both_exist AS (SELECT g.group_id, d.device_id FROM myna.device_group g,"
        "                      myna.device d WHERE g.group_id = $3 AND d.device_id = $4),"
        " new AS (INSERT INTO myna.group_member (group_id, device_id)"
        "         SELECT group_id, device_id FROM both_exist ON CONFLICT DO NOTHING RETURNING *),"
        " touched AS (SELECT myna.touch_devices(ARRAY[device_id::text]) FROM new),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.add', 'group/' || new.group_id,"
        "             NULL, jsonb_build_object('device', new.device_id))),"
        "           min(myna.tell('device', new.device_id)::text)"
        "         FROM new CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(true), 0 FROM done, both_exist");
    struct document ignored;

    return document_change(store, &add,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(group_id), value_text(device_id)),
                           arena, &ignored);
}

enum status groups_remove(struct store *store, const struct author *author, const char *group_id,
                          const char *device_id, struct arena *arena)
{
    STORE_STATEMENT(
        remove_member,
        "WITH both_exist AS (SELECT g.group_id, d.device_id FROM myna.device_group g,"
        "                      myna.device d WHERE g.group_id = $3 AND d.device_id = $4),"
        " gone AS (DELETE FROM myna.group_member m USING both_exist b"
        "          WHERE m.group_id = b.group_id AND m.device_id = b.device_id RETURNING m.*),"
        " touched AS (SELECT myna.touch_devices(ARRAY[device_id::text]) FROM gone),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.remove', 'group/' || gone.group_id,"
        "             jsonb_build_object('device', gone.device_id), NULL)),"
        "           min(myna.tell('device', gone.device_id)::text)"
        "         FROM gone CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(true), 0 FROM done, both_exist");
    struct document ignored;

    return document_change(store, &remove_member,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(group_id), value_text(device_id)),
                           arena, &ignored);
}
