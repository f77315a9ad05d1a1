#include "server/store/operators.h"

#include "server/store/alarm.h"

#define OPERATOR_JSON                                                                              \
    "jsonb_build_object('id', o.operator_id, 'role', o.role, 'disabled_at', o.disabled_at, "       \
    "'second_factor_since', o.totp_since, 'by_provider', o.provider_subject IS NOT NULL, "         \
    "'version', o.version, 'created_at', o.created_at)"

/* What an own role means, for a dashboard that shows what can be done. */
#define OWN_JSON                                                                                   \
    "CASE WHEN r.is_own THEN jsonb_build_object('may', r.may, 'groups', to_jsonb(r.groups), "      \
    "'vendors', to_jsonb(r.vendors)) ELSE '{}' END"

/* The columns behind the actor. */
#define PAIRS(may)                                                                                 \
    "(SELECT string_agg(m.key || '=' || m.value, ' ') FROM jsonb_each_text(" may ") m)"
#define ROLE_COLUMNS                                                                               \
    "r.role_id, r.is_own, CASE WHEN r.is_own THEN " PAIRS(                                         \
        "r.may") " END, r.groups IS NOT NULL, r.vendors IS NOT NULL"

/* The last columns: a key's scope. */
#define SCOPE_COLUMNS                                                                              \
    PAIRS("k.may") ", k.may IS NOT NULL, k.groups IS NOT NULL OR k.vendors IS NOT NULL"
#define NO_SCOPE "NULL::text, false, false"

#define HAS_SCOPE "coalesce(k.may::text, k.groups::text, k.vendors::text) IS NOT NULL"
#define SCOPE_JSON                                                                                 \
    "jsonb_build_object('may', k.may, 'groups', to_jsonb(k.groups), 'vendors', "                   \
    "to_jsonb(k.vendors))"

#define EXPIRES_IN(row) "(extract(epoch FROM " row ".expires_at - now()) * 1000)::bigint"

static enum status read_identity(const struct result *result, struct operators_identity *out)
{
    enum status status = span_to_text(result_span(result, 0, 0), out->actor, sizeof out->actor);

    if (status == STATUS_OK)
        status = span_to_text(result_span(result, 0, 1), out->role, sizeof out->role);
    if (status == STATUS_OK)
        status = span_to_text(result_span(result, 0, 3), out->rights, sizeof out->rights);
    if (status == STATUS_OK)
        status = span_to_text(result_span(result, 0, 8), out->scope, sizeof out->scope);
    out->is_own = result_bool(result, 0, 2);
    out->by_groups = result_bool(result, 0, 4);
    out->by_vendors = result_bool(result, 0, 5);
    out->has_scope = result_bool(result, 0, 9);
    out->is_bound_itself = result_bool(result, 0, 10);
    return status;
}

/* *last: the column behind the role's. */
static enum status identify(struct store *store, const struct store_statement *statement,
                            struct span hash, struct operators_identity *out, bool *last)
{
    struct operators_identity found = {0};
    struct result result;
    enum status status = store_query(store, statement, STORE_VALUES(value_bytes(hash)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? read_identity(&result, &found) : STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        *out = found;
        *last = result_bool(&result, 0, 6);
        out->expires_in_ms = result_int(&result, 0, 7);
    }
    result_release(&result);
    return status;
}

enum status operators_by_session(struct store *store, struct span token_hash,
                                 struct operators_identity *out)
{
    STORE_STATEMENT(find, "SELECT 'operator:' || o.operator_id, " ROLE_COLUMNS
                          ", r.second_factor AND o.totp_since IS NULL"
                          " AND NOT s.by_provider, " EXPIRES_IN(
                              "s") ", " NO_SCOPE " FROM myna.login_session s"
                                   " JOIN myna.operator o USING (operator_id)"
                                   " JOIN myna.role r ON r.role_id = o.role"
                                   " WHERE s.token_hash = $1 AND s.expires_at > now()"
                                   " AND o.disabled_at IS NULL"
                                   " AND NOT (s.lacks_factor AND r.second_factor)");
    bool must_enrol = false;
    enum status status = identify(store, &find, token_hash, out, &must_enrol);

