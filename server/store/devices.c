#include "server/store/devices.h"

#include <string.h>

#define SHOWN_AT_ONCE 5000 /* takes a tenth of a second or two */

/* What the robots of an array used today: their sums, and the records that came since these were
 * made (usage_hours_roll_up()). Of a page's robots all at once: one after the other, looking takes
 * longer than there is to find. stamp + 0: not by the index of stamps, which tells little of a
 * large month and takes longer to read than these robots' last records. */
#define TODAY_OF(ids)                                                                              \
    "SELECT c.device_id, sum(c.attempts) AS attempts, json_agg(json_build_object("                 \
    "  'currency', c.currency, 'price', trim_scale(c.price)::text) ORDER BY c.currency) AS cost "  \
    "FROM (SELECT a.device_id, a.currency, sum(a.attempts) AS attempts, sum(a.price) AS price"     \
    "  FROM (SELECT u.device_id, u.currency, u.attempts, u.price FROM myna.device_use u"           \
    "    WHERE u.device_id = ANY (" ids ") AND NOT u.is_month"                                     \
    "    AND u.begins = date_trunc('day', now(), 'UTC')"                                           \
    "    UNION ALL SELECT u.device_id, u.currency,"                                                \
    "      CASE WHEN u.attempt = 0 THEN greatest(u.requests, 1) ELSE 1 END, u.price"               \
    "    FROM myna.usage u WHERE u.device_id = ANY (" ids ")"                                      \
    "    AND u.at >= date_trunc('day', now(), 'UTC')"                                              \
    "    AND u.stamp + 0 >= (SELECT done FROM myna.usage_cursor)"                                  \
    "    AND u.arrived_at >= (SELECT greatest(done_at - interval '5 minutes',"                     \
    "      date_trunc('day', now(), 'UTC')) FROM myna.usage_cursor)) a GROUP BY 1, 2) c "          \
    "GROUP BY c.device_id"

/* A device as lists and pages show it: d, l, s are its rows (ITEM_TABLES), t what it used today. */
#define ITEM_FIELDS                                                                                \
    "'id', d.device_id, 'name', d.name, 'serial', d.serial, 'region', d.region,"                   \
    "'labels', d.labels, 'status', d.status, 'created_at', d.created_at,"                          \
    "'online', myna.link_is_online(l.session_hello, l.ended_session, l.session_number,"            \
    "  l.last_seen, CASE WHEN s.generation = l.desired_generation THEN s.report_interval_s"        \
    "    ELSE (myna.device_setting(d.device_id, 'report_interval_s') #>> '{}')::integer END),"     \
    "'last_seen', l.last_seen, 'software', l.software,"                                            \
    "'trouble', CASE WHEN l.trouble <> 0 THEN json_build_object('code', 'M' || l.trouble,"         \
    "  'silences', myna.trouble_silences(l.trouble)) END,"                                         \
    "'desired_generation', l.desired_generation, 'reported_generation', l.reported_generation,"    \
    "'groups', (SELECT coalesce(json_agg(m.group_id ORDER BY m.group_id), '[]')"                   \
    "  FROM myna.group_member m WHERE m.device_id = d.device_id),"                                 \
    "'attempts_today', coalesce(t.attempts, 0), 'cost_today', coalesce(t.cost, '[]'),"             \
    "'route', CASE WHEN s.generation = l.desired_generation THEN s.route"                          \
    "  ELSE myna.device_setting(d.device_id, 'routes') -> 0 END"
#define ITEM_TABLES                                                                                \
    "myna.device d JOIN myna.device_link l ON l.device_id = d.device_id"                           \
    " LEFT JOIN myna.device_shown s ON s.device_id = d.device_id"

/* OFFSET 0: the items of those on the page, one by one, whatever a plan for any page assumes. */
#define DEVICE_TODAY TODAY_OF("ARRAY[$1]")
#define PAGE_TODAY   TODAY_OF("(SELECT array_agg(device_id) FROM page)::text[]")
#define PAGE_JSON                                                                                  \
    ", today AS MATERIALIZED (" PAGE_TODAY ") SELECT json_build_object("                           \
    "  'items', coalesce(json_agg(i.item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"               \
    "  'next', CASE WHEN count(*) > $2 THEN max(page.device_id) FILTER (WHERE n = $2) END)"        \
    "FROM page LEFT JOIN today t ON t.device_id = page.device_id"                                  \
    " CROSS JOIN LATERAL (SELECT json_build_object(" ITEM_FIELDS ") AS item FROM " ITEM_TABLES     \
    "  WHERE d.device_id = page.device_id OFFSET 0) i"

static bool is_plain(const struct devices_filter *filter)
{
    return filter->program.size == 0 && filter->state == NULL && filter->group == NULL &&
           filter->text == NULL && filter->role == NULL;
}

