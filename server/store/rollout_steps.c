#include "server/store/rollout_steps.h"

#include <string.h>

#include "server/store/rollout_key.h"

#define PLAN_BYTES ((size_t)64 << 10)

static const struct author driver = {"mynad", ""};

enum status rollout_steps_due(struct store *store, int64_t now_ms, struct arena *arena,
                              const char **ids, size_t limit, size_t *count)
{
    /* those that wait for one that ends come due together: first come, first served */
    STORE_STATEMENT(due, "SELECT rollout_id FROM myna.rollout WHERE due_at <= $1"
                         " ORDER BY due_at, step_since, rollout_id LIMIT $2");
    struct result rows;
    enum status status = store_query(
        store, &due, STORE_VALUES(value_time(now_ms), value_int((int64_t)limit)), &rows);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&rows);
    for (size_t i = 0; i < *count; i++)
        ids[i] = arena_text(arena, result_span(&rows, i, 0));
    result_release(&rows);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* ---- the row ---- */

/* The rollout's own plan, and the calendar that holds for all of them. */
static enum status read_plan(struct arena *arena, struct span text, struct span calendar,
                             struct rollout_steps_row *row)
{
    struct json_problem problem;
    struct json *json;
    enum status status = json_parse(text, &json, NULL);

    if (status != STATUS_OK)
        return status;
    status = rollout_plan_read(json, row->is_switch || row->is_key, arena, &row->plan, &problem);
    json_free(json);
    if (status == STATUS_OK)
        status = json_parse(calendar, &json, NULL);
    if (status == STATUS_OK) {
        status = rollout_plan_add_calendar(json, arena, &row->plan);
        json_free(json);
    }
    return status == STATUS_INVALID ? STATUS_CORRUPT : status;
}

static enum status from_row(const struct result *result, struct arena *arena,
                            struct rollout_steps_row *row)
{
    *row = (struct rollout_steps_row){
        .rollout_id = arena_text(arena, result_span(result, 0, 0)),
        .group_id =
            result_is_null(result, 0, 1) ? NULL : arena_text(arena, result_span(result, 0, 1)),
        .is_gone = result_bool(result, 0, 2),
        .is_switch = result_bool(result, 0, 3),
        .is_software = result_bool(result, 0, 4),
        .is_reverse = result_bool(result, 0, 5),
        .approved = arena_copy(arena, result_span(result, 0, 6)),
        .version = result_int(result, 0, 10),
        .wave = result_int(result, 0, 11),
        .wave_count = result_int(result, 0, 12),
        .step_since_ms = result_time(result, 0, 13),
        .joined_ms = result_time(result, 0, 14),
        .checked_ms = result_time(result, 0, 15),
        .back_rate = result_int(result, 0, 16),
        .members = result_int(result, 0, 17),
        .is_key = result_bool(result, 0, 19),
        .approver = arena_text(arena, result_span(result, 0, 20)),
        .held = {.until_ms = result_time(result, 0, 22),
                 .by_blackout = span_equal_text(result_span(result, 0, 23), "blackout")},
    };
    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = rollout_find(result_text(result, 0, 7), result_text(result, 0, 8),
                                      result_text(result, 0, 9), &row->place);
    if (status == STATUS_INVALID)
        return STATUS_CORRUPT;
    return read_plan(arena, result_span(result, 0, 18), result_span(result, 0, 21), row);
}

#define COLUMNS                                                                                    \
    "SELECT r.rollout_id, r.group_id, r.group_id IS NOT NULL AND NOT EXISTS"                       \
    "   (SELECT FROM myna.device_group g WHERE g.group_id = r.group_id),"                          \
    "  coalesce(r.patch ? 'routes', false), r.software_kind IS NOT NULL, r.reverses IS NOT NULL,"  \
    "  r.approved, r.state, r.step, r.cause, r.version, r.wave,"                                   \
    "  (SELECT count(*) FROM myna.rollout_wave w WHERE w.rollout_id = r.rollout_id),"              \
    "  r.step_since, r.joined_at, r.checked_at, r.back_rate, r.members, r.plan,"                   \
    "  r.key_vendor IS NOT NULL, coalesce(r.approver, ''), myna.calendar(), r.held_until,"         \
    "  coalesce(r.held_by, '') "                                                                   \
    "FROM myna.rollout r WHERE r.rollout_id = $1"

