#include "server/store/rollout_members.h"

#include <string.h>

#include "server/store/rollout_key.h"

/* The ids of one statement's rows, in the arena. */
struct ids {
    const char **texts;
    size_t count;
};

static enum status take_ids(struct result *rows, struct arena *arena, struct ids *out)
{
    out->count = result_count(rows);
    out->texts = arena_take(arena, (out->count + 1) * sizeof *out->texts);
    for (size_t i = 0; out->texts != NULL && i < out->count; i++)
        out->texts[i] = arena_text(arena, result_span(rows, i, 0));
    result_release(rows);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status touch(struct store_conn *conn, const struct ids *ids)
{
    STORE_STATEMENT(touch_all, "SELECT myna.touch_devices($1)");

    return store_exec(conn, &touch_all, STORE_VALUES(value_text_array(ids->texts, ids->count)),
                      NULL);
}

/* Who was opened or closed, and why: the configuration of these devices changes. */
static enum status audit(struct store_conn *conn, const struct rollout_steps_row *row,
                         const char *action, const struct ids *ids, const char *reason)
{
    STORE_STATEMENT(append, "SELECT myna.audit_append('mynad', '', $1, 'rollout/' || $2, NULL,"
                            " jsonb_strip_nulls(jsonb_build_object('wave', $3::bigint,"
                            "  'robots', to_jsonb($4::text[]), 'reason', $5::text))),"
                            " myna.tell_rollout($2)::text");

    return store_exec(conn, &append,
                      STORE_VALUES(value_text(action), value_text(row->rollout_id),
                                   value_int(row->wave), value_text_array(ids->texts, ids->count),
                                   value_text(reason)),
                      NULL);
}

/* ---- opening ---- */

enum status rollout_members_zones(struct store_conn *conn, struct arena *arena,
                                  const struct rollout_steps_row *row, const char **zones,
                                  size_t max, size_t *count)
{
    STORE_STATEMENT(read, "SELECT DISTINCT z.zone FROM myna.rollout_device o"
                          " JOIN myna.device_zone z ON z.device_id = o.device_id"
                          " WHERE o.rollout_id = $1 AND o.wave <= $2 AND o.state = 'waiting'"
                          " ORDER BY 1 LIMIT $3");
    struct ids found;
    struct result rows;
    enum status status = store_exec(
        conn, &read,
        STORE_VALUES(value_text(row->rollout_id), value_int(row->wave), value_int((int64_t)max)),
        &rows);

    if (status == STATUS_OK)
        status = take_ids(&rows, arena, &found);
    if (status != STATUS_OK)
        return status;
    *count = found.count;
    for (size_t i = 0; i < found.count; i++)
        zones[i] = found.texts[i];
    return STATUS_OK;
}

/* After touch(): the generation that brings the patch. Online ones could confirm from now on. */
static enum status mark_opened(struct store_conn *conn, const struct rollout_steps_row *row,
                               const struct ids *ids, int64_t now_ms)
{
    STORE_STATEMENT(
        mark, "UPDATE myna.rollout_device o SET state = 'opened', is_open = true, opened_at = $3,"
              "  settled_at = NULL, tries = o.tries + 1, reason = '', is_final = false,"
              "  generation = l.desired_generation,"
              "  online_at = CASE WHEN n.online THEN $3::timestamptz END"
              " FROM myna.device_link l JOIN myna.device_online n USING (device_id)"
              " WHERE o.rollout_id = $1 AND o.device_id = l.device_id AND l.device_id = ANY ($2)");
    STORE_STATEMENT(see, "UPDATE myna.rollout SET has_open = true"
                         " WHERE rollout_id = $1 AND NOT has_open");
    enum status status =
        store_exec(conn, &mark,
                   STORE_VALUES(value_text(row->rollout_id),
                                value_text_array(ids->texts, ids->count), value_time(now_ms)),
                   NULL);

    return status == STATUS_OK
               ? store_exec(conn, &see, STORE_VALUES(value_text(row->rollout_id)), NULL)
               : status;
}

static enum status open_all(struct store_conn *conn, const struct rollout_steps_row *row,
                            const struct ids *ids, int64_t now_ms)
{
    if (ids->count == 0)
        return STATUS_OK;
    enum status status = touch(conn, ids);

    if (status == STATUS_OK)
        status = mark_opened(conn, row, ids, now_ms);
    if (status == STATUS_OK)
        status = rollout_key_give(conn, row, ids->texts, ids->count);
    if (status == STATUS_OK)
        status = audit(conn, row, "rollout.open", ids, NULL);
    return status;
}

enum status rollout_members_hold(struct store_conn *conn, const struct rollout_steps_row *row)
{
    STORE_STATEMENT(lock, "LOCK TABLE myna.vendor_drain IN SHARE MODE");
    enum status status = rollout_key_hold(conn, row);

