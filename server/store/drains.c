#include "server/store/drains.h"

#include "server/store/alarm.h"
#include "server/store/vendors.h"

static const struct author driver = {"mynad", ""};

/* A drain under its row's lock, and who moves it. */
struct drain {
    int64_t drain_id;
    const char *vendor_id;
    const char *kind;
    int64_t until_ms; /* 0: none */
    const struct author *by;
    int64_t now_ms;
    struct arena *arena;
};

/* ---- leading away ---- */

/* Whom it changes, and who has no other route; a drill takes its share, at least one, and those
 * that are there first: one that is not answers when the drill is long over, and tells nothing. */
static enum status choose(struct store_conn *conn, const struct drain *drain, const char *share)
{
    STORE_STATEMENT(all,
                    "INSERT INTO myna.vendor_drain_device (drain_id, device_id, is_kept, is_led,"
                    "  was_online) SELECT $1::bigint, e.device_id,"
                    "  e.becomes @> jsonb_build_array(jsonb_build_object('vendor', $2::text)),"
                    "  e.was <> e.becomes, coalesce(o.online, false)"
                    " FROM myna.drain_effect($2, NULL) e"
                    " LEFT JOIN myna.device_online o USING (device_id)");
    STORE_STATEMENT(
        some,
        "INSERT INTO myna.vendor_drain_device (drain_id, device_id, is_kept, is_led, was_online)"
        " SELECT $1::bigint, c.device_id, c.is_kept, true, c.is_online FROM (SELECT e.device_id,"
        "   e.becomes @> jsonb_build_array(jsonb_build_object('vendor', $2::text)) AS is_kept,"
        "   coalesce(o.online, false) AS is_online, count(*) OVER () AS count,"
        "   row_number() OVER (ORDER BY coalesce(o.online, false) DESC,"
        "     hashtextextended($1::text || '/' || e.device_id, 0)) AS place"
        "   FROM myna.drain_effect($2, NULL) e LEFT JOIN myna.device_online o USING (device_id)"
        "   WHERE e.was <> e.becomes) c"
        " WHERE c.place <= greatest(1, ceil(c.count * $3::numeric))");
    struct result result;
    enum status status =
        share == NULL
            ? store_exec(conn, &all,
                         STORE_VALUES(value_int(drain->drain_id), value_text(drain->vendor_id)),
                         NULL)
            : store_exec(conn, &some,
                         STORE_VALUES(value_int(drain->drain_id), value_text(drain->vendor_id),
                                      value_numeric(share)),
                         &result);

    if (status != STATUS_OK || share == NULL)
        return status;
    if (result_affected(&result) == 0)
        status = STATUS_CONFLICT;
    result_release(&result);
    return status;
}

/* A trial would keep the robot at the vendor until it is over: whoever was opened with one and has
 * not confirmed waits for its rollout again. */
static enum status interrupt_rollouts(struct store_conn *conn, const struct drain *drain)
{
    /* and who was to try a vendor's next key has the present one */
    STORE_STATEMENT(
        take, "WITH closed AS (UPDATE myna.rollout_device o SET state = 'waiting', is_open = false,"
              "    opened_at = NULL, generation = NULL, online_at = NULL,"
              "    reason = format('vendor \"%s\" is drained', $2::text)"
              "   FROM myna.rollout r WHERE r.rollout_id = o.rollout_id AND o.is_open"
              "    AND o.state IN ('opened', 'unreachable')"
              "    AND (r.plan -> 'confirm' ->> 'test')::boolean"
              "    AND EXISTS (SELECT FROM myna.vendor_drain_device m WHERE m.drain_id = $1"
              "      AND m.device_id = o.device_id AND m.is_led)"
              "   RETURNING o.rollout_id, o.device_id, r.key_vendor),"
              " keys AS (DELETE FROM myna.vendor_key_device k USING closed c"
              "   WHERE k.vendor_id = c.key_vendor AND k.device_id = c.device_id AND NOT k.had)"
              "SELECT myna.audit_append('mynad', '', 'rollout.close', 'rollout/' || c.rollout_id,"
              "  NULL, jsonb_build_object('robots', c.ids, 'reason', 'drain', 'vendor', $2::text)),"
              "  myna.tell_rollout(c.rollout_id)"
              " FROM (SELECT rollout_id, jsonb_agg(device_id ORDER BY device_id) AS ids FROM closed"
              "   GROUP BY 1 ORDER BY 1) c");

