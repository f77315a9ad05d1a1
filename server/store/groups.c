#include "server/store/groups.h"

#define GROUP_JSON                                                                                 \
    "jsonb_build_object('id', g.group_id, 'name', g.name, 'priority', g.priority,"                 \
    " 'version', g.version, 'created_at', g.created_at, 'filter', g.filter, 'devices',"            \
    " (SELECT count(*) FROM myna.group_member m WHERE m.group_id = g.group_id))"

enum status groups_list(struct store *store, const char *after, int64_t limit, const char *role,
                        struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT " GROUP_JSON " AS item, g.group_id,"
        "    row_number() OVER (ORDER BY g.group_id) AS n"
        "  FROM myna.device_group g WHERE ($1::text IS NULL OR g.group_id > $1)"
        "  AND ($3::text IS NULL OR g.group_id = ANY(SELECT unnest(r.groups) FROM myna.reach r"
        "       WHERE r.reach_id = $3))"
        "  ORDER BY g.group_id LIMIT $2 + 1)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
        "  'next', CASE WHEN count(*) > $2 THEN max(group_id::text) FILTER (WHERE n <= $2) END)"
        "FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_text(after), value_int(limit), value_text(role)), arena,
                      json);
}

enum status groups_get(struct store *store, const char *group_id, struct arena *arena,
                       struct document *out)
{
    STORE_STATEMENT(get, "SELECT " GROUP_JSON ", g.version FROM myna.device_group g"
                         " WHERE g.group_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(group_id)), arena, out);
}

enum status groups_create(struct store *store, const struct author *author, const char *group_id,
                          const char *name, int64_t priority, const struct groups_filter *filter,
                          struct arena *arena, struct document *out)
{
    STORE_STATEMENT(create,
                    "WITH g AS (INSERT INTO myna.device_group (group_id, name, priority, filter,"
                    "             program) VALUES ($3, $4, $5, $6, $7) RETURNING *),"
                    " joined AS (SELECT myna.group_refresh(ARRAY[g.group_id::text], NULL) FROM g"
                    "            WHERE g.filter IS NOT NULL),"
                    " done AS (SELECT min(myna.audit_append($1, $2, 'group.create',"
                    "             'group/' || g.group_id, NULL, to_jsonb(g) - 'program')),"
                    "           min(myna.tell('group', g.group_id)::text)"
                    "         FROM g CROSS JOIN (SELECT count(*) FROM joined) t)"
                    "SELECT to_jsonb(g.version), g.version FROM g, done");
    const struct value program = filter->text ? value_json(filter->program) : value_no_json();

    enum status status = document_change(
        store, &create,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(group_id),
                     value_text(name), value_int(priority), value_text(filter->text), program),
        arena, out);

    return status == STATUS_OK ? groups_get(store, group_id, arena, out) : status;
}

/* Whether a filter chooses the group's members: settled for its life. */
static enum status is_filtered(struct store_conn *conn, const char *group_id, bool *out)
{
    STORE_STATEMENT(read, "SELECT filter IS NOT NULL FROM myna.device_group WHERE group_id = $1");
    struct result result;
    enum status status = store_exec(conn, &read, STORE_VALUES(value_text(group_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else
        *out = result_bool(&result, 0, 0);
    result_release(&result);
    return status;
}

struct question {
    const char *group_id;
    bool is_filtered;
};

static enum status ask_filtered(struct store_conn *conn, void *context)
{
    struct question *question = context;

    return is_filtered(conn, question->group_id, &question->is_filtered);
}

static enum status update(struct store *store, const struct leading *leading, const char *group_id,
                          int64_t if_version, const struct groups_patch *patch, struct arena *arena,
                          struct document *out)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.device_group WHERE group_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.device_group g SET name = coalesce($5, g.name),"
        "           priority = CASE WHEN $6 < 0 THEN g.priority ELSE $6 END,"
        "           filter = coalesce($7, g.filter), program = coalesce($8, g.program),"
        "           version = g.version + 1"
        "         FROM old WHERE g.group_id = old.group_id AND $4 IN (-1, old.version)"
        "         RETURNING g.*),"
        " touched AS (SELECT myna.touch_devices(ARRAY(SELECT m.device_id::text"
        "               FROM myna.group_member m WHERE m.group_id = new.group_id))"
        "             FROM new JOIN old USING (group_id) WHERE new.priority <> old.priority),"
        " joined AS (SELECT myna.group_refresh(ARRAY[new.group_id::text], NULL)"
        "            FROM new CROSS JOIN (SELECT count(*) FROM touched) t WHERE $7 IS NOT NULL),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.update',"
        "             'group/' || new.group_id, to_jsonb(old) - 'program',"
        "             to_jsonb(new) - 'program')), min(myna.tell('group', new.group_id)::text)"
        "         FROM new JOIN old USING (group_id)"
        "         CROSS JOIN (SELECT count(*) FROM touched) t"
        "         CROSS JOIN (SELECT count(*) FROM joined) j)"
        "SELECT to_jsonb(new.version), old.version "
        "FROM done, old LEFT JOIN new USING (group_id)");
    const struct value program =
        patch->filter.text ? value_json(patch->filter.program) : value_no_json();

    /* a name leads nobody */
    const struct leading any = {leading->author, .alone = -1};
    const bool can_lead = patch->filter.text || patch->priority >= 0;

    return leading_change(
        store, can_lead ? leading : &any, NULL, &update,
        STORE_VALUES(value_text(leading->author->actor), value_text(leading->author->source),
                     value_text(group_id), value_int(if_version), value_text(patch->name),
                     value_int(patch->priority), value_text(patch->filter.text), program),
        arena, out);
}

enum status groups_update(struct store *store, const struct leading *leading, const char *group_id,
                          int64_t if_version, const struct groups_patch *patch, struct arena *arena,
                          struct document *out)
{
    struct question question = {group_id, true};
    enum status status =
        patch->filter.text ? store_transaction(store, ask_filtered, &question) : STATUS_OK;

