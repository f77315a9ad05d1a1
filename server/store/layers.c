#include "server/store/layers.h"

#include "schema/wire/limits.h"
#include "server/store/leading.h"
#include "server/store/rollouts.h"

#define LAYER_ID_SIZE (LIMIT_SLUG + 16)

static const char *const prefixes[] = {"", "group:", "device:"};

static void make_id(const struct layers_key *key, char out[LAYER_ID_SIZE])
{
    if (key->kind == LAYERS_FLEET)
        snprintf(out, LAYER_ID_SIZE, "fleet");
    else
        snprintf(out, LAYER_ID_SIZE, "%s%.*s", prefixes[key->kind], LIMIT_SLUG, key->owner);
}

static const char *owner_if(const struct layers_key *key, enum layers_kind kind)
{
    return key->kind == kind ? key->owner : NULL;
}

/* The devices that a layer reaches, for a row w with group_id and device_id. */
#define REACHES(w)                                                                                 \
    "(SELECT count(*) FROM myna.device d WHERE d.status = 'active' AND CASE"                       \
    "   WHEN " w ".device_id IS NOT NULL THEN d.device_id = " w ".device_id"                       \
    "   WHEN " w ".group_id IS NOT NULL THEN d.device_id IN (SELECT m.device_id"                   \
    "     FROM myna.group_member m WHERE m.group_id = " w ".group_id)"                             \
    "   ELSE true END)"

enum status layers_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list,
                    "SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object("
                    "  'id', l.layer_id, 'revision', l.revision, 'settings', l.settings,"
                    "  'changed_at', l.changed_at, 'changed_by', l.changed_by,"
                    "  'reaches', " REACHES(
                        "l") ")"
                             "  ORDER BY l.layer_id <> 'fleet', l.layer_id), '[]'), 'next', NULL)"
                             "FROM myna.layer l");

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status layers_get(struct store *store, const struct layers_key *key, struct arena *arena,
                       struct document *out)
{
    STORE_STATEMENT(get,
                    "SELECT jsonb_build_object('id', $1::text, 'revision', coalesce(l.revision, 0),"
                    "  'settings', coalesce(l.settings, '{}'), 'changed_at', l.changed_at,"
                    "  'changed_by', coalesce(l.changed_by, ''), 'reaches', " REACHES(
                        "w") "),"
                             "  coalesce(l.revision, 0) "
                             "FROM (SELECT $2::text AS group_id, $3::text AS device_id) w"
                             " LEFT JOIN myna.layer l ON l.layer_id = $1"
                             " WHERE (w.group_id IS NULL OR EXISTS (SELECT FROM myna.device_group g"
                             "          WHERE g.group_id = w.group_id))"
                             "  AND (w.device_id IS NULL OR EXISTS (SELECT FROM myna.device d"
                             "          WHERE d.device_id = w.device_id))");
    char id[LAYER_ID_SIZE];

    make_id(key, id);
    return document_read(store, &get,
                         STORE_VALUES(value_text(id), value_text(owner_if(key, LAYERS_GROUP)),
                                      value_text(owner_if(key, LAYERS_DEVICE))),
                         arena, out);
}

enum status layers_revisions(struct store *store, const struct layers_key *key, int64_t after,
                             int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list, "WITH page AS (SELECT jsonb_build_object('revision', r.revision,"
              "    'settings', r.settings, 'changed_at', r.changed_at,"
              "    'changed_by', r.changed_by, 'restores', r.restores) AS item, r.revision,"
              "    row_number() OVER (ORDER BY r.revision DESC) AS n"
              "  FROM myna.layer_revision r WHERE r.layer_id = $1 AND ($2 = 0 OR r.revision < $2)"
              "  ORDER BY r.revision DESC LIMIT $3 + 1)"
              "SELECT jsonb_build_object("
              "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $3), '[]'),"
              "  'next', CASE WHEN count(*) > $3 THEN min(revision) FILTER (WHERE n <= $3) END)"
              "FROM page");
    char id[LAYER_ID_SIZE];

    make_id(key, id);
    return store_json(store, &list,
                      STORE_VALUES(value_text(id), value_int(after), value_int(limit)), arena,
                      json);
}

enum status layers_revision(struct store *store, const struct layers_key *key, int64_t revision,
                            struct arena *arena, struct span *settings)
{
    STORE_STATEMENT(get, "SELECT settings FROM myna.layer_revision"
                         " WHERE layer_id = $1 AND revision = $2"
                         " UNION ALL SELECT '{}' WHERE $2 = 0");
    char id[LAYER_ID_SIZE];

    make_id(key, id);
    return store_json(store, &get, STORE_VALUES(value_text(id), value_int(revision)), arena,
                      settings);
}