    if (status == STATUS_OK)
        out->must_enrol = must_enrol;
    return status;
}

/* A key that is used a thousand times a second is written down every five minutes. */
static enum status note_use(struct store *store, struct span key_hash)
{
    STORE_STATEMENT(note, "UPDATE myna.api_key SET last_used_at = now() WHERE key_hash = $1"
                          " AND coalesce(last_used_at < now() - interval '5 minutes', true)");

    return store_query(store, &note, STORE_VALUES(value_bytes(key_hash)), NULL);
}

enum status operators_by_key(struct store *store, struct span key_hash,
                             struct operators_identity *out)
{
    STORE_STATEMENT(find,
                    "SELECT 'api-key:' || k.key_id, " ROLE_COLUMNS
                    ", coalesce(k.last_used_at < now() - interval '5 minutes', true), " EXPIRES_IN(
                        "k") ", " SCOPE_COLUMNS
                             " FROM myna.api_key k CROSS JOIN LATERAL (SELECT o.role_id, o.is_own,"
                             "   o.may, myna.narrowed(o.groups, k.groups) AS groups,"
                             "   myna.narrowed(o.vendors, k.vendors) AS vendors"
                             "   FROM myna.role o WHERE o.role_id = k.role) r"
                             " WHERE k.key_hash = $1"
                             " AND expires_at > now() AND revoked_at IS NULL"
                             " AND myna.key_stopped(k) IS NULL");
    bool is_news = false;
    enum status status = identify(store, &find, key_hash, out, &is_news);

    return status == STATUS_OK && is_news ? note_use(store, key_hash) : status;
}

enum status operators_password(struct store *store, const char *operator_id, struct arena *arena,
                               const char **hash)
{
    STORE_STATEMENT(find, "SELECT password_hash FROM myna.operator"
                          " WHERE operator_id = $1 AND disabled_at IS NULL");
    struct span found;
    enum status status =
        store_json(store, &find, STORE_VALUES(value_text(operator_id)), arena, &found);

    if (status != STATUS_OK)
        return status;
    const char *text = arena_text(arena, found);
    if (text == NULL)
        return STATUS_MEMORY;
    *hash = text;
    return STATUS_OK;
}

enum status operators_exist(struct store *store, bool *exist)
{
    STORE_STATEMENT(find, "SELECT EXISTS (SELECT FROM myna.operator WHERE disabled_at IS NULL)");
    struct result result;
    enum status status = store_query(store, &find, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *exist = result_bool(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

enum status operators_log_in(struct store *store, const struct author *author,
                             const char *operator_id, const struct operators_opening *opening,
                             struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        log_in,
        "WITH s AS (INSERT INTO myna.login_session (token_hash, operator_id, expires_at,"
        "             by_provider, lacks_factor)"
        "           SELECT $4, $3::text, now() + make_interval(secs => $5), $6 = 'provider', $7"
        "             FROM myna.operator o JOIN myna.role r ON r.role_id = o.role"
        "             WHERE o.operator_id = $3::text AND NOT ($7 AND r.second_factor)"
        "           RETURNING operator_id, expires_at, by_provider),"
        " done AS (SELECT myna.audit_append($1, $2, 'login', 'operator/' || operator_id,"
        "             NULL, jsonb_build_object('by', $6::text) || CASE WHEN $7"
        "             THEN jsonb_build_object('second_factor', false) ELSE '{}' END) FROM s)"
        "SELECT jsonb_build_object('operator', jsonb_build_object('id', o.operator_id,"
        "         'role', o.role, 'must_enrol', r.second_factor AND o.totp_since IS NULL)"
        "         || " OWN_JSON ", 'expires_at', s.expires_at), o.version "
        "FROM s JOIN myna.operator o USING (operator_id)"
        " JOIN myna.role r ON r.role_id = o.role CROSS JOIN done");
    struct document out;
    enum status status = document_change(
        store, &log_in,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(operator_id),
                     value_bytes(opening->token_hash), value_int(opening->lives_s),
                     value_text(opening->how), value_bool(opening->lacks_factor)),
        arena, &out);

    if (status == STATUS_OK)
        *json = out.json;
    return status == STATUS_NOT_FOUND && opening->lacks_factor ? STATUS_DENIED : status;
}

enum status operators_log_out(struct store *store, const struct author *author,
                              struct span token_hash, bool *by_provider)
{
    STORE_STATEMENT(log_out,
                    "WITH s AS (DELETE FROM myna.login_session WHERE token_hash = $3"
                    "           RETURNING operator_id, by_provider)"
                    "SELECT myna.audit_append($1, $2, 'logout', 'operator/' || operator_id,"
                    "         NULL, NULL), by_provider, myna.tell('operator', operator_id) FROM s");
    struct result result;
    enum status status =
        store_query(store, &log_out,
                    STORE_VALUES(value_text(author->actor), value_text(author->source),
                                 value_bytes(token_hash)),
                    &result);