    return store_exec(conn, &take,
                      STORE_VALUES(value_int(drain->drain_id), value_text(drain->vendor_id)), NULL);
}

static enum status activate(struct store_conn *conn, const struct drain *drain)
{
    STORE_STATEMENT(set, "UPDATE myna.vendor_drain SET state = 'active', started_at = $2,"
                         " version = version + 1 WHERE drain_id = $1");
    STORE_STATEMENT(touch, "SELECT myna.touch_devices(ARRAY(SELECT m.device_id::text"
                           " FROM myna.vendor_drain_device m WHERE m.drain_id = $1 AND m.is_led))");
    STORE_STATEMENT(note, "UPDATE myna.vendor_drain_device m SET generation = l.desired_generation"
                          " FROM myna.device_link l WHERE m.drain_id = $1 AND m.is_led"
                          " AND l.device_id = m.device_id");
    const struct value id = value_int(drain->drain_id);
    enum status status = store_exec(conn, &set, STORE_VALUES(id, value_time(drain->now_ms)), NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &touch, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &note, STORE_VALUES(id), NULL) : status;
}

/* action: "vendor.drain" and the like; the row as it stands is what is kept of it. */
static enum status audit(struct store_conn *conn, const struct drain *drain, const char *action)
{
    STORE_STATEMENT(append,
                    "SELECT myna.audit_append($1, $2, $3, 'vendor/' || i.vendor_id, NULL, i.item),"
                    " myna.tell('vendor', i.vendor_id) FROM myna.vendor_drain_item i"
                    " WHERE i.drain_id = $4");

    return store_exec(conn, &append,
                      STORE_VALUES(value_text(drain->by->actor), value_text(drain->by->source),
                                   value_text(action), value_int(drain->drain_id)),
                      NULL);
}

/* Nobody is woken by a drill. */
static enum status raise_alert(struct store_conn *conn, const struct drain *drain)
{
    STORE_STATEMENT(read, "SELECT jsonb_strip_nulls(jsonb_build_object('robots', item -> 'robots',"
                          "  'kept', item -> 'kept', 'reason', item -> 'reason',"
                          "  'until', item -> 'until'))"
                          " FROM myna.vendor_drain_item WHERE drain_id = $1");
    struct alarm alarm = {.kind = "vendor_drained", .severity = "warning"};
    struct span detail;

    if (strcmp(drain->kind, "drill") == 0)
        return STATUS_OK;
    if (strcmp(drain->kind, "maintenance") == 0)
        alarm.severity = "info";
    enum status status = store_exec_json(conn, &read, STORE_VALUES(value_int(drain->drain_id)),
                                         drain->arena, &detail);
    if (status != STATUS_OK)
        return status;
    alarm.subject = arena_format(drain->arena, "vendor/%s", drain->vendor_id);
    alarm.detail = arena_text(drain->arena, detail);
    return arena_failed(drain->arena) ? STATUS_MEMORY : alarm_raise(conn, drain->arena, &alarm, 1);
}

static enum status begin(struct store_conn *conn, const struct drain *drain, const char *share)
{
    enum status status = choose(conn, drain, share);

    if (status == STATUS_OK)
        status = activate(conn, drain);
    if (status == STATUS_OK)
        status = interrupt_rollouts(conn, drain);
    if (status == STATUS_OK)
        status = audit(conn, drain, "vendor.drain");
    return status == STATUS_OK ? raise_alert(conn, drain) : status;
}

/* ---- starting ---- */

struct start {
    const struct author *author;
    const struct drains_order *order;
    struct arena *arena;
    int64_t drain_id;
};