    return status == STATUS_OK && row->plan.test ? store_exec(conn, &lock, STORE_NO_VALUES, NULL)
                                                 : status;
}

#define NOT_DRAINED                                                                                \
    "  AND NOT EXISTS (SELECT FROM myna.rollout_drained d WHERE d.rollout_id = $1"                 \
    "   AND d.device_id = o.device_id)"

enum status rollout_members_open(struct store_conn *conn, struct arena *arena,
                                 struct rollout_steps_row *row,
                                 const struct rollout_members_choice *choice, int64_t now_ms,
                                 int64_t *opened)
{
    STORE_STATEMENT(choose, "SELECT o.device_id FROM myna.rollout_device o"
                            " WHERE o.rollout_id = $1 AND o.wave <= $2 AND o.state = 'waiting'"
                            "  AND (SELECT z.zone FROM myna.device_zone z"
                            "    WHERE z.device_id = o.device_id) = ANY ($3)" NOT_DRAINED
                            " ORDER BY o.place, o.device_id LIMIT $4");
    STORE_STATEMENT(choose_any,
                    "SELECT o.device_id FROM myna.rollout_device o"
                    " WHERE o.rollout_id = $1 AND o.wave <= $2 AND o.state = 'waiting'" NOT_DRAINED
                    " ORDER BY o.place, o.device_id LIMIT $3");
    struct ids ids;
    struct result rows;
    enum status status =
        choice->zones != NULL
            ? store_exec(conn, &choose,
                         STORE_VALUES(value_text(row->rollout_id), value_int(row->wave),
                                      value_text_array(choice->zones, choice->zone_count),
                                      value_int(choice->limit)),
                         &rows)
            : store_exec(conn, &choose_any,
                         STORE_VALUES(value_text(row->rollout_id), value_int(row->wave),
                                      value_int(choice->limit)),
                         &rows);

    if (status == STATUS_OK)
        status = take_ids(&rows, arena, &ids);
    if (status == STATUS_OK)
        status = open_all(conn, row, &ids, now_ms);
    if (status != STATUS_OK)
        return status;
    *opened = (int64_t)ids.count;
    return ids.count > 0 ? rollout_steps_count(conn, row) : STATUS_OK;
}

/* They have what they had before; the wave, the plan's pace and its hours say when it is their
 * turn.
 */
enum status rollout_members_retry(struct store_conn *conn, const struct rollout_steps_row *row,
                                  int64_t *count)
{
    STORE_STATEMENT(wait, "UPDATE myna.rollout_device SET state = 'waiting', is_final = false,"
                          " settled_at = NULL WHERE rollout_id = $1 AND is_live"
                          " AND state = 'failed'");
    struct result result;
    enum status status =
        store_exec(conn, &wait, STORE_VALUES(value_text(row->rollout_id)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_affected(&result);
    result_release(&result);
    return STATUS_OK;
}

/* ---- coming and going ---- */

/* A patch of settings is gone with whatever made them members; what else the rollout gave them goes
 * here. */
static enum status see_off(struct store_conn *conn, const struct rollout_steps_row *row,
                           const struct ids *ids)
{
    if (ids->count == 0 || (!row->is_key && !row->is_software))
        return STATUS_OK;
    enum status status = touch(conn, ids);

    if (status == STATUS_OK)
        status = rollout_key_take(conn, row, ids->texts, ids->count, false);
    return status == STATUS_OK ? audit(conn, row, "rollout.close", ids, "left") : status;
}

static enum status leave(struct store_conn *conn, struct arena *arena,
                         const struct rollout_steps_row *row, int64_t now_ms)
{
    STORE_STATEMENT(
        go, "WITH gone AS (SELECT o.device_id, o.is_open FROM myna.rollout_device o"
            "   WHERE o.rollout_id = $1 AND o.is_live AND NOT EXISTS (SELECT"
            "    FROM myna.rollout_reach t WHERE t.rollout_id = $1 AND t.device_id = o.device_id)),"
            " u AS (UPDATE myna.rollout_device o SET state = 'left', is_open = false,"
            "    is_live = false, settled_at = $2 FROM gone"
            "   WHERE o.rollout_id = $1 AND o.device_id = gone.device_id)"
            "SELECT device_id FROM gone WHERE is_open ORDER BY device_id");
    struct ids ids;
    struct result rows;
    enum status status =
        store_exec(conn, &go, STORE_VALUES(value_text(row->rollout_id), value_time(now_ms)), &rows);

    if (status == STATUS_OK)
        status = take_ids(&rows, arena, &ids);
    return status == STATUS_OK ? see_off(conn, row, &ids) : status;
}

enum status rollout_members_join(struct store_conn *conn, struct arena *arena,
                                 const struct rollout_steps_row *row, int64_t now_ms)
{
    STORE_STATEMENT(
        join, "INSERT INTO myna.rollout_device AS o (rollout_id, device_id, place, wave)"
              " SELECT $1::text, t.device_id, hashtextextended($1::text || '/' || t.device_id, 0),"
              "  $2::bigint::integer FROM myna.rollout_reach t WHERE t.rollout_id = $1"
              "  AND NOT EXISTS (SELECT FROM myna.rollout_device x WHERE x.device_id = t.device_id"
              "   AND (x.is_live OR x.rollout_id = $1 AND x.state <> 'left'))"
              " ON CONFLICT (rollout_id, device_id) DO UPDATE SET state = 'waiting', wave ="
              "  excluded.wave, is_control = false, is_live = true, settled_at = NULL");
    STORE_STATEMENT(note, "UPDATE myna.rollout SET joined_at = $2 WHERE rollout_id = $1");
    STORE_STATEMENT(count, "UPDATE myna.rollout_wave w SET members = (SELECT count(*)"
                           "  FROM myna.rollout_device o WHERE o.rollout_id = $1 AND o.wave = $2)"
                           " WHERE w.rollout_id = $1 AND w.wave = $2");
    const struct value id = value_text(row->rollout_id);
    struct result joined = {0};
    enum status status = leave(conn, arena, row, now_ms);

    if (status == STATUS_OK && row->is_wave_open)
        status = store_exec(conn, &join, STORE_VALUES(id, value_int(row->wave)), &joined);
    if (status == STATUS_OK && result_affected(&joined) > 0)
        status = store_exec(conn, &count, STORE_VALUES(id, value_int(row->wave)), NULL);
    result_release(&joined);
    return status == STATUS_OK ? store_exec(conn, &note, STORE_VALUES(id, value_time(now_ms)), NULL)
                               : status;
}

/* ---- what becomes of them ---- */

enum status rollout_members_confirm(struct store_conn *conn, const struct rollout_steps_row *row,
                                    int64_t now_ms, int64_t *settled)
{
    /* whom a higher layer tells of another version has none to install */
    STORE_STATEMENT(
        confirm, "UPDATE myna.rollout_device o SET settled_at = $2, reason = '', is_final = false,"
                 "  state = CASE WHEN o.state = 'reverted' THEN o.state ELSE 'confirmed' END"
                 " FROM myna.device_link l, myna.rollout r WHERE o.rollout_id = $1"
                 "  AND o.device_id = l.device_id AND r.rollout_id = $1"
                 "  AND l.reported_generation >= o.generation"
                 "  AND (o.state IN ('opened', 'unreachable') AND (myna.has_software(l.packages, r)"
                 "      OR NOT EXISTS (SELECT FROM myna.device_software s"
                 "       WHERE s.device_id = o.device_id AND s.kind = r.software_kind"
                 "       AND s.name = r.software_name AND s.rollout_id = r.rollout_id))"
                 "    OR o.state = 'reverted' AND o.settled_at IS NULL AND (r.software_kind IS NULL"
                 "       OR r.is_withdrawal OR NOT myna.has_software(l.packages, r)))");
    struct result result;
    enum status status = store_exec(
        conn, &confirm, STORE_VALUES(value_text(row->rollout_id), value_time(now_ms)), &result);

    if (status != STATUS_OK)
        return status;
    *settled = result_affected(&result);
    result_release(&result);
    return STATUS_OK;
}

/* Since when an opened device has been there to answer; who is not, and was not heard for long, is
 * out of reach. */
static enum status watch(struct store_conn *conn, const struct rollout_steps_row *row,
                         int64_t now_ms, int64_t *settled)
{
    STORE_STATEMENT(
        see,
        "UPDATE myna.rollout_device o SET online_at = CASE WHEN n.online THEN $2::timestamptz END"
        " FROM myna.device_online n WHERE o.rollout_id = $1 AND o.device_id = n.device_id"
        "  AND o.state = 'opened' AND n.online = (o.online_at IS NULL)");
    STORE_STATEMENT(
        lose,
        "UPDATE myna.rollout_device o SET state = 'unreachable', settled_at = $2,"
        "  reason = CASE WHEN l.last_seen IS NULL THEN 'never heard'"
        "    ELSE 'not heard since ' || to_char(l.last_seen, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END"
        " FROM myna.device_link l WHERE o.rollout_id = $1 AND o.device_id = l.device_id"
        "  AND o.state = 'opened' AND o.online_at IS NULL"
        "  AND coalesce(l.last_seen, o.opened_at) <= $3");
    const struct value id = value_text(row->rollout_id);
    struct result result;
    enum status status = store_exec(conn, &see, STORE_VALUES(id, value_time(now_ms)), NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &lose,
                            STORE_VALUES(id, value_time(now_ms),
                                         value_time(now_ms - row->plan.unreachable_after_s * 1000)),
                            &result);
    if (status != STATUS_OK)
        return status;
    *settled += result_affected(&result);
    result_release(&result);
    return STATUS_OK;
}

/* Notes on each device's row why it failed; what is to be done about it is told apart after. */
static enum status find_failed(struct store_conn *conn, struct arena *arena,
                               const struct rollout_steps_row *row, bool by_time, int64_t now_ms,
                               struct ids *out)
{
    STORE_STATEMENT(
        find,
        "UPDATE myna.rollout_device o SET is_final = t.failed AND NOT t.retryable,"
        "  reason = CASE WHEN t.failed THEN t.reason"
        "    WHEN t.untouched THEN 'it took the configuration and did not install the software'"
        "    ELSE format('online, and did not answer within %s s', $4::bigint) END"
        " FROM (SELECT l.device_id,"
        "    coalesce(l.trial ->> 'verdict' = 'failed'"
        "             AND (l.trial ->> 'generation')::bigint >= f.generation, false) AS failed,"
        "    l.reported_generation >= f.generation AS untouched,"
        "    l.reported_generation >= f.generation AND myna.has_software(l.packages, r) AS done,"
        "    coalesce((l.trial ->> 'retryable')::boolean, false) AS retryable,"
        "    concat_ws(': ', nullif(l.trial ->> 'error_class', 'none'),"
        "              nullif(l.trial ->> 'reason', '')) AS reason"
        "   FROM myna.rollout_device f JOIN myna.device_link l USING (device_id)"
        "   JOIN myna.rollout r USING (rollout_id)"
        "   WHERE f.rollout_id = $1 AND f.state = 'opened') t"
        " WHERE o.rollout_id = $1 AND o.device_id = t.device_id"
        /* whoever answered behind this look's confirmations is the next look's */
        "  AND (t.failed OR $2 AND o.online_at <= $3 AND NOT t.done) RETURNING o.device_id");
    struct result rows;
    enum status status = store_exec(conn, &find,
                                    STORE_VALUES(value_text(row->rollout_id), value_bool(by_time),
                                                 value_time(now_ms - row->plan.deadline_s * 1000),
                                                 value_int(row->plan.deadline_s)),
                                    &rows);

    return status == STATUS_OK ? take_ids(&rows, arena, out) : status;
}

/* Of those that failed: who may be tried again. */
static enum status find_retries(struct store_conn *conn, struct arena *arena,
                                const struct rollout_steps_row *row, const struct ids *failed,
                                struct ids *out)
{
    STORE_STATEMENT(find, "SELECT o.device_id FROM myna.rollout_device o WHERE o.rollout_id = $1"
                          " AND o.device_id = ANY ($2) AND NOT o.is_final AND o.tries <= $3"
                          " ORDER BY o.device_id");
    struct result rows;
    enum status status = store_exec(conn, &find,
                                    STORE_VALUES(value_text(row->rollout_id),
                                                 value_text_array(failed->texts, failed->count),
                                                 value_int(row->plan.retries)),
                                    &rows);

    return status == STATUS_OK ? take_ids(&rows, arena, out) : status;
}

static enum status close_all(struct store_conn *conn, const struct rollout_steps_row *row,
                             const struct ids *ids, const char *state, int64_t now_ms,
                             const char *reason)
{
    STORE_STATEMENT(close_rows,
                    "UPDATE myna.rollout_device o SET state = $3, is_open = false,"
                    "  generation = l.desired_generation, online_at = NULL,"
                    "  opened_at = CASE WHEN $3 = 'reverted' THEN $4 ELSE o.opened_at END,"
                    "  settled_at = CASE WHEN $3 = 'failed' THEN $4::timestamptz END"
                    " FROM myna.device_link l WHERE o.rollout_id = $1 AND o.device_id = l.device_id"
                    "  AND l.device_id = ANY ($2)");
    if (ids->count == 0)
        return STATUS_OK;
    enum status status = touch(conn, ids);

    if (status == STATUS_OK)
        status = store_exec(conn, &close_rows,
                            STORE_VALUES(value_text(row->rollout_id),
                                         value_text_array(ids->texts, ids->count),
                                         value_text(state), value_time(now_ms)),
                            NULL);
    if (status == STATUS_OK)
        status =
            rollout_key_take(conn, row, ids->texts, ids->count, strcmp(state, "reverted") != 0);
    return status == STATUS_OK ? audit(conn, row, "rollout.close", ids, reason) : status;
}

static enum status close_rest(struct store_conn *conn, struct arena *arena,
                              const struct rollout_steps_row *row, const struct ids *failed,
                              const struct ids *retries, int64_t now_ms)
{
    STORE_STATEMENT(rest, "SELECT f FROM unnest($1::text[]) f WHERE NOT f = ANY ($2::text[])"
                          " ORDER BY f");
    struct ids ids;
    struct result rows;
    enum status status = store_exec(conn, &rest,
                                    STORE_VALUES(value_text_array(failed->texts, failed->count),
                                                 value_text_array(retries->texts, retries->count)),
                                    &rows);

    if (status == STATUS_OK)
        status = take_ids(&rows, arena, &ids);
    return status == STATUS_OK ? close_all(conn, row, &ids, "failed", now_ms, "failed") : status;
}

enum status rollout_members_fail(struct store_conn *conn, struct arena *arena,
                                 const struct rollout_steps_row *row, bool by_time, bool may_retry,
                                 int64_t now_ms, int64_t *settled)
{
    STORE_STATEMENT(note, "UPDATE myna.rollout SET checked_at = $2 WHERE rollout_id = $1");
    struct ids failed = {0};
    struct ids retries = {0};
    enum status status = STATUS_OK;

    *settled = 0;
    if (by_time)
        status = watch(conn, row, now_ms, settled);
    if (status == STATUS_OK)
        status = find_failed(conn, arena, row, by_time, now_ms, &failed);
    if (status == STATUS_OK && failed.count > 0 && may_retry)
        status = find_retries(conn, arena, row, &failed, &retries);
    if (status == STATUS_OK && failed.count > 0)
        status = close_rest(conn, arena, row, &failed, &retries, now_ms);
    if (status == STATUS_OK)
        status = close_all(conn, row, &retries, "waiting", now_ms, "to be tried again");
    if (status == STATUS_OK && by_time)
        status = store_exec(conn, &note,
                            STORE_VALUES(value_text(row->rollout_id), value_time(now_ms)), NULL);
    *settled += (int64_t)(failed.count - retries.count);
    return status;
}

/* ---- back ---- */

enum status rollout_members_take_back(struct store_conn *conn, struct arena *arena,
                                      const struct rollout_steps_row *row, int64_t limit,
                                      int64_t now_ms, int64_t *count)
{
    STORE_STATEMENT(choose, "SELECT o.device_id FROM myna.rollout_device o WHERE o.rollout_id = $1"
                            " AND o.is_open ORDER BY o.wave DESC, o.place DESC LIMIT $2");
    struct ids ids;
    struct result rows;
    enum status status = store_exec(
        conn, &choose, STORE_VALUES(value_text(row->rollout_id), value_int(limit)), &rows);

    if (status == STATUS_OK)
        status = take_ids(&rows, arena, &ids);
    if (status == STATUS_OK)
        status = close_all(conn, row, &ids, "reverted", now_ms, "rolled back");
    if (status == STATUS_OK)
        *count = (int64_t)ids.count;
    return status;
}

enum status rollout_members_going_back(struct store_conn *conn, const struct rollout_steps_row *row,
                                       int64_t now_ms, int64_t *out)
{
    STORE_STATEMENT(count, "SELECT count(*) FROM myna.rollout_device o"
                           " JOIN myna.device_online n USING (device_id)"
                           " WHERE o.rollout_id = $1 AND o.state = 'reverted'"
                           "  AND o.settled_at IS NULL AND o.opened_at > $2 AND n.online");
    struct result result;
    enum status status = store_exec(
        conn, &count,
        STORE_VALUES(value_text(row->rollout_id), value_time(now_ms - row->plan.deadline_s * 1000)),
        &result);

    if (status != STATUS_OK)
        return status;
    *out = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}