    if (status != STATUS_OK)
        return status;
    *by_provider = result_count(&result) > 0 && result_bool(&result, 0, 1);
    result_release(&result);
    return STATUS_OK;
}

enum status operators_me(struct store *store, const char *id, const char *role, bool must_enrol,
                         struct arena *arena, struct span *json)
{
    STORE_STATEMENT(me, "SELECT jsonb_build_object('operator', jsonb_build_object('id', $1::text,"
                        "  'role', r.role_id, 'must_enrol', $3::boolean) || " OWN_JSON
                        "  || CASE WHEN " HAS_SCOPE " THEN jsonb_build_object('scope', " SCOPE_JSON
                        "  ) ELSE '{}' END)"
                        " FROM myna.role r LEFT JOIN myna.api_key k ON 'api-key:' || k.key_id = $1"
                        " WHERE r.role_id = $2");

    return store_json(store, &me,
                      STORE_VALUES(value_text(id), value_text(role), value_bool(must_enrol)), arena,
                      json);
}

enum status operators_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" OPERATOR_JSON
                          " || jsonb_build_object('last_login', (SELECT a.at FROM myna.audit a"
                          "   WHERE a.subject = 'operator/' || o.operator_id"
                          "   AND a.action = 'login' ORDER BY a.seq DESC LIMIT 1))"
                          " ORDER BY o.operator_id), '[]'), 'next', NULL) FROM myna.operator o");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status operators_get(struct store *store, const char *operator_id, struct arena *arena,
                          struct document *out)
{
    STORE_STATEMENT(get, "SELECT " OPERATOR_JSON
                         ", o.version FROM myna.operator o WHERE o.operator_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(operator_id)), arena, out);
}

enum status operators_create(struct store *store, const struct author *author,
                             const char *operator_id, const char *role, const char *password_hash,
                             struct arena *arena, struct document *out)
{
    STORE_STATEMENT(create,
                    "WITH o AS (INSERT INTO myna.operator (operator_id, role, password_hash)"
                    "           VALUES ($3, $4, $5) RETURNING *),"
                    " done AS (SELECT myna.audit_append($1, $2, 'operator.create',"
                    "             'operator/' || o.operator_id, NULL, " OPERATOR_JSON "),"
                    "           myna.tell('operator', o.operator_id) FROM o)"
                    "SELECT " OPERATOR_JSON ", o.version FROM o, done");

    return document_change(store, &create,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id), value_text(role),
                                        value_text(password_hash)),
                           arena, out);
}