/* Windows of one vendor do not overlap; other drains of a kind are told apart by their index. */
static enum status insert(struct store_conn *conn, struct start *start)
{
    STORE_STATEMENT(put, "INSERT INTO myna.vendor_drain (vendor_id, kind, state, share, reason,"
                         "  from_at, until_at, author, created_at, capacity)"
                         " SELECT $1::text, $2::text, 'planned', $3::numeric, $4::text,"
                         "  $5::timestamptz, $6::timestamptz, $7::text, $8::timestamptz, $9::jsonb"
                         " WHERE NOT EXISTS (SELECT FROM myna.vendor_drain d"
                         "  WHERE d.vendor_id = $1 AND d.kind = $2 AND (d.state = 'active'"
                         "    OR d.state = 'planned') AND ($2 <> 'maintenance'"
                         "    OR d.from_at < $6 AND d.until_at > $5)) RETURNING drain_id");
    const struct drains_order *order = start->order;
    struct result result;
    enum status status = store_exec(
        conn, &put,
        STORE_VALUES(value_text(order->vendor_id), value_text(order->kind),
                     value_numeric(order->share), value_text(order->reason),
                     value_time(order->from_ms),
                     order->until_ms > 0 ? value_time(order->until_ms) : value_no_time(),
                     value_text(start->author->actor), value_time(order->now_ms),
                     order->capacity.size > 0 ? value_json(order->capacity) : value_no_json()),
        &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_EXISTS;
    else
        start->drain_id = result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

static enum status start_it(struct store_conn *conn, void *context)
{
    struct start *start = context;
    const struct drains_order *order = start->order;
    enum status status = vendors_lock(conn, order->vendor_id);

    if (status == STATUS_OK)
        status = insert(conn, start);
    if (status != STATUS_OK)
        return status;
    const struct drain drain = {
        .drain_id = start->drain_id,
        .vendor_id = order->vendor_id,
        .kind = order->kind,
        .until_ms = order->until_ms,
        .by = start->author,
        .now_ms = order->now_ms,
        .arena = start->arena,
    };
    if (order->from_ms <= order->now_ms)
        return begin(conn, &drain, order->share);
    return audit(conn, &drain, "vendor.plan");
}

enum status drains_start(struct store *store, const struct author *author,
                         const struct drains_order *order, struct arena *arena,
                         struct document *out)
{
    struct start start = {author, order, arena, 0};
    enum status status = store_transaction(store, start_it, &start);

    return status == STATUS_OK ? drains_get(store, order->vendor_id, start.drain_id, arena, out)
                               : status;
}

/* ---- leading back ---- */

/* Besides whom it led away: who came to the vendor's routes since. Lists are few, and each is
 * looked at once. */
static enum status touch_back(struct store_conn *conn, const struct drain *drain)
{
    STORE_STATEMENT(
        all, "WITH gone AS MATERIALIZED (UPDATE myna.vendor_drain SET state = 'returning',"
             "    return_at = $3, returned_by = $4, version = version + 1 WHERE drain_id = $1"
             "    RETURNING drain_id),"
             /* as before the update: a statement does not see what it does itself */
             " held AS MATERIALIZED (SELECT s.device_id::text AS device_id, s.value, d.region,"
             "    CASE WHEN (SELECT EXISTS (SELECT FROM myna.vendor_drain"
             "      WHERE state = 'active' AND kind = 'drill'))"
             "    THEN coalesce(myna.drained_vendors(s.device_id), '{}')"
             "    ELSE (SELECT coalesce(array_agg(DISTINCT vendor_id::text ORDER BY"
             "        vendor_id::text), '{}') FROM myna.vendor_drain WHERE state = 'active') END"
             "    AS vendors"
             "   FROM myna.standing_setting s JOIN myna.device d USING (device_id)"
             "   WHERE s.name = 'routes' AND s.value @>"
             "    jsonb_build_array(jsonb_build_object('vendor', $2::text))),"
             /* OFFSET 0: or the list would be looked at for each who has it, before they are one */
             " list AS MATERIALIZED (SELECT l.* FROM (SELECT DISTINCT value, region, vendors"
             "    FROM held OFFSET 0) l"
             "   WHERE myna.routes_left(l.value, l.vendors, l.region) IS NOT NULL)"
             "SELECT myna.touch_devices(ARRAY(SELECT h.device_id FROM held h"
             "    JOIN list USING (value, region, vendors)"
             "   UNION SELECT m.device_id::text FROM myna.vendor_drain_device m"
             "   WHERE m.drain_id = $1 AND m.is_led)) FROM gone");
    STORE_STATEMENT(
        chosen,
        "WITH gone AS MATERIALIZED (UPDATE myna.vendor_drain SET state = 'returning',"
        "    return_at = $2, returned_by = $3, version = version + 1 WHERE drain_id = $1"
        "    RETURNING drain_id)"
        "SELECT myna.touch_devices(ARRAY(SELECT m.device_id::text"
        "   FROM myna.vendor_drain_device m WHERE m.drain_id = $1 AND m.is_led)) FROM gone");
    const struct value id = value_int(drain->drain_id);
    const struct value now = value_time(drain->now_ms);
    const struct value by = value_text(drain->by->actor);

    if (strcmp(drain->kind, "drill") == 0)
        return store_exec(conn, &chosen, STORE_VALUES(id, now, by), NULL);
    return store_exec(conn, &all, STORE_VALUES(id, value_text(drain->vendor_id), now, by), NULL);
}

/* The alert is about the vendor, and stands while anything but a drill drains it. */
static enum status end_alert(struct store_conn *conn, const struct drain *drain)
{
    STORE_STATEMENT(others, "SELECT count(*) FROM myna.vendor_drain WHERE vendor_id = $1"
                            " AND state = 'active' AND kind <> 'drill'");
    struct result result;
    enum status status =
        store_exec(conn, &others, STORE_VALUES(value_text(drain->vendor_id)), &result);

    if (status != STATUS_OK)
        return status;
    const bool is_over = result_int(&result, 0, 0) == 0;
    const char *subject = arena_format(drain->arena, "vendor/%s", drain->vendor_id);
    result_release(&result);
    if (subject == NULL)
        return STATUS_MEMORY;
    return is_over ? alarm_end(conn, "vendor_drained", subject) : STATUS_OK;
}

static enum status finish(struct store_conn *conn, const struct drain *drain)
{
    STORE_STATEMENT(note, "UPDATE myna.vendor_drain_device m"
                          " SET back_generation = l.desired_generation FROM myna.device_link l"
                          " WHERE m.drain_id = $1 AND m.is_led AND l.device_id = m.device_id");
    enum status status = touch_back(conn, drain);

    if (status == STATUS_OK)
        status = store_exec(conn, &note, STORE_VALUES(value_int(drain->drain_id)), NULL);
    if (status == STATUS_OK)
        status = audit(conn, drain, "vendor.return");
    return status == STATUS_OK ? end_alert(conn, drain) : status;
}

/* ---- by hand ---- */

#define MAX_ACTIVE 64

struct turn {
    const struct author *author;
    const char *vendor_id;
    int64_t drain_id; /* of a cancellation */
    int64_t now_ms;
    struct arena *arena;
    struct document *out;
};

static enum status return_each(struct store_conn *conn, const struct turn *turn,
                               const struct result *rows)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < result_count(rows) && status == STATUS_OK; i++) {
        const struct drain drain = {
            .drain_id = result_int(rows, i, 0),
            .vendor_id = turn->vendor_id,
            .kind = arena_text(turn->arena, result_span(rows, i, 1)),
            .by = turn->author,
            .now_ms = turn->now_ms,
            .arena = turn->arena,
        };

        status = drain.kind != NULL ? finish(conn, &drain) : STATUS_MEMORY;
    }
    return status;
}