enum status layers_diff(struct store *store, const struct layers_key *key, int64_t from, int64_t to,
                        struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        diff,
        "WITH ends AS (SELECT CASE WHEN $2 < 0 THEN greatest(e.to_revision - 1, 0) ELSE $2 END"
        "     AS from_revision, e.to_revision FROM (SELECT CASE WHEN $3 < 0"
        "       THEN coalesce((SELECT l.revision FROM myna.layer l WHERE l.layer_id = $1), 0)"
        "       ELSE $3 END AS to_revision) e),"
        " said AS (SELECT revision, settings FROM myna.layer_revision WHERE layer_id = $1"
        "   UNION ALL SELECT 0, '{}')"
        "SELECT jsonb_build_object('id', $1::text, 'from', e.from_revision, 'to', e.to_revision,"
        "  'items', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', key, 'change',"
        "      CASE WHEN o.value IS NULL THEN 'added' WHEN n.value IS NULL THEN 'removed'"
        "      ELSE 'changed' END, 'from', o.value, 'to', n.value) ORDER BY key), '[]')"
        "    FROM jsonb_each(a.settings) o FULL JOIN jsonb_each(b.settings) n USING (key)"
        "    WHERE o.value IS DISTINCT FROM n.value)) "
        "FROM ends e JOIN said a ON a.revision = e.from_revision"
        " JOIN said b ON b.revision = e.to_revision");
    char id[LAYER_ID_SIZE];

    make_id(key, id);
    return store_json(store, &diff, STORE_VALUES(value_text(id), value_int(from), value_int(to)),
                      arena, json);
}

struct change {
    const struct layers_edit *edit;
    char id[LAYER_ID_SIZE];
    struct arena *arena;
    struct json_problem *problem;
};

/* The first route that cannot be: its place in the list and the reason. */
static enum status check_routes(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(
        bad,
        "WITH r AS (SELECT ordinality - 1 AS n, value ->> 'vendor' AS vendor_id,"
        "             value ->> 'contract' AS contract_id, value ->> 'model' AS model"
        "           FROM jsonb_array_elements($1::jsonb -> 'routes') WITH ORDINALITY),"
        " reached AS (SELECT min(d.device_id::text) AS device_id, d.region FROM myna.device d"
        "   WHERE d.status = 'active' AND d.region <> ''"
        "   AND ($2::text IS NULL OR d.device_id IN (SELECT m.device_id FROM myna.group_member m"
        "          WHERE m.group_id = $2)) AND ($3::text IS NULL OR d.device_id = $3) GROUP BY 2)"
        "SELECT n, CASE"
        "   WHEN v.vendor_id IS NULL THEN format('there is no vendor \"%s\"', r.vendor_id)"
        "   WHEN c.contract_id IS NULL THEN format('there is no contract \"%s\"', r.contract_id)"
        "   WHEN c.vendor_id <> v.vendor_id THEN"
        "     format('contract \"%s\" is with vendor \"%s\"', r.contract_id, c.vendor_id)"
        "   ELSE format('%s: device \"%s\" lives in \"%s\"', abroad.flaw, abroad.device_id,"
        "     abroad.region) END "
        "FROM r LEFT JOIN myna.vendor v USING (vendor_id)"
        " LEFT JOIN myna.contract c ON c.contract_id = r.contract_id"
        " LEFT JOIN LATERAL (SELECT reached.*, b.flaw FROM reached"
        "   CROSS JOIN LATERAL (SELECT myna.border_flaw(reached.region, v, r.model) AS flaw) b"
        "   WHERE b.flaw IS NOT NULL ORDER BY device_id LIMIT 1) abroad ON true "
        "WHERE v.vendor_id IS NULL OR c.contract_id IS NULL OR c.vendor_id <> v.vendor_id"
        " OR abroad.device_id IS NOT NULL ORDER BY n LIMIT 1");
    struct result row;
    enum status status =
        store_exec(conn, &bad,
                   STORE_VALUES(value_json(change->edit->settings),
                                value_text(owner_if(&change->edit->key, LAYERS_GROUP)),
                                value_text(owner_if(&change->edit->key, LAYERS_DEVICE))),
                   &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) > 0) {
        snprintf(change->problem->pointer, sizeof change->problem->pointer, "/settings/routes/%lld",
                 (long long)result_int(&row, 0, 0));
        snprintf(change->problem->detail, sizeof change->problem->detail, "%s",
                 result_text(&row, 0, 1));
        status = STATUS_INVALID;
    }
    result_release(&row);
    return status;
}

/* Makes the row when there is none, locks it, and compares. same: nothing is to be done. */
static enum status lock_layer(struct store_conn *conn, const struct change *change, bool *same)
{
    STORE_STATEMENT(
        make, "INSERT INTO myna.layer (layer_id, group_id, device_id, revision, changed_by)"
              " SELECT $1, $2::text, $3::text, 0, $4 WHERE ($2::text IS NULL OR EXISTS"
              "   (SELECT FROM myna.device_group g WHERE g.group_id = $2))"
              "  AND ($3::text IS NULL OR EXISTS"
              "   (SELECT FROM myna.device d WHERE d.device_id = $3)) ON CONFLICT DO NOTHING");
    STORE_STATEMENT(lock, "SELECT revision, settings = $2::jsonb FROM myna.layer"
                          " WHERE layer_id = $1 FOR UPDATE");
    struct result row;
    enum status status = store_exec(
        conn, &make,
        STORE_VALUES(value_text(change->id), value_text(owner_if(&change->edit->key, LAYERS_GROUP)),
                     value_text(owner_if(&change->edit->key, LAYERS_DEVICE)),
                     value_text(change->edit->author->actor)),
        NULL);