enum status operators_put(struct store *store, const struct author *author, const char *operator_id,
                          const char *role, const char *password_hash, struct arena *arena)
{
    STORE_STATEMENT(put,
                    "WITH o AS (INSERT INTO myna.operator AS o (operator_id, role, password_hash)"
                    "           VALUES ($3, $4, $5) ON CONFLICT (operator_id) DO UPDATE"
                    "           SET role = $4, password_hash = $5, disabled_at = NULL,"
                    "               version = o.version + 1 RETURNING *),"
                    " gone AS (DELETE FROM myna.login_session s USING o"
                    "          WHERE s.operator_id = o.operator_id RETURNING 1),"
                    " done AS (SELECT myna.audit_append($1, $2, 'operator.put',"
                    "             'operator/' || o.operator_id, NULL, " OPERATOR_JSON "),"
                    "           myna.tell('operator', o.operator_id) FROM o"
                    "          CROSS JOIN (SELECT count(*) FROM gone) g)"
                    "SELECT to_jsonb(true), o.version FROM o, done");
    struct document ignored;

    return document_change(store, &put,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id), value_text(role),
                                        value_text(password_hash)),
                           arena, &ignored);
}

struct visit {
    const struct author *author;
    const struct operators_visitor *visitor;
    struct arena *arena;
    const char **operator_id;
};

/* All admins' rows in one order, so that two admins cannot demote each other. */
static enum status lock_admins(struct store_conn *conn)
{
    STORE_STATEMENT(lock, "SELECT 1 FROM myna.operator WHERE role = 'admin'"
                          " ORDER BY operator_id FOR UPDATE");

    return store_exec(conn, &lock, STORE_NO_VALUES, NULL);
}

/* *subject in the arena: "operator/anna" when the visitor is the one admin that there is, which the
 * provider's word does not change: NULL otherwise. With the admins locked. */
static enum status find_last_admin(struct store_conn *conn, const struct visit *visit,
                                   const char **subject)
{
    STORE_STATEMENT(find, "SELECT 'operator/' || o.operator_id FROM myna.operator o"
                          " WHERE o.provider_subject = $1 AND o.role = 'admin'"
                          " AND o.disabled_at IS NULL AND NOT EXISTS (SELECT FROM myna.operator x"
                          "   WHERE x.role = 'admin' AND x.disabled_at IS NULL"
                          "   AND x.operator_id <> o.operator_id)");
    struct result result;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(visit->visitor->subject)), &result);

    if (status != STATUS_OK)
        return status;
    *subject =
        result_count(&result) > 0 ? arena_text(visit->arena, result_span(&result, 0, 0)) : NULL;
    result_release(&result);
    return arena_failed(visit->arena) ? STATUS_MEMORY : STATUS_OK;
}

/* Somebody must do something before the provider, or this database, has no admin at all. */
static enum status raise_last_admin(struct store_conn *conn, const struct visit *visit,
                                    const char *subject)
{
    const char *role = visit->visitor->role;
    const struct alarm alarm = {
        .kind = "last_admin",
        .severity = "critical",
        .subject = subject,
        .detail = role != NULL ? arena_format(visit->arena, "{\"role\":\"%s\"}", role)
                               : "{\"refused\":1}",
    };

    return alarm.detail != NULL ? alarm_raise(conn, visit->arena, &alarm, 1) : STATUS_MEMORY;
}

static enum status end_last_admin(struct store_conn *conn, const struct visit *visit,
                                  const char *operator_id)
{
    const char *subject = arena_format(visit->arena, "operator/%s", operator_id);

    return subject != NULL ? alarm_clear(conn, "last_admin", subject) : STATUS_MEMORY;
}

/* Who has no role any more is out at once; the operator stays, for the audit's sake. */
static enum status turn_away(struct store_conn *conn, const struct visit *visit)
{
    STORE_STATEMENT(end, "WITH ended AS (DELETE FROM myna.login_session s USING myna.operator o"
                         "   WHERE s.operator_id = o.operator_id AND o.provider_subject = $1"
                         "   RETURNING o.operator_id)"
                         " SELECT myna.tell('operator', operator_id) FROM ended");

    return store_exec(conn, &end, STORE_VALUES(value_text(visit->visitor->subject)), NULL);
}

/* *is_kept: the provider takes admin from the only one who has it, and that is not done. */
static enum status keep_last_admin(struct store_conn *conn, const struct visit *visit,
                                   bool *is_kept)
{
    const char *role = visit->visitor->role;
    const char *subject = NULL;
    enum status status = lock_admins(conn);

    if (status == STATUS_OK)
        status = find_last_admin(conn, visit, &subject);
    *is_kept = subject != NULL && (role == NULL || strcmp(role, "admin") != 0);
    return status == STATUS_OK && *is_kept ? raise_last_admin(conn, visit, subject) : status;
}