enum status rollout_steps_lock(struct store_conn *conn, struct arena *arena,
                               const struct rollout_steps_lock *lock, struct rollout_steps_row *out)
{
    STORE_STATEMENT(wait_for, COLUMNS " FOR UPDATE OF r");
    STORE_STATEMENT(skip, COLUMNS " AND ($2::timestamptz IS NULL OR r.due_at <= $2)"
                                  " FOR UPDATE OF r SKIP LOCKED");
    struct result result;
    enum status status =
        lock->skip
            ? store_exec(conn, &skip,
                         STORE_VALUES(value_text(lock->rollout_id),
                                      lock->only_due ? value_time(lock->now_ms) : value_no_time()),
                         &result)
            : store_exec(conn, &wait_for, STORE_VALUES(value_text(lock->rollout_id)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? from_row(&result, arena, out) : STATUS_NOT_FOUND;
    result_release(&result);
    return status == STATUS_OK ? rollout_steps_count(conn, out) : status;
}

enum status rollout_steps_count(struct store_conn *conn, struct rollout_steps_row *row)
{
    STORE_STATEMENT(
        count,
        "SELECT coalesce(w.state <> 'planned', false), coalesce(w.is_control, false), w.planned,"
        "  w.opened_at, w.tokens_at, w.confirmed_at, w.soak_until, w.looks, d.moved,"
        "  d.waiting, d.opened, d.confirmed, d.failed, d.unreachable, d.ever, d.open, d.live "
        "FROM (SELECT count(*) FILTER (WHERE o.wave <= $2 AND o.state = 'waiting') AS waiting,"
        "    count(*) FILTER (WHERE o.wave = $2 AND o.state = 'opened') AS opened,"
        "    count(*) FILTER (WHERE o.wave = $2 AND o.state = 'confirmed') AS confirmed,"
        "    count(*) FILTER (WHERE o.wave = $2 AND o.state = 'failed') AS failed,"
        "    count(*) FILTER (WHERE o.wave = $2 AND o.state = 'unreachable') AS unreachable,"
        "    count(*) FILTER (WHERE o.opened_at IS NOT NULL) AS ever,"
        "    count(*) FILTER (WHERE o.is_open) AS open, count(*) AS live,"
        "    greatest(max(o.opened_at), max(o.settled_at)) AS moved"
        "   FROM myna.rollout_device o WHERE o.rollout_id = $1 AND o.is_live) d"
        " LEFT JOIN myna.rollout_wave w ON w.rollout_id = $1 AND w.wave = $2");
    struct result result;
    enum status status = store_exec(
        conn, &count, STORE_VALUES(value_text(row->rollout_id), value_int(row->wave)), &result);

    if (status != STATUS_OK)
        return status;
    row->is_wave_open = result_bool(&result, 0, 0);
    row->is_control = result_bool(&result, 0, 1);
    row->planned = result_int(&result, 0, 2);
    row->opened_ms = result_time(&result, 0, 3);
    row->tokens_ms = result_time(&result, 0, 4);
    row->confirmed_ms = result_time(&result, 0, 5);
    row->look_ms = result_time(&result, 0, 6);
    row->looks = result_int(&result, 0, 7);
    row->last_moved_ms = result_time(&result, 0, 8);
    row->counts = (struct rollout_step_counts){
        .waiting = result_int(&result, 0, 9),
        .opened = result_int(&result, 0, 10),
        .confirmed = result_int(&result, 0, 11),
        .failed = result_int(&result, 0, 12),
        .unreachable = result_int(&result, 0, 13),
    };
    row->opened_ever = result_int(&result, 0, 14);
    row->open = result_int(&result, 0, 15);
    row->live = result_int(&result, 0, 16);
    result_release(&result);
    return STATUS_OK;
}

enum status rollout_steps_rivals(struct store_conn *conn, struct arena *arena,
                                 const char *rollout_id, const char **out)
{
    STORE_STATEMENT(
        rivals,
        "SELECT string_agg(CASE WHEN o.layer_id = r.layer_id THEN"
        "    format('rollout \"%s\" changes the same layer', o.rollout_id)"
        "  ELSE format('rollout \"%s\" has %s of its robots', o.rollout_id, o.shared) END, ', '"
        "  ORDER BY o.rollout_id) "
        "FROM myna.rollout r CROSS JOIN LATERAL (SELECT o.rollout_id, o.layer_id,"
        "    (SELECT count(*) FROM myna.rollout_device m JOIN myna.rollout_reach t"
        "      ON t.rollout_id = r.rollout_id AND t.device_id = m.device_id"
        "     WHERE m.rollout_id = o.rollout_id AND m.is_live) AS shared"
        "   FROM myna.rollout o WHERE o.rollout_id <> r.rollout_id"
        "    AND o.state IN ('running', 'paused', 'rolling_back')) o "
        "WHERE r.rollout_id = $1 AND (o.shared > 0 OR o.layer_id = r.layer_id)");
    struct result result;
    enum status status = store_exec(conn, &rivals, STORE_VALUES(value_text(rollout_id)), &result);

    if (status != STATUS_OK)
        return status;
    *out = result_is_null(&result, 0, 0) ? NULL : arena_text(arena, result_span(&result, 0, 0));
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status rollout_steps_reach(struct store_conn *conn, const char *rollout_id, int64_t *out)
{
    STORE_STATEMENT(reach, "SELECT count(*) FROM myna.rollout_reach WHERE rollout_id = $1");
    struct result result;
    enum status status = store_exec(conn, &reach, STORE_VALUES(value_text(rollout_id)), &result);

    if (status != STATUS_OK)
        return status;
    *out = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

/* ---- the state ---- */

enum status rollout_steps_move(struct store_conn *conn, struct arena *arena,
                               struct rollout_steps_row *row, const struct rollout_steps_move *move)
{
    STORE_STATEMENT(
        update,
        "WITH old AS (SELECT * FROM myna.rollout WHERE rollout_id = $3 AND version = $4),"
        " r AS (UPDATE myna.rollout r SET state = $5, step = $6, cause = $7, "
        "    state_reason = CASE WHEN $12 = 'approve' THEN '' ELSE $8 END,"
        "    wave = $9::bigint::integer, version = r.version + 1, step_since = $10, due_at = $11,"
        "    started_at = CASE WHEN $12 = 'start' THEN $10 ELSE r.started_at END,"
        "    approver = CASE WHEN $12 = 'approve' THEN $1 WHEN $5 = 'draft' THEN NULL"
        "                    ELSE r.approver END,"
        "    approved_at = CASE WHEN $12 = 'approve' THEN $10 WHEN $5 = 'draft' THEN NULL"
        "                       ELSE r.approved_at END,"
        "    asked = CASE WHEN $5 = 'draft' THEN NULL ELSE coalesce($14, r.asked) END,"
        "    approved = CASE WHEN $12 = 'approve' THEN r.asked WHEN $5 = 'draft' THEN NULL"
        "                    ELSE r.approved END,"
        "    ended_at = $13 FROM old WHERE r.rollout_id = old.rollout_id RETURNING r.*),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'rollout.' || $12,"
        "     'rollout/' || r.rollout_id,"
        "     jsonb_strip_nulls(jsonb_build_object('state', old.state, 'step', old.step,"
        "       'cause', old.cause, 'wave', old.wave)),"
        "     jsonb_strip_nulls(jsonb_build_object('state', r.state, 'step', r.step,"
        "       'cause', r.cause, 'wave', r.wave, 'reason', nullif($8, ''))))),"
        "   min(myna.tell_rollout(r.rollout_id)::text) FROM r JOIN old USING (rollout_id))"
        "SELECT to_jsonb(r.version), r.version FROM r, done");
    const struct rollout_name *name = rollout_name(move->to);
    const struct author *by = move->by != NULL ? move->by : &driver;
    const bool is_over = rollout_is_over(move->to);
    const bool is_still = is_over || move->to == ROLLOUT_DRAFT;
    struct document moved;
    enum status status = document_exec(
        conn, &update,
        STORE_VALUES(value_text(by->actor), value_text(by->source), value_text(row->rollout_id),
                     value_int(row->version), value_text(name->state), value_text(name->step),
                     value_text(name->cause), value_text(move->reason != NULL ? move->reason : ""),
                     value_int(move->wave), value_time(move->now_ms),
                     is_still ? value_no_time() : value_time(move->now_ms),
                     value_text(rollout_event_name(move->event)),
                     is_over ? value_time(move->now_ms) : value_no_time(),
                     move->asked.size > 0 ? value_json(move->asked) : value_no_json()),
        arena, &moved);

    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status;
    row->version = moved.version;
    row->place = move->to;
    row->wave = move->wave;
    row->step_since_ms = move->now_ms;
    return STATUS_OK;
}

enum status rollout_steps_put_off(struct store_conn *conn, const struct rollout_steps_row *row,
                                  int64_t due_ms)
{
    STORE_STATEMENT(put_off, "UPDATE myna.rollout SET due_at = $2 WHERE rollout_id = $1");

    return store_exec(conn, &put_off,
                      STORE_VALUES(value_text(row->rollout_id),
                                   due_ms > 0 ? value_time(due_ms) : value_no_time()),
                      NULL);
}

enum status rollout_steps_hold(struct store_conn *conn, const struct rollout_steps_row *row,
                               const struct rollout_steps_held *held)
{
    STORE_STATEMENT(hold, "UPDATE myna.rollout SET held_until = $2, held_by = $3"
                          " WHERE rollout_id = $1 RETURNING myna.tell_rollout(rollout_id)");

    if (held->until_ms == row->held.until_ms && held->by_blackout == row->held.by_blackout)
        return STATUS_OK;
    return store_exec(
        conn, &hold,
        STORE_VALUES(value_text(row->rollout_id),
                     held->until_ms > 0 ? value_time(held->until_ms) : value_no_time(),
                     value_text(held->until_ms == 0 ? NULL
                                : held->by_blackout ? "blackout"
                                                    : "window")),
        NULL);
}

/* ---- members and waves ---- */

/* A layer that is edited now must be seen as it will be: whoever edits it holds its row. */
static enum status lock_layer(struct store_conn *conn, const char *rollout_id)
{
    STORE_STATEMENT(make, "INSERT INTO myna.layer (layer_id, group_id, revision, changed_by)"
                          " SELECT r.layer_id, r.group_id, 0, r.author FROM myna.rollout r"
                          " WHERE r.rollout_id = $1 ON CONFLICT DO NOTHING");
    STORE_STATEMENT(lock, "SELECT 1 FROM myna.layer l WHERE l.layer_id ="
                          " (SELECT r.layer_id FROM myna.rollout r WHERE r.rollout_id = $1)"
                          " FOR UPDATE");
    enum status status = store_exec(conn, &make, STORE_VALUES(value_text(rollout_id)), NULL);

    return status == STATUS_OK ? store_exec(conn, &lock, STORE_VALUES(value_text(rollout_id)), NULL)
                               : status;
}

static enum status make_members(struct store_conn *conn, const char *rollout_id, int64_t *members)
{
    STORE_STATEMENT(
        insert, "INSERT INTO myna.rollout_device (rollout_id, device_id, place)"
                " SELECT $1::text, t.device_id, hashtextextended($1::text || '/' || t.device_id, 0)"
                " FROM myna.rollout_reach t WHERE t.rollout_id = $1");
    struct result result;
    enum status status = store_exec(conn, &insert, STORE_VALUES(value_text(rollout_id)), &result);

    if (status != STATUS_OK)
        return status;
    *members = result_affected(&result);
    result_release(&result);
    return STATUS_OK;
}

static enum status hold_back(struct store_conn *conn, const char *rollout_id, int64_t control)
{
    STORE_STATEMENT(update, "UPDATE myna.rollout_device SET is_control = true"
                            " WHERE rollout_id = $1 AND device_id IN (SELECT o.device_id"
                            "  FROM myna.rollout_device o WHERE o.rollout_id = $1"
                            "  ORDER BY o.place DESC, o.device_id DESC LIMIT $2)");

    return store_exec(conn, &update, STORE_VALUES(value_text(rollout_id), value_int(control)),
                      NULL);
}

static enum status make_waves(struct store_conn *conn, struct arena *arena,
                              const struct rollout_steps_row *row, const struct rollout_wave *waves,
                              size_t count)
{
    STORE_STATEMENT(
        insert, "INSERT INTO myna.rollout_wave (rollout_id, wave, share, is_control, planned)"
                " SELECT $1, n::integer, share, n = $4, planned::integer"
                " FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS w(share, planned, n)");
    const char *shares[ROLLOUT_WAVE_MAX];
    int64_t sizes[ROLLOUT_WAVE_MAX];
    int64_t control = 0;

    for (size_t i = 0; i < count; i++) {
        char text[ROLLOUT_PLAN_SHARE_SIZE];

        rollout_plan_format_share(waves[i].share, text);
        shares[i] = arena_text(arena, span_text(text));
        sizes[i] = waves[i].size;
        if (waves[i].is_control)
            control = (int64_t)i + 1;
    }
    if (arena_failed(arena))
        return STATUS_MEMORY;
    return store_exec(conn, &insert,
                      STORE_VALUES(value_text(row->rollout_id), value_text_array(shares, count),
                                   value_int_array(sizes, count), value_int(control)),
                      NULL);
}

static enum status note_members(struct store_conn *conn, const char *rollout_id, int64_t members)
{
    STORE_STATEMENT(note, "UPDATE myna.rollout SET members = $2::bigint::integer"
                          " WHERE rollout_id = $1");

    return store_exec(conn, &note, STORE_VALUES(value_text(rollout_id), value_int(members)), NULL);
}

enum status rollout_steps_begin(struct store_conn *conn, struct arena *arena,
                                struct rollout_steps_row *row, int64_t *members)
{
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];
    enum status status = rollout_key_hold(conn, row);

    if (status == STATUS_OK)
        status = lock_layer(conn, row->rollout_id);
    if (status == STATUS_OK)
        status = make_members(conn, row->rollout_id, members);
    if (status != STATUS_OK || *members == 0)
        return status;
    const size_t count = rollout_wave_sizes(&row->plan, *members, waves);
    status = hold_back(conn, row->rollout_id, rollout_wave_control(&row->plan, *members));
    if (status == STATUS_OK)
        status = make_waves(conn, arena, row, waves, count);
    if (status == STATUS_OK)
        status = note_members(conn, row->rollout_id, *members);
    row->wave_count = (int64_t)count;
    row->members = *members;
    return status;
}

enum status rollout_steps_open_wave(struct store_conn *conn, struct arena *arena,
                                    struct rollout_steps_row *row, int64_t now_ms)
{
    STORE_STATEMENT(
        choose,
        "UPDATE myna.rollout_device SET wave = $2::bigint::integer"
        " WHERE rollout_id = $1 AND device_id IN (SELECT o.device_id FROM myna.rollout_device o"
        "  WHERE o.rollout_id = $1 AND o.is_live AND o.wave IS NULL AND o.state = 'waiting'"
        "   AND o.is_control = $3"
        "  ORDER BY o.place, o.device_id LIMIT $4)");
    STORE_STATEMENT(
        open,
        "WITH w AS (UPDATE myna.rollout_wave SET state = 'open', opened_at = $3, members ="
        "      (SELECT count(*) FROM myna.rollout_device o WHERE o.rollout_id = $1 AND o.wave = $2)"
        "    WHERE rollout_id = $1 AND wave = $2 RETURNING *),"
        " r AS (UPDATE myna.rollout SET version = version + 1 WHERE rollout_id = $1 RETURNING *),"
        " done AS (SELECT min(myna.audit_append('mynad', '', 'rollout.wave', 'rollout/' || $1, "
        "NULL,"
        "     jsonb_build_object('wave', w.wave, 'share', w.share, 'members', w.members))),"
        "   min(myna.tell_rollout($1)::text) FROM w)"
        "SELECT to_jsonb(r.version), r.version FROM r, done");
    struct document opened;
    enum status status =
        store_exec(conn, &choose,
                   STORE_VALUES(value_text(row->rollout_id), value_int(row->wave),
                                value_bool(row->is_control), value_int(row->planned)),
                   NULL);

    if (status == STATUS_OK)
        status = document_exec(
            conn, &open,
            STORE_VALUES(value_text(row->rollout_id), value_int(row->wave), value_time(now_ms)),
            arena, &opened);
    if (status != STATUS_OK)
        return status;
    row->version = opened.version;
    return rollout_steps_count(conn, row);
}

enum status rollout_steps_close_wave(struct store_conn *conn, const struct rollout_steps_row *row,
                                     const char *state, const char *by, const char *reason)
{
    STORE_STATEMENT(close, "UPDATE myna.rollout_wave SET state = $3, forced_by = $4,"
                           " forced_reason = $5 WHERE rollout_id = $1 AND wave = $2");

    return store_exec(conn, &close,
                      STORE_VALUES(value_text(row->rollout_id), value_int(row->wave),
                                   value_text(state), value_text(by), value_text(reason)),
                      NULL);
}

static struct value time_or_none(int64_t wall_ms)
{
    return wall_ms > 0 ? value_time(wall_ms) : value_no_time();
}

enum status rollout_steps_note(struct store_conn *conn, const struct rollout_steps_row *row,
                               const struct rollout_steps_times *times)
{
    STORE_STATEMENT(note, "UPDATE myna.rollout_wave SET"
                          " published_at = coalesce($3, published_at),"
                          " confirmed_at = coalesce($4, confirmed_at),"
                          " soak_until = coalesce($5, soak_until), looks = $6::bigint::integer"
                          " WHERE rollout_id = $1 AND wave = $2");

    return store_exec(conn, &note,
                      STORE_VALUES(value_text(row->rollout_id), value_int(row->wave),
                                   time_or_none(times->published_ms),
                                   time_or_none(times->confirmed_ms), time_or_none(times->look_ms),
                                   value_int(times->looks)),
                      NULL);
}

enum status rollout_steps_use_tokens(struct store_conn *conn, const struct rollout_steps_row *row,
                                     int64_t tokens_ms)
{
    STORE_STATEMENT(use, "UPDATE myna.rollout_wave SET tokens_at = $3"
                         " WHERE rollout_id = $1 AND wave = $2");

    return store_exec(
        conn, &use,
        STORE_VALUES(value_text(row->rollout_id), value_int(row->wave), value_time(tokens_ms)),
        NULL);
}

enum status rollout_steps_note_verdict(struct store_conn *conn, const struct rollout_steps_row *row,
                                       struct span verdict)
{
    STORE_STATEMENT(
        note, "UPDATE myna.rollout_wave w SET verdict = v.verdict, course ="
              " CASE WHEN jsonb_array_length(w.course) >= 48 THEN w.course - 0 ELSE w.course END"
              " || jsonb_build_object('look', v.verdict -> 'look', 'at', now(),"
              "  'colour', v.verdict -> 'colour', 'metrics', (SELECT coalesce(jsonb_agg("
              "   jsonb_build_object('metric', m -> 'metric', 'colour', m -> 'colour',"
              "    'currency', m -> 'currency', 'treated', m -> 'treated',"
              "    'control', m -> 'control') ORDER BY n), '[]')"
              "   FROM jsonb_array_elements(v.verdict -> 'metrics') WITH ORDINALITY AS e(m, n)"
              "   WHERE m ->> 'colour' <> 'off'))"
              " FROM (SELECT $3::jsonb AS verdict) v WHERE w.rollout_id = $1 AND w.wave = $2");

    return store_exec(
        conn, &note,
        STORE_VALUES(value_text(row->rollout_id), value_int(row->wave), value_json(verdict)), NULL);
}

/* ---- the end ---- */

enum status rollout_steps_end(struct store_conn *conn, const struct rollout_steps_row *row)
{
    STORE_STATEMENT(release, "UPDATE myna.rollout_device SET is_open = false, is_live = false"
                             " WHERE rollout_id = $1 AND is_live");
    STORE_STATEMENT(end, "UPDATE myna.rollout SET has_open = false WHERE rollout_id = $1");
    /* whoever waited for this one need not wait for the driver's next look */
    STORE_STATEMENT(wake, "UPDATE myna.rollout SET due_at = now() WHERE rollout_id IN"
                          " (SELECT w.rollout_id FROM myna.rollout w WHERE w.state = 'waiting'"
                          "  FOR UPDATE SKIP LOCKED)");
    const struct value id = value_text(row->rollout_id);
    enum status status = store_exec(conn, &release, STORE_VALUES(id), NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &end, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &wake, STORE_NO_VALUES, NULL) : status;
}

/* Nobody tries them again now. Whom a drain interrupted has not failed: it forgets that they were
 * opened. */
static enum status give_up(struct store_conn *conn, const char *rollout_id)
{
    STORE_STATEMENT(fail, "UPDATE myna.rollout_device SET state = 'failed', settled_at = now()"
                          " WHERE rollout_id = $1 AND is_live AND state = 'waiting'"
                          " AND opened_at IS NOT NULL");

    return store_exec(conn, &fail, STORE_VALUES(value_text(rollout_id)), NULL);
}

/* What devices that failed are told now, of the settings that the patch names: {device: {...}}. */
static enum status read_old(struct store_conn *conn, struct arena *arena, const char *rollout_id,
                            struct span *old)
{
    STORE_STATEMENT(
        read,
        "SELECT coalesce(jsonb_object_agg(f.device_id, coalesce((SELECT"
        "    jsonb_object_agg(s.name, s.value) FROM myna.layered_setting s"
        "    WHERE s.device_id = f.device_id AND r.patch ? s.name), '{}')), '{}')"
        " FROM myna.rollout_device f JOIN myna.rollout r USING (rollout_id)"
        " WHERE f.rollout_id = $1 AND f.is_live AND f.state = 'failed' AND r.patch IS NOT NULL");

    return store_exec_json(conn, &read, STORE_VALUES(value_text(rollout_id)), arena, old);
}

static enum status fold(struct store_conn *conn, struct arena *arena, const char *rollout_id)
{
    STORE_STATEMENT(
        put,
        "WITH r AS (SELECT * FROM myna.rollout WHERE rollout_id = $1 AND patch IS NOT NULL),"
        " old AS (SELECT l.* FROM myna.layer l JOIN r USING (layer_id)),"
        " l AS (UPDATE myna.layer l SET settings = (SELECT coalesce(jsonb_object_agg(s.key,"
        "       s.value), '{}') FROM jsonb_each(l.settings || r.patch) s WHERE s.value <> 'null'),"
        "     revision = l.revision + 1, changed_at = now(), changed_by = r.author"
        "   FROM r WHERE l.layer_id = r.layer_id RETURNING l.*),"
        " history AS (INSERT INTO myna.layer_revision (layer_id, revision, settings, changed_at,"
        "     changed_by) SELECT layer_id, revision, settings, changed_at, changed_by FROM l"
        "   RETURNING 1),"
        " kept AS (UPDATE myna.rollout t SET before = (SELECT coalesce(jsonb_object_agg(p.key,"
        "     old.settings -> p.key), '{}') FROM jsonb_each(t.patch) p), has_open = false"
        "   FROM old WHERE t.rollout_id = $1 RETURNING 1),"
        " done AS (SELECT min(myna.audit_append('mynad', '', 'layer.update', 'layer/' || "
        "l.layer_id,"
        "     old.settings, l.settings || jsonb_build_object())),"
        "   min(myna.tell('layer', l.layer_id)::text)"
        "   FROM l JOIN old USING (layer_id), (SELECT count(*) FROM history) h,"
        "     (SELECT count(*) FROM kept) k)"
        "SELECT to_jsonb(l.revision), l.revision FROM l, done");
    struct document ignored;
    enum status status =
        document_exec(conn, &put, STORE_VALUES(value_text(rollout_id)), arena, &ignored);

    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* of software: there is no patch */
}

/* What the layer says of the software from now on; what it said before stays with the rollout, and
 * what it said to whoever failed with the robot, which may have failed that as well. */
static enum status fold_software(struct store_conn *conn, const char *rollout_id)
{
    STORE_STATEMENT(keep, "UPDATE myna.rollout r SET has_open = false, before = coalesce((SELECT"
                          "   s.manifest FROM myna.layer_software s WHERE s.layer_id = r.layer_id"
                          "   AND s.kind = r.software_kind AND s.name = r.software_name), 'null')"
                          " WHERE r.rollout_id = $1 AND r.software_kind IS NOT NULL");
    STORE_STATEMENT(
        keep_each,
        "UPDATE myna.rollout_device f SET kept = coalesce((SELECT coalesce(p.kept, s.manifest)"
        "   FROM myna.layer_software s LEFT JOIN myna.rollout_device p"
        "    ON p.rollout_id = s.rollout_id AND p.device_id = f.device_id AND p.state = 'failed'"
        "   WHERE s.layer_id = r.layer_id AND s.kind = r.software_kind"
        "    AND s.name = r.software_name), 'null')"
        " FROM myna.rollout r WHERE r.rollout_id = $1 AND f.rollout_id = $1 AND f.is_live"
        "  AND f.state = 'failed' AND NOT r.is_withdrawal");
    STORE_STATEMENT(drop, "DELETE FROM myna.layer_software s USING myna.rollout r"
                          " WHERE r.rollout_id = $1 AND s.layer_id = r.layer_id"
                          "  AND s.kind = r.software_kind AND s.name = r.software_name");
    STORE_STATEMENT(
        put, "INSERT INTO myna.layer_software (layer_id, group_id, kind, name, version, manifest,"
             "  rollout_id) SELECT r.layer_id, r.group_id, r.software_kind, r.software_name,"
             "  r.software_version, r.manifest, r.rollout_id FROM myna.rollout r"
             " WHERE r.rollout_id = $1 AND r.software_kind IS NOT NULL AND NOT r.is_withdrawal");
    STORE_STATEMENT(
        tell, "SELECT myna.audit_append('mynad', '', 'layer.software', 'layer/' || r.layer_id,"
              "  nullif(r.before, 'null'), CASE WHEN NOT r.is_withdrawal THEN r.manifest END)"
              " FROM myna.rollout r WHERE r.rollout_id = $1");
    const struct value id = value_text(rollout_id);
    enum status status = store_exec(conn, &keep, STORE_VALUES(id), NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &keep_each, STORE_VALUES(id), NULL);
    if (status == STATUS_OK)
        status = store_exec(conn, &drop, STORE_VALUES(id), NULL);
    if (status == STATUS_OK)
        status = store_exec(conn, &put, STORE_VALUES(id), NULL);
    return status == STATUS_OK ? store_exec(conn, &tell, STORE_VALUES(id), NULL) : status;
}

/* Layers of their own for those devices that the fold would change. */
static enum status keep_old(struct store_conn *conn, struct arena *arena, const char *rollout_id,
                            struct span old, struct span defaults)
{
    STORE_STATEMENT(
        keep,
        "WITH r AS (SELECT * FROM myna.rollout WHERE rollout_id = $1),"
        " pins AS (SELECT d.key AS device_id, jsonb_object_agg(p.key,"
        "     coalesce(d.value -> p.key, $3::jsonb -> p.key)) AS settings"
        "   FROM r CROSS JOIN jsonb_each($2::jsonb) d CROSS JOIN jsonb_each(r.patch) p"
        "   LEFT JOIN myna.layered_setting n ON n.device_id = d.key AND n.name = p.key"
        "   WHERE coalesce(d.value -> p.key, $3::jsonb -> p.key) IS DISTINCT FROM"
        "         coalesce(n.value, $3::jsonb -> p.key)"
        "    AND coalesce(d.value -> p.key, $3::jsonb -> p.key) IS NOT NULL GROUP BY d.key),"
        " l AS (INSERT INTO myna.layer AS l (layer_id, device_id, revision, settings, changed_by)"
        "   SELECT 'device:' || pins.device_id, pins.device_id, 1, pins.settings,"
        "     'rollout:' || r.rollout_id FROM pins, r"
        "   ON CONFLICT (layer_id) DO UPDATE SET settings = l.settings || excluded.settings,"
        "     revision = l.revision + 1, changed_at = now(), changed_by = excluded.changed_by"
        "   RETURNING l.*),"
        " history AS (INSERT INTO myna.layer_revision (layer_id, revision, settings, changed_at,"
        "     changed_by) SELECT layer_id, revision, settings, changed_at, changed_by FROM l"
        "   RETURNING 1)"
        "SELECT to_jsonb(count(myna.audit_append('mynad', '', 'layer.update',"
        "   'layer/' || l.layer_id, NULL, l.settings))) FROM l, (SELECT count(*) FROM history) h");
    struct span ignored;

    return store_exec_json(
        conn, &keep, STORE_VALUES(value_text(rollout_id), value_json(old), value_json(defaults)),
        arena, &ignored);
}

/* Those who were confirmed hold what the layer says now. */
static enum status touch_others(struct store_conn *conn, const char *rollout_id)
{
    STORE_STATEMENT(touch,
                    "SELECT myna.touch_devices(ARRAY(SELECT t.device_id::text"
                    " FROM myna.rollout_reach t WHERE t.rollout_id = $1 AND NOT EXISTS (SELECT"
                    "  FROM myna.rollout_device o WHERE o.rollout_id = $1"
                    "  AND o.device_id = t.device_id AND o.is_live AND o.state = 'confirmed')"
                    " ORDER BY 1))");

    return store_exec(conn, &touch, STORE_VALUES(value_text(rollout_id)), NULL);
}

enum status rollout_steps_complete(struct store_conn *conn, struct arena *arena,
                                   const struct rollout_steps_row *row, struct span defaults)
{
    struct span old;
    enum status status = give_up(conn, row->rollout_id);

    if (status == STATUS_OK)
        status = rollout_key_cover(conn, row);
    if (status == STATUS_OK)
        status = lock_layer(conn, row->rollout_id);
    if (status == STATUS_OK)
        status = read_old(conn, arena, row->rollout_id, &old);
    if (status == STATUS_OK)
        status = fold(conn, arena, row->rollout_id);
    if (status == STATUS_OK && row->is_software)
        status = fold_software(conn, row->rollout_id);
    if (status == STATUS_OK && !row->is_software && !row->is_key)
        status = keep_old(conn, arena, row->rollout_id, old, defaults);
    if (status == STATUS_OK)
        status = touch_others(conn, row->rollout_id);
    if (status == STATUS_OK)
        status = rollout_key_note(conn, row);
    return status == STATUS_OK ? rollout_steps_end(conn, row) : status;
}