    if (status == STATUS_OK && !question.is_filtered)
        status = STATUS_DENIED;
    if (status == STATUS_OK)
        status = update(store, leading, group_id, if_version, patch, arena, out);
    return status == STATUS_OK ? groups_get(store, group_id, arena, out) : status;
}

struct deletion {
    const struct leading *leading;
    const char *group_id;
    struct arena *arena;
};

static enum status delete_row(struct store_conn *conn, const struct deletion *deletion)
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
        "             to_jsonb(old) - 'program', NULL)), min(myna.tell('group', "
        "old.group_id)::text)"
        "         FROM gone JOIN old USING (group_id)"
        "         CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(true), 0 FROM done, gone");
    const struct author *author = deletion->leading->author;
    struct document ignored;

    return document_exec(conn, &delete_group,
                         STORE_VALUES(value_text(author->actor), value_text(author->source),
                                      value_text(deletion->group_id)),
                         deletion->arena, &ignored);
}

static enum status delete_led(struct store_conn *conn, void *context)
{
    /* filters that ask for the group: whom its end leads is counted now, not in a minute */
    STORE_STATEMENT(refresh, "SELECT myna.group_refresh(ids, NULL) FROM"
                             " (SELECT array_agg(g.group_id::text) AS ids FROM myna.device_group g"
                             "  WHERE g.program -> 'terms' @> '[{\"field\": \"group\"}]') named"
                             " WHERE ids IS NOT NULL");
    const struct deletion *deletion = context;
    enum status status = leading_begin(conn, deletion->leading, NULL);

    if (status == STATUS_OK)
        status = delete_row(conn, deletion);
    if (status == STATUS_OK)
        status = store_exec(conn, &refresh, STORE_NO_VALUES, NULL);
    return status == STATUS_OK ? leading_end(conn, deletion->leading, NULL) : status;
}

enum status groups_delete(struct store *store, const struct leading *leading, const char *group_id,
                          struct arena *arena)
{
    struct deletion deletion = {leading, group_id, arena};

    return store_transaction(store, delete_led, &deletion);
}

static enum status add(struct store_conn *conn, const struct leading *leading, const char *group_id,
                       const char *device_id, struct arena *arena)
{
    STORE_STATEMENT(
        add,
        "WITH both_exist AS (SELECT g.group_id, d.device_id FROM myna.device_group g,"
        "                      myna.device d WHERE g.group_id = $3 AND d.device_id = $4),"
        " new AS (INSERT INTO myna.group_member (group_id, device_id)"
        "         SELECT group_id, device_id FROM both_exist ON CONFLICT DO NOTHING RETURNING *),"
        " touched AS (SELECT myna.touch_devices(ARRAY[device_id::text]),"
        "               myna.group_refresh(NULL, ARRAY[device_id::text]) FROM new),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.add', 'group/' || new.group_id,"
        "             NULL, jsonb_build_object('device', new.device_id))),"
        "           min(myna.tell('device', new.device_id)::text)"
        "         FROM new CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(true), 0 FROM done, both_exist");
    struct document ignored;

    return leading_exec(conn, leading, device_id, &add,
                        STORE_VALUES(value_text(leading->author->actor),
                                     value_text(leading->author->source), value_text(group_id),
                                     value_text(device_id)),
                        arena, &ignored);
}