/* Who is known by the subject; otherwise *operator_id stays the name. */
static enum status find_visitor(struct store_conn *conn, const struct visit *to, bool *is_known)
{
    STORE_STATEMENT(find, "SELECT operator_id, disabled_at IS NULL FROM myna.operator"
                          " WHERE provider_subject = $1 FOR UPDATE");
    struct result result;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(to->visitor->subject)), &result);

    if (status != STATUS_OK)
        return status;
    *is_known = result_count(&result) > 0;
    const bool is_enabled = !*is_known || result_bool(&result, 0, 1);
    *to->operator_id =
        *is_known ? arena_text(to->arena, result_span(&result, 0, 0)) : to->visitor->name;
    result_release(&result);
    if (*to->operator_id == NULL)
        return STATUS_MEMORY;
    return is_enabled ? STATUS_OK : STATUS_DENIED;
}

static enum status give_role(struct store_conn *conn, const struct visit *to, bool is_known)
{
    STORE_STATEMENT(create,
                    "WITH o AS (INSERT INTO myna.operator (operator_id, role, provider_subject)"
                    "           VALUES ($3, $4, $5) RETURNING *),"
                    " done AS (SELECT myna.audit_append($1, $2, 'operator.create',"
                    "             'operator/' || o.operator_id, NULL, " OPERATOR_JSON "),"
                    "           myna.tell('operator', o.operator_id) FROM o)"
                    "SELECT to_jsonb(o.operator_id), o.version FROM o, done");
    STORE_STATEMENT(update,
                    "WITH old AS (SELECT * FROM myna.operator WHERE operator_id = $3),"
                    " o AS (UPDATE myna.operator o SET role = $4, version = o.version + 1 FROM old"
                    "       WHERE o.operator_id = old.operator_id AND old.role <> $4 RETURNING o.*)"
                    "SELECT min(myna.audit_append($1, $2, 'operator.update',"
                    "   'operator/' || o.operator_id, jsonb_build_object('role', old.role),"
                    "   jsonb_build_object('role', o.role))),"
                    " min(myna.tell('operator', o.operator_id)::text) FROM o JOIN old USING"
                    " (operator_id)");
    const struct value actor = value_text(to->author->actor);
    const struct value source = value_text(to->author->source);
    const struct value role = value_text(to->visitor->role);
    struct document ignored;

    if (is_known)
        return store_exec(conn, &update,
                          STORE_VALUES(actor, source, value_text(*to->operator_id), role), NULL);
    return document_exec(conn, &create,
                         STORE_VALUES(actor, source, value_text(to->visitor->name), role,
                                      value_text(to->visitor->subject)),
                         to->arena, &ignored);
}

static enum status visit(struct store_conn *conn, void *context)
{
    const struct visit *to = context;
    bool is_kept = false;
    bool is_known = false;
    enum status status = keep_last_admin(conn, to, &is_kept);

    if (status == STATUS_OK && to->visitor->role == NULL)
        return turn_away(conn, to);
    if (status == STATUS_OK)
        status = find_visitor(conn, to, &is_known);
    if (status != STATUS_OK || is_kept)
        return status;
    status = end_last_admin(conn, to, *to->operator_id);
    return status == STATUS_OK ? give_role(conn, to, is_known) : status;
}

enum status operators_visit(struct store *store, const struct author *author,
                            const struct operators_visitor *visitor, struct arena *arena,
                            const char **operator_id)
{
    struct visit context = {author, visitor, arena, operator_id};
    enum status status = store_transaction(store, visit, &context);

    return status == STATUS_OK && visitor->role == NULL ? STATUS_NOT_FOUND : status;
}

/* One step that may leave nobody in charge: undone when it does. */
struct step {
    const struct store_statement *statement;
    const struct value *values;
    size_t count;
    struct arena *arena;
};

