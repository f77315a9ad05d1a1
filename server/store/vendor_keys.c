#include "server/store/vendor_keys.h"

#include <stdio.h>

#include "server/store/vendors.h"

#define AUTH 5 /* wire_ErrorClass_AUTH, as usage keeps it */

/* Robots that could hold a key: those that the server speaks with. */
#define HOLDERS                                                                                    \
    "myna.device d JOIN myna.device_link l USING (device_id)"                                      \
    " WHERE d.status IN ('active', 'quarantined')"

/* Of a myna.key_holder h: it was to have the next key and may hold the old one. */
#define IS_MISSING "h.state IN ('behind', 'kept_back')"

struct change {
    const struct author *author;
    const char *vendor_id;
    struct span wrapped;
    const char *share;
    const char *reason;
    struct arena *arena;
    struct document *out;
    char *problem;
    const char *action;
    enum status (*run)(struct store_conn *conn, const struct change *change);
};

/* What stands afterwards is what is kept of it; the key itself is in no audit. */
static enum status audit(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(append,
                    "SELECT myna.audit_append($1, $2, $3, 'vendor/' || v.vendor_id, NULL,"
                    "  jsonb_strip_nulls(jsonb_build_object('key', v.key_number, 'has_next',"
                    "   v.next_key_wrapped IS NOT NULL, 'share', trim_scale(v.next_key_share),"
                    "   'reason', $5::text))), myna.tell('vendor', v.vendor_id)"
                    " FROM myna.vendor v WHERE v.vendor_id = $4");

    return store_exec(conn, &append,
                      STORE_VALUES(value_text(change->author->actor),
                                   value_text(change->author->source), value_text(change->action),
                                   value_text(change->vendor_id), value_text(change->reason)),
                      NULL);
}

/* Whoever gives it in waves is not helped by hand: that rollout goes on, or back, first. */
static enum status check_no_rollout(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(find, "SELECT FROM myna.rollout WHERE key_vendor = $1"
                          " AND state IN ('running', 'paused', 'rolling_back')");
    struct result result;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(change->vendor_id)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_DENIED : STATUS_OK;
    result_release(&result);
    return status;
}

static enum status run(struct store_conn *conn, void *context)
{
    const struct change *change = context;
    enum status status = vendors_lock(conn, change->vendor_id);

    if (status == STATUS_OK)
        status = check_no_rollout(conn, change);
    if (status == STATUS_OK)
        status = change->run(conn, change);
    return status == STATUS_OK ? audit(conn, change) : status;
}

static enum status make(struct store *store, struct change *change)
{
    enum status status = store_transaction(store, run, change);

    return status == STATUS_OK
               ? vendor_keys_get(store, change->vendor_id, change->arena, change->out)
               : status;
}

/* A statement that changes one row, or says by none that it may not. */
static enum status change_one(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count)
{
    struct result result;
    enum status status = store_exec(conn, statement, values, count, &result);

    if (status != STATUS_OK)
        return status;
    status = result_affected(&result) > 0 ? STATUS_OK : STATUS_CONFLICT;
    result_release(&result);
    return status;
}

/* ---- the next key ---- */

static enum status put(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(is_under_way, "SELECT next_key_share > 0 OR EXISTS (SELECT"
                                  "  FROM myna.vendor_key_device k WHERE k.vendor_id = $1)"
                                  " FROM myna.vendor WHERE vendor_id = $1");
    STORE_STATEMENT(set, "UPDATE myna.vendor SET next_key_wrapped = $2, version = version + 1"
                         " WHERE vendor_id = $1 AND key_wrapped IS NOT NULL");
    const struct value id = value_text(change->vendor_id);
    struct result result;
    enum status status = store_exec(conn, &is_under_way, STORE_VALUES(id), &result);

    if (status != STATUS_OK)
        return status;
    const bool exists = result_bool(&result, 0, 0);
    result_release(&result);
    return exists ? STATUS_EXISTS
                  : change_one(conn, &set, STORE_VALUES(id, value_bytes(change->wrapped)));
}