static enum status take_out(struct store_conn *conn, const struct leading *leading,
                            const char *group_id, const char *device_id, struct arena *arena)
{
    STORE_STATEMENT(
        remove_member,
        "WITH both_exist AS (SELECT g.group_id, d.device_id FROM myna.device_group g,"
        "                      myna.device d WHERE g.group_id = $3 AND d.device_id = $4),"
        " gone AS (DELETE FROM myna.group_member m USING both_exist b"
        "          WHERE m.group_id = b.group_id AND m.device_id = b.device_id RETURNING m.*),"
        " touched AS (SELECT myna.touch_devices(ARRAY[device_id::text]),"
        "               myna.group_refresh(NULL, ARRAY[device_id::text]) FROM gone),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'group.remove', 'group/' || gone.group_id,"
        "             jsonb_build_object('device', gone.device_id), NULL)),"
        "           min(myna.tell('device', gone.device_id)::text)"
        "         FROM gone CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(true), 0 FROM done, both_exist");
    struct document ignored;

    return leading_exec(conn, leading, device_id, &remove_member,
                        STORE_VALUES(value_text(leading->author->actor),
                                     value_text(leading->author->source), value_text(group_id),
                                     value_text(device_id)),
                        arena, &ignored);
}

enum status groups_put(struct store_conn *conn, const struct leading *leading,
                       const struct groups_member *member, struct arena *arena)
{
    bool has_filter = false;
    enum status status = is_filtered(conn, member->group_id, &has_filter);

    /* leading->problem tells this apart from too many robots */
    if (leading->problem)
        leading->problem->detail[0] = '\0';
    if (status != STATUS_OK || has_filter)
        return status == STATUS_OK ? STATUS_DENIED : status;
    return (member->is_in ? add : take_out)(conn, leading, member->group_id, member->device_id,
                                            arena);
}

struct putting {
    const struct leading *leading;
    struct groups_member member;
    struct arena *arena;
};

static enum status put(struct store_conn *conn, void *context)
{
    const struct putting *putting = context;

    return groups_put(conn, putting->leading, &putting->member, putting->arena);
}

enum status groups_add(struct store *store, const struct leading *leading, const char *group_id,
                       const char *device_id, struct arena *arena)
{
    struct putting putting = {leading, {group_id, device_id, true}, arena};

    return store_transaction(store, put, &putting);
}

enum status groups_remove(struct store *store, const struct leading *leading, const char *group_id,
                          const char *device_id, struct arena *arena)
{
    struct putting putting = {leading, {group_id, device_id, false}, arena};

    return store_transaction(store, put, &putting);
}

enum status groups_find_stranger(struct store *store, const char *const *names, size_t count,
                                 const char **bad)
{
    STORE_STATEMENT(find, "SELECT n.place FROM unnest($1::text[]) WITH ORDINALITY n(name, place)"
                          " WHERE NOT EXISTS (SELECT FROM myna.device_group g"
                          "   WHERE g.group_id = n.name AND g.filter IS NULL) ORDER BY 1 LIMIT 1");
    struct result result;
    enum status status =
        store_query(store, &find, STORE_VALUES(value_text_array(names, count)), &result);

    if (status != STATUS_OK)
        return status;
    *bad = result_count(&result) > 0 ? names[result_int(&result, 0, 0) - 1] : NULL;
    result_release(&result);
    return STATUS_OK;
}

enum status groups_preview(struct store *store, struct span program, bool of_group,
                           struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        preview,
        "WITH meant AS (SELECT d.device_id, d.name, o.online,"
        "    row_number() OVER (ORDER BY d.device_id) AS n"
        "  FROM myna.filter_matches($1::jsonb, NULL, $2::boolean) m"
        "  JOIN myna.device d ON d.device_id = m JOIN myna.device_online o USING (device_id))"
        "SELECT jsonb_build_object('devices', count(*), 'online', count(*) FILTER (WHERE online),"
        "  'first', coalesce(jsonb_agg(jsonb_build_object('id', device_id, 'name', name,"
        "      'online', online) ORDER BY n) FILTER (WHERE n <= 20), '[]')) FROM meant");

    return store_json(store, &preview, STORE_VALUES(value_json(program), value_bool(of_group)),
                      arena, json);
}

static enum status refresh_due(struct store_conn *conn, void *context)
{
    /* whoever is first to change the row does it; the others find it done */
    STORE_STATEMENT(refresh,
                    "WITH due AS (UPDATE myna.device_group SET refreshed_at = now()"
                    "   WHERE filter IS NOT NULL AND refreshed_at <= now()"
                    "     - make_interval(secs => (program ->> 'every_s')::integer - 1)"
                    "   RETURNING group_id),"
                    " names AS (SELECT array_agg(group_id::text) AS ids FROM due)"
                    "SELECT myna.group_refresh(ids, NULL) FROM names WHERE ids IS NOT NULL");

    (void)context;
    return store_exec(conn, &refresh, STORE_NO_VALUES, NULL);
}

enum status groups_refresh(struct store *store)
{
    return store_transaction(store, refresh_due, NULL);
}