static enum status change_staff(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(left, "SELECT to_jsonb(count(*)), count(*) FROM myna.operator"
                          " WHERE role = 'admin' AND disabled_at IS NULL");
    const struct step *step = context;
    struct document out = {0};
    enum status status = lock_admins(conn);

    if (status == STATUS_OK)
        status = document_exec(conn, step->statement, step->values, step->count, step->arena, &out);
    if (status == STATUS_OK)
        status = document_exec(conn, &left, STORE_NO_VALUES, step->arena, &out);
    if (status == STATUS_OK && out.version == 0)
        return STATUS_DENIED;
    return status;
}

enum status operators_update(struct store *store, const struct author *author,
                             const char *operator_id, int64_t if_version,
                             const struct operators_patch *patch, struct arena *arena,
                             struct document *out)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.operator WHERE operator_id = $3 FOR UPDATE),"
        " o AS (UPDATE myna.operator o SET role = coalesce($5, o.role),"
        "         password_hash = coalesce($6, o.password_hash),"
        "         disabled_at = CASE $7::bigint WHEN 1 THEN coalesce(o.disabled_at, now())"
        "                       WHEN 0 THEN NULL ELSE o.disabled_at END,"
        "         version = o.version + 1"
        "       FROM old WHERE o.operator_id = old.operator_id AND $4 IN (-1, old.version)"
        "       RETURNING o.*),"
        " gone AS (DELETE FROM myna.login_session s USING o"
        "          WHERE s.operator_id = o.operator_id RETURNING 1),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'operator.update',"
        "             'operator/' || o.operator_id, jsonb_build_object('role', old.role,"
        "               'disabled', old.disabled_at IS NOT NULL),"
        "             jsonb_build_object('role', o.role, 'disabled', o.disabled_at IS NOT NULL,"
        "               'password_changed', o.password_hash IS DISTINCT FROM old.password_hash))),"
        "           min(myna.tell('operator', o.operator_id)::text)"
        "         FROM o JOIN old USING (operator_id) CROSS JOIN (SELECT count(*) FROM gone) g)"
        "SELECT to_jsonb(o.version), old.version FROM done, old LEFT JOIN o USING (operator_id)");
    int64_t disabled = patch->set_disabled ? patch->disabled : -1;
    const struct value values[] = {
        value_text(author->actor), value_text(author->source), value_text(operator_id),
        value_int(if_version),     value_text(patch->role),    value_text(patch->password_hash),
        value_int(disabled),
    };
    struct step step = {&update, values, sizeof values / sizeof *values, arena};
    enum status status = store_transaction(store, change_staff, &step);

    return status == STATUS_OK ? operators_get(store, operator_id, arena, out) : status;
}

enum status operators_change_password(struct store *store, const struct author *author,
                                      const char *operator_id,
                                      const struct operators_password_change *change,
                                      struct arena *arena)
{
    STORE_STATEMENT(update,
                    "WITH o AS (UPDATE myna.operator SET password_hash = $5, version = version + 1"
                    "       WHERE operator_id = $3 AND password_hash = $4 AND disabled_at IS NULL"
                    "       RETURNING operator_id),"
                    " gone AS (DELETE FROM myna.login_session s USING o"
                    "       WHERE s.operator_id = o.operator_id AND s.token_hash <> $6"
                    "       RETURNING 1),"
                    " done AS (SELECT myna.audit_append($1, $2, 'operator.password',"
                    "       'operator/' || o.operator_id, NULL,"
                    "       jsonb_build_object('sessions_ended', (SELECT count(*) FROM gone))),"
                    "       myna.tell('operator', o.operator_id) FROM o)"
                    "SELECT to_jsonb(true), 0 FROM o, done");
    struct document ignored;

    return document_change(store, &update,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(operator_id), value_text(change->old_hash),
                                        value_text(change->new_hash), value_bytes(change->session)),
                           arena, &ignored);
}

