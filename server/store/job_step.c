#include "server/store/job_step.h"

#include <string.h>

#include "server/store/commands.h"
#include "server/store/device_ends.h"
#include "server/store/devices.h"
#include "server/store/groups.h"
#include "server/store/layers.h"

#define MOST_LABELS 32 /* as the API takes them */

enum status job_step_running(struct store *store, int64_t *ids, size_t max, size_t *count)
{
    STORE_STATEMENT(running, "SELECT job_id FROM myna.job WHERE state = 'running'"
                             " ORDER BY job_id LIMIT $1");
    struct result rows;
    enum status status = store_query(store, &running, STORE_VALUES(value_int((int64_t)max)), &rows);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&rows);
    for (size_t i = 0; i < *count; i++)
        ids[i] = result_int(&rows, i, 0);
    result_release(&rows);
    return STATUS_OK;
}

/* A robot and what is to be done to it. */
struct turn {
    struct job_step *step;
    struct arena *arena;
    struct author author;
    const char *deed, *device_id, *effect, *status, *group, *reason, *text, *region;
    int64_t version, revision, label_count;
    struct span labels, settings; /* as they are to be */
    struct json_problem problem;
};

/* ---- the deeds ---- */

static enum status change(struct store_conn *conn, struct turn *turn,
                          const struct devices_patch *patch)
{
    const struct leading leading = {&turn->author, turn->step->alone, &turn->problem};
    enum status status =
        devices_patch(conn, &leading, turn->device_id, turn->version, patch, turn->arena);

    /* somebody changed it since it was read: read it again */
    return status == STATUS_CONFLICT ? STATUS_AGAIN : status;
}

static enum status label(struct store_conn *conn, struct turn *turn)
{
    return change(conn, turn, &(struct devices_patch){.labels = turn->labels});
}

static enum status move(struct store_conn *conn, struct turn *turn)
{
    return change(conn, turn, &(struct devices_patch){.region = turn->region});
}

static enum status set(struct store_conn *conn, struct turn *turn)
{
    const struct layers_edit edit = {
        .author = &turn->author,
        .key = {LAYERS_DEVICE, turn->device_id},
        .if_revision = turn->revision,
        .settings = turn->settings,
        .restores = -1,
        .alone = turn->step->alone,
    };
    enum status status = layers_replace(conn, &edit, turn->arena, &turn->problem);

    return status == STATUS_CONFLICT ? STATUS_AGAIN : status;
}

static enum status put(struct store_conn *conn, struct turn *turn)
{
    const struct leading leading = {&turn->author, turn->step->alone, &turn->problem};
    const struct groups_member member = {turn->group, turn->device_id,
                                         strcmp(turn->deed, "join") == 0};

    return groups_put(conn, &leading, &member, turn->arena);
}

static enum status end(struct store_conn *conn, const struct turn *turn, enum device_ends_kind kind)
{
    const struct device_ends_turn change = {kind, turn->device_id, turn->reason};

    return device_ends_put(conn, &turn->author, &change, turn->arena);
}

static enum status revoke(struct store_conn *conn, struct turn *turn)
{
    return end(conn, turn, DEVICE_ENDS_REVOKE);
}

static enum status retire(struct store_conn *conn, struct turn *turn)
{
    return end(conn, turn, DEVICE_ENDS_RETIRE);
}

static enum status quarantine(struct store_conn *conn, struct turn *turn)
{
    return end(conn, turn, DEVICE_ENDS_QUARANTINE);
}

static enum status release(struct store_conn *conn, struct turn *turn)
{
    return end(conn, turn, DEVICE_ENDS_RELEASE);
}

static enum status command(struct store_conn *conn, struct turn *turn)
{
    const struct commands_order order = {
        .device_id = turn->device_id, .kind = turn->deed, .text = turn->text ? turn->text : ""};
    struct span ignored;

    return commands_put(conn, &turn->author, &order, turn->arena, &ignored);
}

static const struct deed {
    const char *name;
    enum status (*run)(struct store_conn *conn, struct turn *turn);
} deeds[] = {
    {"label", label},
    {"region", move},
    {"set", set},
    {"join", put},
    {"leave", put},
    {"revoke", revoke},
    {"quarantine", quarantine},
    {"release", release},
    {"retire", retire},
};

static enum status act(struct store_conn *conn, void *context)
{
    struct turn *turn = context;

    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, turn->deed) == 0)
            return deeds[i].run(conn, turn);
    return command(conn, turn);
}