enum status vendor_keys_put(struct store *store, const struct author *author, const char *vendor_id,
                            struct span wrapped, struct arena *arena, struct document *out)
{
    struct change change = {.author = author,
                            .vendor_id = vendor_id,
                            .wrapped = wrapped,
                            .arena = arena,
                            .out = out,
                            .action = "vendor.next_key",
                            .run = put};

    return make(store, &change);
}

/* Also robots that do not ask the vendor now: one that is behind may still hold a configuration
 * with the old key. */
static enum status give(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(set, "UPDATE myna.vendor SET next_key_share = $2::numeric,"
                         " next_key_at = coalesce(next_key_at, now()), version = version + 1"
                         " WHERE vendor_id = $1 AND next_key_wrapped IS NOT NULL"
                         " AND next_key_share <= $2::numeric");
    STORE_STATEMENT(cover, "INSERT INTO myna.vendor_key_device (vendor_id, device_id)"
                           " SELECT v.vendor_id, h.device_id FROM myna.vendor v CROSS JOIN"
                           "  (SELECT d.device_id FROM " HOLDERS ") h"
                           " WHERE v.vendor_id = $1 AND myna.key_is_next(v, h.device_id)"
                           " ON CONFLICT DO NOTHING");
    STORE_STATEMENT(touch, "SELECT myna.touch_devices(ARRAY(SELECT k.device_id::text"
                           " FROM myna.vendor_key_device k JOIN myna.effective_setting e"
                           "  ON e.device_id = k.device_id AND e.name = 'routes' AND e.value @>"
                           "   jsonb_build_array(jsonb_build_object('vendor', k.vendor_id))"
                           " WHERE k.vendor_id = $1 AND k.generation IS NULL))");
    STORE_STATEMENT(note, "UPDATE myna.vendor_key_device k SET generation = l.desired_generation"
                          " FROM myna.device_link l WHERE k.vendor_id = $1"
                          " AND k.generation IS NULL AND l.device_id = k.device_id");
    const struct value id = value_text(change->vendor_id);
    enum status status = change_one(conn, &set, STORE_VALUES(id, value_numeric(change->share)));

    if (status == STATUS_OK)
        status = store_exec(conn, &cover, STORE_VALUES(id), NULL);
    if (status == STATUS_OK)
        status = store_exec(conn, &touch, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &note, STORE_VALUES(id), NULL) : status;
}

enum status vendor_keys_switch(struct store *store, const struct author *author,
                               const char *vendor_id, const char *share, struct arena *arena,
                               struct document *out)
{
    struct change change = {.author = author,
                            .vendor_id = vendor_id,
                            .share = share,
                            .arena = arena,
                            .out = out,
                            .action = "vendor.switch_key",
                            .run = give};

    return make(store, &change);
}

/* ---- its end ---- */

static enum status drop(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(clear, "UPDATE myna.vendor SET next_key_wrapped = NULL, next_key_share = 0,"
                           " next_key_at = NULL, version = version + 1"
                           " WHERE vendor_id = $1 AND next_key_wrapped IS NOT NULL");
    STORE_STATEMENT(touch, "SELECT myna.touch_devices(ARRAY(SELECT k.device_id::text"
                           " FROM myna.vendor_key_device k JOIN myna.standing_setting e"
                           "  ON e.device_id = k.device_id AND e.name = 'routes' AND e.value @>"
                           "   jsonb_build_array(jsonb_build_object('vendor', k.vendor_id))"
                           " WHERE k.vendor_id = $1))");
    STORE_STATEMENT(forget, "DELETE FROM myna.vendor_key_device WHERE vendor_id = $1");
    const struct value id = value_text(change->vendor_id);
    enum status status = change_one(conn, &clear, STORE_VALUES(id));

    if (status == STATUS_OK)
        status = store_exec(conn, &touch, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &forget, STORE_VALUES(id), NULL) : status;
}