static enum status return_all(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(find, "SELECT drain_id, kind FROM myna.vendor_drain WHERE vendor_id = $1"
                          " AND state = 'active' ORDER BY drain_id LIMIT $2 FOR UPDATE");
    STORE_STATEMENT(tell, "SELECT jsonb_build_object('vendor', $1::text, 'returned',"
                          " (SELECT jsonb_agg(drain_id ORDER BY drain_id) FROM myna.vendor_drain"
                          "  WHERE vendor_id = $1 AND return_at = $2)), 1");
    const struct turn *turn = context;
    struct result rows;
    enum status status = vendors_lock(conn, turn->vendor_id);

    if (status == STATUS_OK)
        status = store_exec(
            conn, &find, STORE_VALUES(value_text(turn->vendor_id), value_int(MAX_ACTIVE)), &rows);
    if (status != STATUS_OK)
        return status;
    status = result_count(&rows) > 0 ? return_each(conn, turn, &rows) : STATUS_CONFLICT;
    result_release(&rows);
    return status == STATUS_OK
               ? document_exec(conn, &tell,
                               STORE_VALUES(value_text(turn->vendor_id), value_time(turn->now_ms)),
                               turn->arena, turn->out)
               : status;
}

enum status drains_return(struct store *store, const struct author *author, const char *vendor_id,
                          int64_t now_ms, struct arena *arena, struct document *out)
{
    struct turn turn = {author, vendor_id, 0, now_ms, arena, out};

    return store_transaction(store, return_all, &turn);
}