/* ---- what became of it ---- */

/* NULL: nothing is in the way. */
static const char *find_hindrance(const struct turn *turn)
{
    static const char *const unfit[][2] = {
        {"revoked", "the robot is revoked"},
        {"retired", "the robot is retired"},
        {"quarantined", "the robot is in quarantine"},
    };

    if (strcmp(turn->effect, "") == 0)
        return "the robot is not here any more";
    if (turn->label_count > MOST_LABELS)
        return "it would have more than 32 labels";
    for (size_t i = 0; strcmp(turn->effect, "refused") == 0 && i < 3; i++)
        if (strcmp(turn->status, unfit[i][0]) == 0)
            return unfit[i][1];
    return NULL;
}

static const char *explain(const struct turn *turn, enum status status)
{
    if (status == STATUS_FULL)
        return "it was told to say too much within a minute";
    if (status == STATUS_NOT_FOUND && turn->group)
        return "the group is gone";
    if (status == STATUS_INVALID && turn->problem.detail[0] != '\0')
        return turn->problem.detail;
    if (status == STATUS_TIMEOUT)
        return "others held it for too long: try again";
    return status_text(status);
}

static enum status note(struct store_conn *conn, const struct turn *turn, const char *outcome,
                        const char *reason)
{
    STORE_STATEMENT(note, "UPDATE myna.job_device SET outcome = $3, reason = $4, at = now()"
                          " WHERE job_id = $1 AND device_id = $2");

    return store_exec(conn, &note,
                      STORE_VALUES(value_int(turn->step->job_id), value_text(turn->device_id),
                                   value_text(outcome), value_text(reason)),
                      NULL);
}

/* No other robot would fare better: who began it leads too many robots to other routes. */
static enum status halt(struct store_conn *conn, const struct turn *turn)
{
    STORE_STATEMENT(halt,
                    "WITH j AS (UPDATE myna.job SET state = 'stopped', note = $2,"
                    "   ended_at = now(), version = version + 1 WHERE job_id = $1"
                    "   RETURNING job_id)"
                    "SELECT myna.audit_append('mynad', '', 'job.stop', 'job/' || job_id, NULL,"
                    "   jsonb_build_object('note', $2::text)),"
                    "  myna.tell('job', job_id::text) FROM j");

    return store_exec(conn, &halt,
                      STORE_VALUES(value_int(turn->step->job_id), value_text(turn->problem.detail)),
                      NULL);
}

static enum status do_one(struct store_conn *conn, struct turn *turn)
{
    const char *hindrance = find_hindrance(turn);

    if (hindrance)
        return note(conn, turn, "failed", hindrance);
    if (strcmp(turn->effect, "unchanged") == 0)
        return note(conn, turn, "unchanged", "");
    enum status status = store_attempt(conn, act, turn);
    if (status == STATUS_OK)
        return note(conn, turn, "done", "");
    if (status == STATUS_AGAIN || status == STATUS_UNREACHABLE || status == STATUS_MEMORY)
        return status;
    if (status == STATUS_DENIED && turn->problem.detail[0] != '\0')
        return halt(conn, turn);
    return note(conn, turn, "failed", explain(turn, status));
}

/* ---- taking ---- */

static const char *text_of(const struct result *row, int column, struct arena *arena)
{
    return result_is_null(row, 0, column) ? NULL : arena_text(arena, result_span(row, 0, column));
}

/* Planning what the layers say to one robot takes far longer than finding it, and it is the same
 * for each of them. */
static enum status plan_once(struct store_conn *conn)
{
    return store_script(conn, "SET LOCAL plan_cache_mode = force_generic_plan");
}

/* turn->device_id NULL: no robot waits. */
static enum status find_robot(struct store_conn *conn, struct turn *turn)
{
    /* the job is held too: once a stop is committed, nothing more is done in its name */
    STORE_STATEMENT(
        next, "SELECT j.deed, j.author, j.source, j.asked ->> 'group', j.asked ->> 'reason',"
              "  j.asked ->> 'text', w.device_id::text, j.asked ->> 'region'"
              " FROM (SELECT * FROM myna.job WHERE job_id = $1 AND state = 'running' FOR SHARE) j"
              " CROSS JOIN LATERAL (SELECT x.device_id FROM myna.job_device x WHERE x.job_id = $1"
              "   AND x.outcome = 'waiting' AND x.device_id > $2 ORDER BY x.device_id LIMIT 1"
              "   FOR UPDATE SKIP LOCKED) w");
    const struct job_step *step = turn->step;
    struct arena *arena = turn->arena;
    struct result row;
    enum status status = store_exec(
        conn, &next, STORE_VALUES(value_int(step->job_id), value_text(step->after)), &row);