    if (status == STATUS_OK)
        status = store_exec(
            conn, &lock, STORE_VALUES(value_text(change->id), value_json(change->edit->settings)),
            &row);
    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else if (change->edit->if_revision >= 0 && change->edit->if_revision != result_int(&row, 0, 0))
        status = STATUS_CONFLICT;
    else
        *same = result_bool(&row, 0, 1);
    result_release(&row);
    return status;
}

static enum status replace(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(
        put,
        "WITH old AS (SELECT * FROM myna.layer WHERE layer_id = $3),"
        " l AS (UPDATE myna.layer l SET settings = $4, revision = l.revision + 1,"
        "         changed_at = now(), changed_by = $1 WHERE layer_id = $3 RETURNING *),"
        " history AS (INSERT INTO myna.layer_revision (layer_id, revision, settings, changed_at,"
        "               changed_by, restores) SELECT layer_id, revision, settings, changed_at,"
        "               changed_by, nullif($5::bigint, -1) FROM l RETURNING 1),"
        " touched AS (SELECT myna.touch_devices(CASE"
        "     WHEN l.device_id IS NOT NULL THEN ARRAY[l.device_id::text]"
        "     WHEN l.group_id IS NOT NULL THEN ARRAY(SELECT m.device_id::text"
        "       FROM myna.group_member m WHERE m.group_id = l.group_id) END) FROM l, history),"
        " done AS (SELECT min(myna.audit_append($1, $2, CASE WHEN $5 < 0 THEN 'layer.update'"
        "             ELSE 'layer.restore' END, 'layer/' || l.layer_id,"
        "             old.settings, l.settings)), min(myna.tell('layer', l.layer_id)::text)"
        "         FROM l JOIN old USING (layer_id)"
        "         CROSS JOIN (SELECT count(*) FROM touched) t)"
        "SELECT to_jsonb(l.revision), l.revision FROM l, done");
    struct document ignored;

    return document_exec(conn, &put,
                         STORE_VALUES(value_text(change->edit->author->actor),
                                      value_text(change->edit->author->source),
                                      value_text(change->id), value_json(change->edit->settings),
                                      value_int(change->edit->restores)),
                         change->arena, &ignored);
}

/* A rollout that is giving robots another value of a setting would take an edit for its own. */
static enum status check_rollouts(struct store_conn *conn, const struct change *change)
{
    const char *setting;
    const char *rollout_id;
    enum status status = rollouts_find_holder(conn, change->arena, change->id,
                                              change->edit->settings, &setting, &rollout_id);

    if (status != STATUS_OK || setting == NULL)
        return status;
    snprintf(change->problem->pointer, sizeof change->problem->pointer, "/settings/%s", setting);
    snprintf(change->problem->detail, sizeof change->problem->detail,
             "rollout \"%s\" is changing it: let that end, or roll it back", rollout_id);
    return STATUS_DENIED;
}

enum status layers_check(struct store_conn *conn, const struct layers_key *key,
                         struct span settings, struct json_problem *problem)
{
    const struct layers_edit edit = {.key = *key, .settings = settings};
    const struct change change = {.edit = &edit, .problem = problem};

    return check_routes(conn, &change);
}

static enum status edit_layer(struct store_conn *conn, const struct change *change)
{
    bool same = false;
    enum status status = lock_layer(conn, change, &same);

    if (status != STATUS_OK || same)
        return status;
    status = check_rollouts(conn, change);
    if (status == STATUS_OK)
        status = check_routes(conn, change);
    return status == STATUS_OK ? replace(conn, change) : status;
}

static enum status put_layer(struct store_conn *conn, void *context)
{
    const struct change *change = context;
    const char *device_id = owner_if(&change->edit->key, LAYERS_DEVICE);
    const struct leading leading = {change->edit->author, change->edit->alone, change->problem};
    enum status status = leading_begin(conn, &leading, device_id);

    if (status == STATUS_OK)
        status = edit_layer(conn, change);
    if (status == STATUS_OK)
        status = leading_end(conn, &leading, device_id);
    if (status == STATUS_DENIED && change->problem->pointer[0] == '\0')
        snprintf(change->problem->pointer, sizeof change->problem->pointer, "/settings/routes");
    return status;
}

enum status layers_replace(struct store_conn *conn, const struct layers_edit *edit,
                           struct arena *arena, struct json_problem *problem)
{
    struct change change = {.edit = edit, .arena = arena, .problem = problem};

    make_id(&edit->key, change.id);
    return put_layer(conn, &change);
}

enum status layers_put(struct store *store, const struct layers_edit *edit, struct arena *arena,
                       struct document *out, struct json_problem *problem)
{
    struct change change = {.edit = edit, .arena = arena, .problem = problem};

    make_id(&edit->key, change.id);
    enum status status = store_transaction(store, put_layer, &change);
    return status == STATUS_OK ? layers_get(store, &edit->key, arena, out) : status;
}