enum status vendor_keys_drop(struct store *store, const struct author *author,
                             const char *vendor_id, struct arena *arena, struct document *out)
{
    struct change change = {.author = author,
                            .vendor_id = vendor_id,
                            .arena = arena,
                            .out = out,
                            .action = "vendor.drop_next_key",
                            .run = drop};

    return make(store, &change);
}

/* Sets problem when somebody may hold the old key. */
static enum status check_nobody_is_missing(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(
        read, "SELECT v.next_key_share = 1, count(m.device_id), coalesce(string_agg(m.device_id,"
              "   ', ' ORDER BY m.device_id) FILTER (WHERE m.place <= 5), '')"
              " FROM myna.vendor v LEFT JOIN (SELECT h.device_id::text AS device_id, h.vendor_id,"
              "   row_number() OVER (ORDER BY h.device_id) AS place"
              "   FROM myna.key_holder h WHERE h.vendor_id = $1 AND " IS_MISSING ") m"
              "  ON m.vendor_id = v.vendor_id"
              " WHERE v.vendor_id = $1 GROUP BY v.vendor_id");
    struct result result;
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text(change->vendor_id)), &result);

    if (status != STATUS_OK)
        return status;
    const long long missing = result_int(&result, 0, 1);
    if (!result_bool(&result, 0, 0))
        snprintf(change->problem, 400, "the next key is not given to all robots yet: switch 100%%");
    else if (missing > 0)
        snprintf(change->problem, 400, "%lld robot%s may hold the old key: %.200s%s", missing,
                 missing > 1 ? "s" : "", result_text(&result, 0, 2),
                 missing > 5 ? " and more" : "");
    else
        status = STATUS_OK;
    result_release(&result);
    return change->problem[0] ? STATUS_CONFLICT : status;
}

static enum status finish(struct store_conn *conn, const struct change *change)
{
    STORE_STATEMENT(set, "UPDATE myna.vendor SET key_wrapped = next_key_wrapped,"
                         " key_number = key_number + 1, next_key_wrapped = NULL,"
                         " next_key_share = 0, next_key_at = NULL, version = version + 1"
                         " WHERE vendor_id = $1 AND next_key_wrapped IS NOT NULL");
    STORE_STATEMENT(rest, "SELECT myna.touch_devices(ARRAY(SELECT d.device_id::text"
                          " FROM myna.device d JOIN myna.vendor v ON v.vendor_id = $1"
                          " JOIN myna.effective_setting e ON e.device_id = d.device_id"
                          "  AND e.name = 'routes' AND e.value @>"
                          "   jsonb_build_array(jsonb_build_object('vendor', v.vendor_id))"
                          " WHERE NOT myna.key_is_next(v, d.device_id)))");
    STORE_STATEMENT(forget, "DELETE FROM myna.vendor_key_device WHERE vendor_id = $1");
    const struct value id = value_text(change->vendor_id);
    enum status status = STATUS_OK;

    change->problem[0] = '\0';
    if (change->reason == NULL)
        status = check_nobody_is_missing(conn, change);
    /* of a forced one: whoever was not asked yet is given the next key now */
    if (status == STATUS_OK)
        status = store_exec(conn, &rest, STORE_VALUES(id), NULL);
    if (status == STATUS_OK)
        status = change_one(conn, &set, STORE_VALUES(id));
    return status == STATUS_OK ? store_exec(conn, &forget, STORE_VALUES(id), NULL) : status;
}

enum status vendor_keys_finish(struct store *store, const struct author *author,
                               const char *vendor_id, const char *reason, struct arena *arena,
                               struct document *out, char problem[400])
{
    struct change change = {.author = author,
                            .vendor_id = vendor_id,
                            .reason = reason,
                            .arena = arena,
                            .out = out,
                            .problem = problem,
                            .action = "vendor.finish_key",
                            .run = finish};

    return make(store, &change);
}

/* ---- how it stands ---- */