    turn->device_id = NULL;
    if (status != STATUS_OK)
        return status;
    if (result_count(&row) > 0) {
        turn->deed = text_of(&row, 0, arena);
        turn->author = (struct author){text_of(&row, 1, arena), text_of(&row, 2, arena)};
        turn->group = text_of(&row, 3, arena);
        turn->reason = text_of(&row, 4, arena);
        turn->text = text_of(&row, 5, arena);
        turn->device_id = text_of(&row, 6, arena);
        turn->region = text_of(&row, 7, arena);
    }
    result_release(&row);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status look_at_robot(struct store_conn *conn, struct turn *turn)
{
    STORE_STATEMENT(look, "SELECT e.effect, d.status, d.version, l.labels,"
                          "  coalesce((SELECT count(*) FROM jsonb_object_keys(l.labels)), 0),"
                          "  coalesce(o.revision, 0), CASE WHEN j.deed = 'set'"
                          "   THEN myna.settings_with(coalesce(o.settings, '{}'),"
                          "     j.asked -> 'settings') END"
                          " FROM myna.job j CROSS JOIN myna.device d"
                          " CROSS JOIN LATERAL myna.job_effects(j.deed, j.asked, ARRAY[$2::text]) e"
                          " CROSS JOIN LATERAL (SELECT CASE WHEN j.deed = 'label'"
                          "   THEN myna.labels_with(d.labels, j.asked -> 'labels') END AS labels) l"
                          " LEFT JOIN myna.layer o ON o.device_id = d.device_id"
                          " WHERE j.job_id = $1 AND d.device_id = $2");
    struct arena *arena = turn->arena;
    struct result row;
    enum status status =
        store_exec(conn, &look,
                   STORE_VALUES(value_int(turn->step->job_id), value_text(turn->device_id)), &row);

    turn->effect = "";
    turn->label_count = 0;
    if (status != STATUS_OK)
        return status;
    if (result_count(&row) > 0) {
        turn->effect = text_of(&row, 0, arena);
        turn->status = text_of(&row, 1, arena);
        turn->version = result_int(&row, 0, 2);
        turn->labels = result_copy(&row, 0, 3, arena);
        turn->label_count = result_int(&row, 0, 4);
        turn->revision = result_int(&row, 0, 5);
        turn->settings = result_copy(&row, 0, 6, arena);
    }
    result_release(&row);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status take(struct store_conn *conn, void *context)
{
    struct turn *turn = context;
    enum status status = plan_once(conn);

    turn->step->moved = false;
    turn->problem.detail[0] = '\0';
    arena_reset(turn->arena);
    if (status == STATUS_OK)
        status = find_robot(conn, turn);
    if (status != STATUS_OK || !turn->device_id)
        return status;
    status = look_at_robot(conn, turn);
    if (status == STATUS_OK)
        status = do_one(conn, turn);
    turn->step->moved = status == STATUS_OK;
    return status;
}

enum status job_step_take(struct store *store, struct job_step *step, struct arena *arena)
{
    struct turn turn = {.step = step, .arena = arena};
    enum status status = store_transaction(store, take, &turn);

    if (status == STATUS_OK)
        snprintf(step->after, sizeof step->after, "%s", step->moved ? turn.device_id : "");
    return status;
}

static enum status settle(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        settle,
        "WITH j AS (UPDATE myna.job SET state = 'ended', ended_at = now(), version = version + 1,"
        "   counts = myna.job_counts(job_id) WHERE job_id = $1 AND state = 'running'"
        "   AND NOT EXISTS (SELECT FROM myna.job_device x WHERE x.job_id = $1"
        "     AND x.outcome = 'waiting') RETURNING job_id, counts)"
        "SELECT (SELECT myna.audit_append('mynad', '', 'job.end', 'job/' || job_id, NULL, counts)"
        "        FROM j), myna.tell('job', $1::bigint::text)");
    const int64_t *job_id = context;

    return store_exec(conn, &settle, STORE_VALUES(value_int(*job_id)), NULL);
}

enum status job_step_settle(struct store *store, int64_t job_id)
{
    return store_transaction(store, settle, &job_id);
}