enum status devices_list(struct store *store, const struct devices_filter *filter,
                         struct arena *arena, struct span *json)
{
    STORE_STATEMENT(all, "WITH page AS MATERIALIZED (SELECT device_id, n FROM"
                         "  myna.devices_after($1, $2 + 1)"
                         "  WITH ORDINALITY p(device_id, n))" PAGE_JSON);
    STORE_STATEMENT(some, "WITH page AS MATERIALIZED (SELECT device_id, n FROM"
                          "  myna.device_page($3::jsonb, $1, $2 + 1, $4, $5, $6, $7)"
                          "  WITH ORDINALITY p(device_id, n))" PAGE_JSON);

    if (is_plain(filter))
        return store_json(store, &all,
                          STORE_VALUES(value_text(filter->after), value_int(filter->limit)), arena,
                          json);
    const struct value program =
        filter->program.size > 0 ? value_json(filter->program) : value_no_json();
    return store_json(store, &some,
                      STORE_VALUES(value_text(filter->after), value_int(filter->limit), program,
                                   value_text(filter->state), value_text(filter->group),
                                   value_text(filter->text), value_text(filter->role)),
                      arena, json);
}

/* What the robot told, each line with its route and each amount with the unit that we know its
 * measure to have. */
#define CREDIT_JSON                                                                                \
    "(SELECT coalesce(jsonb_agg(line.v || jsonb_build_object('route',"                             \
    "   (SELECT jsonb_build_object('vendor', c.vendor_id, 'model', c.model,"                       \
    "      'contract', c.contract_id) FROM myna.credit_account c WHERE c.device_id = l.device_id"  \
    "      AND c.journal_id = l.journal_id AND c.line_id = line.v ->> 'line'"                      \
    "      ORDER BY c.epoch DESC LIMIT 1))"                                                        \
    "   || CASE WHEN line.v ? 'amounts' THEN jsonb_build_object("                                  \
    "   'amounts', (SELECT coalesce(jsonb_agg(a.v || jsonb_build_object('unit',"                   \
    "     (SELECT c.unit FROM myna.credit_account c WHERE c.device_id = l.device_id"               \
    "      AND c.journal_id = l.journal_id AND c.line_id = line.v ->> 'line'"                      \
    "      AND c.measure = a.n - 1 ORDER BY c.epoch DESC LIMIT 1)) ORDER BY a.n), '[]')"           \
    "     FROM jsonb_array_elements(line.v -> 'amounts') WITH ORDINALITY a(v, n))) ELSE '{}' END"  \
    "   ORDER BY line.n), '[]') FROM jsonb_array_elements(l.credit) WITH ORDINALITY line(v, n))"

enum status devices_get(struct store *store, const char *device_id, struct arena *arena,
                        struct document *out)
{
    STORE_STATEMENT(
        get,
        "SELECT json_build_object(" ITEM_FIELDS ", "
        "  'version', d.version, 'as_of', now(), 'certificate_until', d.certificate_until,"
        "  'replaces', d.replaces, 'replaced_by', (SELECT r.device_id FROM myna.device r"
        "      WHERE r.replaces = d.device_id LIMIT 1),"
        "  'transfer', (SELECT json_build_object('asked_at', h.asked_at, 'asked_by', h.asked_by,"
        "      'expires_at', h.expires_at) FROM myna.transfer h WHERE h.device_id = d.device_id"
        "      AND h.state = 'waiting'),"
        "  'session', CASE WHEN l.session_number > 0 THEN json_build_object("
        "      'number', l.session_number, 'ended', l.ended_session >= l.session_number) END,"
        "  'desired_since', l.desired_since, 'held_generation', l.held_generation,"
        "  'reported_at', l.reported_at, 'setting_status', l.setting_status,"
        "  'hardware', l.hardware, 'capabilities', l.capabilities, 'health', l.health,"
        "  'trial', nullif(l.trial, '{}'), 'packages', l.packages, 'credit', " CREDIT_JSON
        ", 'clock_offset_ms', "
        "l.clock_offset_ms, 'utc_offset', l.utc_offset,"
        "  'stale_messages', l.stale_messages, 'forged_messages', l.forged_messages,"
        "  'journal', (SELECT json_build_object('id', j.journal_id, 'watermark', j.watermark_seq,"
        "                  'status', j.status)"
        "              FROM myna.journal j WHERE j.device_id = d.device_id"
        "              ORDER BY j.created_at DESC LIMIT 1)), d.version "
        "FROM " ITEM_TABLES " LEFT JOIN (" DEVICE_TODAY ") t ON t.device_id = d.device_id"
        " WHERE d.device_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(device_id)), arena, out);
}

enum status devices_effective(struct store *store, const char *device_id, struct span defaults,
                              struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        effective,
        "SELECT jsonb_build_object('device', l.device_id,"
        "  'desired_generation', l.desired_generation,"
        "  'reported_generation', l.reported_generation,"
        "  'items', (SELECT coalesce(jsonb_agg(jsonb_build_object("
        "      'name', name, 'value', coalesce(e.value, c.value),"
        "      'layer', coalesce(e.layer_id, 'default'), 'revision', e.revision,"
        "      'outcome', s.outcome, 'reason', coalesce(s.reason, '')) ORDER BY name), '[]')"
        "    FROM jsonb_to_recordset($2::jsonb) AS c(name text, value jsonb)"
        "    FULL JOIN (SELECT * FROM myna.effective_setting WHERE device_id = $1) e USING (name)"
        "    LEFT JOIN jsonb_to_recordset(l.setting_status)"
        "        AS s(name text, outcome text, reason text) USING (name)"
        "    WHERE coalesce(e.value, c.value) IS NOT NULL)) "
        "FROM myna.device_link l WHERE l.device_id = $1");