enum status vendor_keys_get(struct store *store, const char *vendor_id, struct arena *arena,
                            struct document *out)
{
    STORE_STATEMENT(
        get,
        "WITH v AS (SELECT * FROM myna.vendor WHERE vendor_id = $1),"
        " h AS MATERIALIZED (SELECT * FROM myna.key_holder WHERE vendor_id = $1)"
        "SELECT jsonb_build_object('vendor', v.vendor_id, 'credential', v.credential, 'has_key',"
        "  v.key_wrapped IS NOT NULL, 'number', v.key_number, 'next',"
        "  CASE WHEN v.next_key_wrapped IS NOT NULL THEN jsonb_build_object("
        "   'share', trim_scale(v.next_key_share * 100)::text || '%', 'since', v.next_key_at,"
        "   'robots', c.robots, 'given', c.robots - c.waiting - c.kept_back,"
        "   'carried', c.carried, 'waiting', c.waiting,"
        "   'rollout', (SELECT r.rollout_id FROM myna.rollout r WHERE r.key_vendor = v.vendor_id"
        "     AND r.state IN ('running', 'paused', 'rolling_back')),"
        "   'missing', c.missing, 'kept_back', c.kept_back,"
        "   'refused', (SELECT count(*) FROM h JOIN myna.usage u ON u.device_id = h.device_id"
        "     WHERE h.generation IS NOT NULL AND h.state <> 'kept_back'"
        "     AND u.vendor_id = v.vendor_id AND u.error_class = $2"
        "     AND u.arrived_at >= v.next_key_at AND u.generation >= h.generation),"
        "   'can_finish', v.next_key_share = 1 AND c.missing = 0) END), v.version"
        " FROM v CROSS JOIN (SELECT count(*) AS robots,"
        "  count(*) FILTER (WHERE h.state = 'waiting') AS waiting,"
        "  count(*) FILTER (WHERE h.state = 'carried') AS carried,"
        "  count(*) FILTER (WHERE " IS_MISSING ") AS missing,"
        "  count(*) FILTER (WHERE h.state = 'kept_back') AS kept_back FROM h) c");

    return document_read(store, &get, STORE_VALUES(value_text(vendor_id), value_int(AUTH)), arena,
                         out);
}

enum status vendor_keys_devices(struct store *store, const char *vendor_id,
                                const struct vendor_keys_page *page, struct arena *arena,
                                struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT h.*, row_number() OVER (ORDER BY h.device_id) AS n"
        "  FROM (SELECT h.vendor_id, h.device_id, h.name, h.last_seen, h.generation,"
        "     h.reported_generation, o.online, " IS_MISSING " AS is_missing, CASE"
        "     WHEN h.state <> 'behind' THEN h.state WHEN o.online THEN 'unanswered'"
        "     ELSE 'offline' END AS state"
        "    FROM myna.key_holder h JOIN myna.device_online o USING (device_id)) h"
        "  WHERE h.vendor_id = $1 AND h.device_id > coalesce($2::text, '')"
        "   AND ($4::text IS NULL OR h.state = $4 OR $4 = 'missing' AND h.is_missing)"
        "   AND ($5::text IS NULL OR EXISTS (SELECT FROM myna.reach r JOIN myna.group_member g"
        "     ON g.group_id = ANY (r.groups) WHERE r.reach_id = $5 AND g.device_id = h.device_id))"
        "  ORDER BY h.device_id LIMIT $3 + 1)"
        "SELECT jsonb_build_object('as_of', now(), 'items', coalesce(jsonb_agg(jsonb_build_object("
        "    'device', p.device_id, 'name', p.name, 'state', p.state, 'missing', p.is_missing,"
        "    'online', p.online, 'last_seen', p.last_seen, 'generation', p.generation,"
        "    'running', p.reported_generation) ORDER BY p.n) FILTER (WHERE p.n <= $3), '[]'),"
        "  'next', CASE WHEN count(*) > $3 THEN max(p.device_id::text) FILTER (WHERE p.n = $3) END)"
        " FROM page p HAVING EXISTS (SELECT FROM myna.vendor WHERE vendor_id = $1)");

    return store_json(store, &list,
                      STORE_VALUES(value_text(vendor_id), value_text(page->after),
                                   value_int(page->limit), value_text(page->state),
                                   value_text(page->role)),
                      arena, json);
}