static enum status cancel(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(find, "SELECT state = 'planned' FROM myna.vendor_drain WHERE vendor_id = $1"
                          " AND drain_id = $2 FOR UPDATE");
    STORE_STATEMENT(set, "UPDATE myna.vendor_drain SET state = 'cancelled', ended_at = now(),"
                         " version = version + 1 WHERE drain_id = $1");
    const struct turn *turn = context;
    const struct drain drain = {.drain_id = turn->drain_id, .by = turn->author};
    struct result rows;
    enum status status = store_exec(
        conn, &find, STORE_VALUES(value_text(turn->vendor_id), value_int(turn->drain_id)), &rows);

    if (status != STATUS_OK)
        return status;
    if (result_count(&rows) == 0)
        status = STATUS_NOT_FOUND;
    else if (!result_bool(&rows, 0, 0))
        status = STATUS_CONFLICT;
    result_release(&rows);
    if (status == STATUS_OK)
        status = store_exec(conn, &set, STORE_VALUES(value_int(turn->drain_id)), NULL);
    return status == STATUS_OK ? audit(conn, &drain, "vendor.cancel") : status;
}

enum status drains_cancel(struct store *store, const struct author *author, const char *vendor_id,
                          int64_t drain_id, struct arena *arena, struct document *out)
{
    struct turn turn = {.author = author, .vendor_id = vendor_id, .drain_id = drain_id};
    enum status status = store_transaction(store, cancel, &turn);

    return status == STATUS_OK ? drains_get(store, vendor_id, drain_id, arena, out) : status;
}

/* ---- reading ---- */

enum status drains_list(struct store *store, const char *vendor_id, const char *kind, int64_t after,
                        int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(p.item ORDER BY p.drain_id"
              "   DESC) FILTER (WHERE p.place <= $4), '[]'), 'next', CASE WHEN count(*) > $4"
              "   THEN min(p.drain_id) FILTER (WHERE p.place <= $4) END)"
              " FROM myna.vendor v LEFT JOIN LATERAL (SELECT i.drain_id, i.item,"
              "   row_number() OVER (ORDER BY i.drain_id DESC) AS place"
              "   FROM myna.vendor_drain_item i WHERE i.vendor_id = v.vendor_id"
              "   AND ($2::text IS NULL OR i.kind = $2) AND ($3::bigint = 0 OR i.drain_id < $3)"
              "   ORDER BY i.drain_id DESC LIMIT $4 + 1) p ON true"
              " WHERE v.vendor_id = $1 GROUP BY v.vendor_id");

    return store_json(
        store, &list,
        STORE_VALUES(value_text(vendor_id), value_text(kind), value_int(after), value_int(limit)),
        arena, json);
}

enum status drains_get(struct store *store, const char *vendor_id, int64_t drain_id,
                       struct arena *arena, struct document *out)
{
    STORE_STATEMENT(get, "SELECT i.item || jsonb_build_object('capacity', d.capacity, 'report',"
                         "  coalesce(d.report, CASE WHEN d.started_at IS NOT NULL"
                         "    THEN myna.drain_report(d.drain_id) END)), d.version"
                         " FROM myna.vendor_drain_item i JOIN myna.vendor_drain d USING (drain_id)"
                         " WHERE i.vendor_id = $1 AND i.drain_id = $2");

    return document_read(store, &get, STORE_VALUES(value_text(vendor_id), value_int(drain_id)),
                         arena, out);
}

/* ---- by itself ---- */

struct tick {
    struct arena *arena;
    int64_t now_ms;
    bool moved;
};

static enum status miss(struct store_conn *conn, const struct drain *drain)
{
    STORE_STATEMENT(set, "UPDATE myna.vendor_drain SET state = 'missed', ended_at = $2,"
                         " version = version + 1 WHERE drain_id = $1");
    enum status status = store_exec(
        conn, &set, STORE_VALUES(value_int(drain->drain_id), value_time(drain->now_ms)), NULL);

    return status == STATUS_OK ? audit(conn, drain, "vendor.miss") : status;
}