    return store_json(store, &effective, STORE_VALUES(value_text(device_id), value_json(defaults)),
                      arena, json);
}

enum status devices_patch(struct store_conn *conn, const struct leading *leading,
                          const char *device_id, int64_t if_version,
                          const struct devices_patch *patch, struct arena *arena)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.device WHERE device_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.device d SET name = coalesce($5, d.name),"
        "           region = coalesce($6, d.region), labels = coalesce($7, d.labels),"
        "           version = d.version + 1"
        "         FROM old WHERE d.device_id = old.device_id AND $4 IN (-1, old.version)"
        "         RETURNING d.*),"
        /* a region decides which routes a device may have */
        " touched AS (SELECT myna.touch_devices(ARRAY[new.device_id::text]) FROM new JOIN old"
        "             USING (device_id) WHERE new.region <> old.region),"
        " joined AS (SELECT myna.group_refresh(NULL, ARRAY[new.device_id::text])"
        "            FROM new CROSS JOIN (SELECT count(*) FROM touched) t),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'device.update',"
        "             'device/' || new.device_id, jsonb_build_object('name', old.name,"
        "                 'region', old.region, 'labels', old.labels),"
        "             jsonb_build_object('name', new.name, 'region', new.region,"
        "                 'labels', new.labels))),"
        "           min(myna.tell('device', new.device_id)::text)"
        "         FROM new JOIN old USING (device_id)"
        "         CROSS JOIN (SELECT count(*) FROM joined) t)"
        "SELECT to_jsonb(new.version), old.version "
        "FROM done, old LEFT JOIN new USING (device_id)");
    const struct value labels =
        patch->labels.size > 0 ? value_json(patch->labels) : value_no_json();
    struct document ignored;

    return leading_exec(conn, leading, device_id, &update,
                        STORE_VALUES(value_text(leading->author->actor),
                                     value_text(leading->author->source), value_text(device_id),
                                     value_int(if_version), value_text(patch->name),
                                     value_text(patch->region), labels),
                        arena, &ignored);
}

struct patching {
    const struct leading *leading;
    const char *device_id;
    int64_t if_version;
    const struct devices_patch *patch;
    struct arena *arena;
};

static enum status patch_it(struct store_conn *conn, void *context)
{
    const struct patching *patching = context;

    return devices_patch(conn, patching->leading, patching->device_id, patching->if_version,
                         patching->patch, patching->arena);
}

enum status devices_update(struct store *store, const struct leading *leading,
                           const char *device_id, int64_t if_version,
                           const struct devices_patch *patch, struct arena *arena,
                           struct document *out)
{
    struct patching patching = {leading, device_id, if_version, patch, arena};
    enum status status = store_transaction(store, patch_it, &patching);

    return status == STATUS_OK ? devices_get(store, device_id, arena, out) : status;
}

static enum status show_some(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(show, "SELECT myna.device_show($1::integer)");
    struct result result;
    enum status status = store_exec(conn, &show, STORE_VALUES(value_int(SHOWN_AT_ONCE)), &result);

    if (status != STATUS_OK)
        return status;
    *(int64_t *)context = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

enum status devices_show(struct store *store)
{
    int64_t written;
    enum status status;

    do {
        written = 0;
        status = store_transaction(store, show_some, &written);
    } while (status == STATUS_OK && written == SHOWN_AT_ONCE);
    return status;
}

enum status devices_face(struct store *store, const char *device_id, struct arena *arena,
                         struct span *png, int64_t *at_ms)
{
    STORE_STATEMENT(face, "SELECT png, at FROM myna.face_picture WHERE device_id = $1");
    struct result result;
    enum status status = store_query(store, &face, STORE_VALUES(value_text(device_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0) {
        status = STATUS_NOT_FOUND;
    } else {
        *png = result_copy(&result, 0, 0, arena);
        *at_ms = result_time(&result, 0, 1);
    }
    result_release(&result);
    return status;
}