enum status operators_delete(struct store *store, const struct author *author,
                             const char *operator_id, struct arena *arena)
{
    STORE_STATEMENT(delete_operator,
                    "WITH o AS (DELETE FROM myna.operator WHERE operator_id = $3 RETURNING *),"
                    " done AS (SELECT myna.audit_append($1, $2, 'operator.delete',"
                    "             'operator/' || o.operator_id, " OPERATOR_JSON ", NULL),"
                    "           myna.tell('operator', o.operator_id) FROM o)"
                    "SELECT to_jsonb(true), 0 FROM o, done");
    const struct value values[] = {value_text(author->actor), value_text(author->source),
                                   value_text(operator_id)};
    struct step step = {&delete_operator, values, sizeof values / sizeof *values, arena};

    return store_transaction(store, change_staff, &step);
}

#define KEY_JSON                                                                                   \
    "jsonb_build_object('id', k.key_id, 'name', k.name, 'role', k.role, 'owner', k.owner, "        \
    "'scope', CASE WHEN " HAS_SCOPE " THEN " SCOPE_JSON " END, 'stopped', "                        \
    "myna.key_stopped(k), 'created_by', k.created_by, 'created_at', k.created_at, 'expires_at', "  \
    "k.expires_at, 'revoked_at', k.revoked_at, 'last_used_at', k.last_used_at)"

enum status operators_list_keys(struct store *store, const char *owner, struct arena *arena,
                                struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" KEY_JSON
                          " ORDER BY k.key_id DESC), '[]'), 'next', NULL) FROM myna.api_key k"
                          " WHERE $1::text IS NULL OR k.owner = $1");

    return store_json(store, &list, STORE_VALUES(value_text(owner)), arena, json);
}

enum status operators_create_key(struct store *store, const struct author *author,
                                 const struct operators_key *order, struct arena *arena,
                                 struct document *out)
{
    STORE_STATEMENT(
        create,
        "WITH k AS (INSERT INTO myna.api_key (name, role, key_hash, created_by, expires_at,"
        "             may, groups, vendors, owner)"
        "             SELECT $3, $4, $5, $1, now() + make_interval(secs => $6),"
        "             nullif($8::jsonb, 'null'), myna.texts($9::jsonb), myna.texts($10::jsonb),"
        "             o.operator_id FROM myna.operator o WHERE 'operator:' || o.operator_id ="
        "             coalesce('operator:' || $7::text, myna.person($1))"
        "             AND myna.role_covers(o.role, $4) RETURNING *),"
        " done AS (SELECT myna.audit_append($1, $2, 'api_key.create', 'api-key/' || k.key_id,"
        "             NULL, " KEY_JSON "), myna.tell('api_key', k.key_id::text) FROM k)"
        "SELECT " KEY_JSON ", k.key_id FROM k, done");

    return document_change(store, &create,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_text(order->name), value_text(order->role),
                                        value_bytes(order->hash), value_int(order->expires_in_s),
                                        value_text(order->owner), value_json(order->may),
                                        value_json(order->groups), value_json(order->vendors)),
                           arena, out);
}

enum status operators_revoke_key(struct store *store, const struct author *author, int64_t key_id,
                                 const char *owner, struct arena *arena)
{
    STORE_STATEMENT(revoke,
                    "WITH old AS (SELECT * FROM myna.api_key WHERE key_id = $3"
                    "   AND ($4::text IS NULL OR owner = $4) FOR UPDATE),"
                    " k AS (UPDATE myna.api_key k SET revoked_at = now() FROM old"
                    "       WHERE k.key_id = old.key_id AND old.revoked_at IS NULL RETURNING k.*),"
                    " done AS (SELECT min(myna.audit_append($1, $2, 'api_key.revoke',"
                    "             'api-key/' || k.key_id, NULL, " KEY_JSON ")),"
                    "           min(myna.tell('api_key', k.key_id::text)::text) FROM k)"
                    "SELECT to_jsonb(true), 0 FROM old, done");
    struct document ignored;

    return document_change(store, &revoke,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_int(key_id), value_text(owner)),
                           arena, &ignored);
}