/* One step of one drain that is due; another instance has those that it holds. */
static enum status step(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(due, "SELECT drain_id, vendor_id, kind, until_at, state = 'planned'"
                         " FROM myna.vendor_drain WHERE state = 'planned' AND from_at <= $1"
                         "   OR state = 'active' AND until_at <= $1"
                         /* a window that ends makes room for one that begins */
                         " ORDER BY state, drain_id LIMIT 1 FOR UPDATE SKIP LOCKED");
    struct tick *tick = context;
    struct result row;
    enum status status = store_exec(conn, &due, STORE_VALUES(value_time(tick->now_ms)), &row);

    tick->moved = false;
    if (status != STATUS_OK)
        return status;
    if (result_count(&row) > 0) {
        const struct drain drain = {
            .drain_id = result_int(&row, 0, 0),
            .vendor_id = arena_text(tick->arena, result_span(&row, 0, 1)),
            .kind = arena_text(tick->arena, result_span(&row, 0, 2)),
            .until_ms = result_is_null(&row, 0, 3) ? 0 : result_time(&row, 0, 3),
            .by = &driver,
            .now_ms = tick->now_ms,
            .arena = tick->arena,
        };
        const bool is_planned = result_bool(&row, 0, 4);

        tick->moved = true;
        if (arena_failed(tick->arena))
            status = STATUS_MEMORY;
        else if (!is_planned)
            status = finish(conn, &drain);
        else
            status = drain.until_ms > 0 && drain.until_ms <= tick->now_ms
                         ? miss(conn, &drain)
                         : begin(conn, &drain, NULL);
    }
    result_release(&row);
    return status;
}

/* Whose answer came in since the last look. */
static enum status follow(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        moved, "WITH m AS (UPDATE myna.vendor_drain_device m SET moved_at = greatest(l.reported_at,"
               "   d.started_at) FROM myna.vendor_drain d, myna.device_link l"
               " WHERE d.state IN ('active', 'returning') AND m.drain_id = d.drain_id AND m.is_led"
               " AND m.moved_at IS NULL AND l.device_id = m.device_id"
               " AND l.reported_generation >= m.generation"
               " AND coalesce(l.reported_generation < m.back_generation, true)"
               " RETURNING d.vendor_id)"
               "SELECT myna.tell('vendor', x.vendor_id) FROM (SELECT DISTINCT vendor_id FROM m) x");
    STORE_STATEMENT(
        back, "WITH m AS (UPDATE myna.vendor_drain_device m SET back_at = greatest(l.reported_at,"
              "   d.return_at) FROM myna.vendor_drain d, myna.device_link l"
              " WHERE d.state = 'returning' AND m.drain_id = d.drain_id AND m.is_led"
              " AND m.back_at IS NULL AND l.device_id = m.device_id"
              " AND l.reported_generation >= m.back_generation RETURNING d.vendor_id)"
              "SELECT myna.tell('vendor', x.vendor_id)"
              " FROM (SELECT DISTINCT vendor_id FROM m) x");
    STORE_STATEMENT(
        end, "WITH over AS (UPDATE myna.vendor_drain d SET state = 'ended', ended_at = $1,"
             "   report = myna.drain_report(d.drain_id), version = d.version + 1"
             "  WHERE d.state = 'returning' AND (d.return_at <= $2 OR NOT EXISTS (SELECT"
             "    FROM myna.vendor_drain_device m WHERE m.drain_id = d.drain_id AND m.is_led"
             "    AND m.back_at IS NULL)) RETURNING d.drain_id, d.vendor_id, d.report)"
             "SELECT myna.audit_append('mynad', '', 'vendor.drain_end', 'vendor/' || o.vendor_id,"
             "  NULL, jsonb_build_object('id', o.drain_id, 'report', o.report)),"
             "  myna.tell('vendor', o.vendor_id) FROM (SELECT * FROM over ORDER BY drain_id) o");
    const struct tick *tick = context;
    enum status status = store_exec(conn, &moved, STORE_NO_VALUES, NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &back, STORE_NO_VALUES, NULL);
    return status == STATUS_OK
               ? store_exec(conn, &end,
                            STORE_VALUES(value_time(tick->now_ms),
                                         value_time(tick->now_ms - DRAINS_SETTLE_MS)),
                            NULL)
               : status;
}

static enum status is_idle(struct store *store, bool *out)
{
    STORE_STATEMENT(any, "SELECT NOT EXISTS (SELECT FROM myna.vendor_drain"
                         " WHERE state IN ('planned', 'active', 'returning'))");
    struct result row;
    enum status status = store_query(store, &any, STORE_NO_VALUES, &row);

    if (status != STATUS_OK)
        return status;
    *out = result_bool(&row, 0, 0);
    result_release(&row);
    return STATUS_OK;
}

enum status drains_tick(struct store *store, struct arena *arena, int64_t now_ms)
{
    struct tick tick = {.arena = arena, .now_ms = now_ms};
    bool idle = true;
    enum status status = is_idle(store, &idle);

    if (status != STATUS_OK || idle)
        return status;
    do {
        status = store_transaction(store, step, &tick);
    } while (status == STATUS_OK && tick.moved);
    return status == STATUS_OK ? store_transaction(store, follow, &tick) : status;
}
