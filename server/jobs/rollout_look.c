#include "server/jobs/rollout_look.h"

#include "server/fleet/rollout_pace.h"
#include "server/jobs/rollout_approval.h"
#include "server/jobs/rollout_judge.h"
#include "server/store/events.h"
#include "server/store/rollout_members.h"
#include "server/store/rollout_turn.h"

#define SECOND_MS   1000
#define JOIN_MS     (10 * SECOND_MS)
#define IDLE_MS     (15 * SECOND_MS)
#define PAUSED_MS   (5 * SECOND_MS)
#define ZONES_MAX   64
#define REASON_SIZE 400

struct looking {
    const struct rollout_look *look;
    struct arena *arena;
    struct rollout_steps_row row;
    struct rollout_reading reading;
    bool lacks; /* the step needs what was not read yet */
    bool moved;
    int64_t due_ms; /* the soonest of all that was asked for */
    struct rollout_steps_held held;
};

static void look_again(struct looking *looking, int64_t at_ms)
{
    if (at_ms < looking->due_ms)
        looking->due_ms = at_ms;
}

static enum status turn(struct store_conn *conn, struct looking *looking, enum rollout_event event,
                        const char *reason)
{
    const struct rollout_turn what = {
        .event = event, .reason = reason, .now_ms = looking->look->now_ms};
    enum status status = rollout_turn(conn, looking->arena, &looking->row, &what);

    if (status == STATUS_OK)
        looking->moved = true;
    return status;
}

/* False: it is to be read first, without the row's lock. */
static bool has_read(struct looking *looking)
{
    looking->lacks = !rollout_judge_has_read(&looking->reading, &looking->row);
    return !looking->lacks;
}

/* ---- before it begins ---- */

static enum status begin(struct store_conn *conn, void *context)
{
    return turn(conn, context, ROLLOUT_CHECKED, "");
}

static enum status start(struct store_conn *conn, struct looking *looking)
{
    const struct rollout_steps_row before = looking->row;
    const char *rivals = NULL;
    enum status status = store_attempt(conn, begin, looking);

    if (status != STATUS_EXISTS && status != STATUS_NOT_FOUND)
        return status;
    looking->row = before;
    if (status == STATUS_NOT_FOUND)
        return turn(conn, looking, ROLLOUT_REFUSE,
                    before.is_key ? "it reaches no robot, or the vendor's next key has changed"
                                  : "the layer reaches no robot");
    status = rollout_steps_rivals(conn, looking->arena, before.rollout_id, &rivals);
    if (status != STATUS_OK)
        return status;
    /* none: it has come and gone meanwhile */
    return turn(conn, looking, before.plan.queues ? ROLLOUT_BUSY : ROLLOUT_REFUSE,
                rivals != NULL ? rivals : "another rollout has just taken some of its robots");
}

/* Why another operator must agree; NULL: the author may do it alone. */
static const char *wants_approval(struct looking *looking, int64_t reached)
{
    const int64_t most = looking->look->approval_devices;

    if (most >= 0 && reached > most)
        return arena_format(looking->arena,
                            "%lld robots: another operator must approve it above %lld",
                            (long long)reached, (long long)most);
    return looking->reading.preflight.approval;
}

/* Turns to approval when what it is by now takes another operator who has not agreed to as much;
 * looking's moved says so. What is taken back waits for nobody. */
static enum status ask_approval(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    struct rollout_approval now = {.cost = &looking->reading.preflight};
    const char *why = NULL;
    struct rollout_turn ask = {.event = ROLLOUT_NEEDS_APPROVAL, .now_ms = looking->look->now_ms};

    if (row->is_reverse)
        return STATUS_OK;
    enum status status = rollout_steps_reach(conn, row->rollout_id, &now.robots);
    if (status == STATUS_OK)
        why = wants_approval(looking, now.robots);
    if (status == STATUS_OK && why != NULL && row->approved.size > 0)
        status = rollout_approval_outgrown(looking->arena, row, &now, &why);
    if (status != STATUS_OK || why == NULL)
        return status;
    ask.reason = why;
    status = rollout_approval_write(looking->arena, &now, &ask.asked);
    if (status == STATUS_OK)
        status = rollout_turn(conn, looking->arena, row, &ask);
    looking->moved = status == STATUS_OK;
    return status;
}

static enum status check(struct store_conn *conn, struct looking *looking)
{
    const struct rollout_steps_row *row = &looking->row;
    const char *rivals;
    const char *refusal = NULL;
    enum status status = rollout_steps_rivals(conn, looking->arena, row->rollout_id, &rivals);

    if (status == STATUS_OK && rivals != NULL)
        return turn(conn, looking, row->plan.queues ? ROLLOUT_BUSY : ROLLOUT_REFUSE, rivals);
    if (status != STATUS_OK || !has_read(looking))
        return status;
    status = rollout_judge_preflight(conn, row, &looking->reading, looking->look->now_ms, &refusal);
    if (status == STATUS_OK && refusal != NULL)
        return turn(conn, looking, ROLLOUT_REFUSE, refusal);
    if (status == STATUS_OK)
        status = ask_approval(conn, looking);
    return status == STATUS_OK && !looking->moved ? start(conn, looking) : status;
}

static enum status wait_for_others(struct store_conn *conn, struct looking *looking)
{
    const char *rivals;
    enum status status =
        rollout_steps_rivals(conn, looking->arena, looking->row.rollout_id, &rivals);

    if (status != STATUS_OK || rivals != NULL)
        return status;
    return turn(conn, looking, ROLLOUT_FREE, "");
}

/* ---- members ---- */

static bool is_running(enum rollout_place place)
{
    return place >= ROLLOUT_PUBLISHING && place <= ROLLOUT_JUDGING;
}

static int64_t check_every_ms(const struct rollout_plan *plan)
{
    const int64_t every_ms = plan->deadline_s * SECOND_MS / 10;

    return every_ms < SECOND_MS ? SECOND_MS : every_ms > 30 * SECOND_MS ? 30 * SECOND_MS : every_ms;
}

/* Who came, left, confirmed, failed since the last look. */
static enum status follow(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    const int64_t now_ms = looking->look->now_ms;
    const bool by_time = now_ms - row->checked_ms >= check_every_ms(&row->plan);
    int64_t confirmed = 0;
    int64_t failed = 0;
    enum status status = STATUS_OK;

    if (row->place != ROLLOUT_ROLLING_BACK && now_ms - row->joined_ms >= JOIN_MS)
        status = rollout_members_join(conn, looking->arena, row, now_ms);
    if (status == STATUS_OK)
        status = rollout_members_confirm(conn, row, now_ms, &confirmed);
    if (status == STATUS_OK && row->place != ROLLOUT_ROLLING_BACK)
        status = rollout_members_fail(conn, looking->arena, row, by_time, is_running(row->place),
                                      now_ms, &failed);
    if (status == STATUS_OK && confirmed + failed > 0)
        status = events_tell(conn, "rollout", &row->rollout_id, 1);
    return status == STATUS_OK ? rollout_steps_count(conn, row) : status;
}

/* Of the zones in which somebody waits: those where it is time, by the devices' settings or own
 * clocks. opens_ms: when the next of the others comes. */
static enum status open_zones(struct store_conn *conn, struct looking *looking, const char **zones,
                              size_t *count, int64_t *opens_ms)
{
    const struct rollout_plan *plan = &looking->row.plan;
    const int64_t now_ms = looking->look->now_ms;
    const char *found[ZONES_MAX];
    size_t found_count = 0;
    enum status status =
        rollout_members_zones(conn, looking->arena, &looking->row, found, ZONES_MAX, &found_count);

    *count = 0;
    *opens_ms = INT64_MAX;
    for (size_t i = 0; status == STATUS_OK && i < found_count; i++) {
        int offset_min = plan->zone_min;

        /* of whom nobody says it: the plan's */
        if (local_time_offset(span_text(found[i]), &offset_min) != STATUS_OK)
            offset_min = plan->zone_min;
        const int64_t at_ms = rollout_pace_opens_ms(plan, now_ms, offset_min);
        if (at_ms <= now_ms)
            zones[(*count)++] = found[i];
        else if (at_ms < *opens_ms)
            *opens_ms = at_ms;
    }
    return status;
}

/* What a second's worth of the rate is goes out together: each batch is a row of the audit. */
static int64_t least_rest(int64_t next_ms, int64_t now_ms)
{
    return next_ms > now_ms + SECOND_MS ? next_ms : now_ms + SECOND_MS;
}

static enum status open_some(struct store_conn *conn, struct looking *looking,
                             const struct rollout_members_choice *choice,
                             const struct rollout_pace *pace)
{
    struct rollout_steps_row *row = &looking->row;
    const int64_t now_ms = looking->look->now_ms;
    int64_t opened = 0;
    enum status status = rollout_members_open(conn, looking->arena, row, choice, now_ms, &opened);

    if (status != STATUS_OK || opened == 0)
        return status;
    const int64_t tokens_ms = rollout_pace_use(pace, opened, now_ms);
    if (row->counts.waiting > 0)
        look_again(looking, least_rest(rollout_pace_next_ms(pace->rate, tokens_ms), now_ms));
    return rollout_steps_use_tokens(conn, row, tokens_ms);
}

/* As many as rate, windows and blackouts allow. */
static enum status open_waiting(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    const int64_t now_ms = looking->look->now_ms;
    const int64_t blackout_ms = rollout_pace_blackout_ms(&row->plan, now_ms);
    const int64_t rate = rollout_pace_rate(&row->plan, row->opened_ever);
    const struct rollout_pace pace = rollout_pace_allow(rate, row->tokens_ms, now_ms);
    const char *zones[ZONES_MAX];
    struct rollout_members_choice choice = {.limit = ROLLOUT_MEMBERS_BATCH};
    int64_t opens_ms = INT64_MAX;
    enum status status = STATUS_OK;

    if (blackout_ms > 0) {
        looking->held = (struct rollout_steps_held){blackout_ms, true};
        look_again(looking, blackout_ms);
        return STATUS_OK;
    }
    if (pace.allowed < choice.limit)
        choice.limit = pace.allowed;
    if (row->plan.window_count > 0) {
        status = open_zones(conn, looking, zones, &choice.zone_count, &opens_ms);
        choice.zones = zones;
        look_again(looking, opens_ms);
    }
    if (status == STATUS_OK && choice.zones != NULL && choice.zone_count == 0) {
        looking->held = (struct rollout_steps_held){opens_ms < INT64_MAX ? opens_ms : 0, false};
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    if (choice.limit > 0)
        return open_some(conn, looking, &choice, &pace);
    look_again(looking, least_rest(rollout_pace_next_ms(rate, pace.tokens_ms), now_ms));
    return STATUS_OK;
}

static enum status take_back(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    const int64_t now_ms = looking->look->now_ms;
    const struct rollout_pace pace = rollout_pace_allow(row->back_rate, row->tokens_ms, now_ms);
    const int64_t limit =
        pace.allowed < ROLLOUT_MEMBERS_BATCH ? pace.allowed : ROLLOUT_MEMBERS_BATCH;
    int64_t count = 0;
    enum status status = STATUS_OK;

    if (limit > 0)
        status = rollout_members_take_back(conn, looking->arena, row, limit, now_ms, &count);
    if (status == STATUS_OK && count > 0)
        status = rollout_steps_use_tokens(conn, row, rollout_pace_use(&pace, count, now_ms));
    look_again(looking, now_ms + (row->back_rate == 0 ? 0 : SECOND_MS));
    return status == STATUS_OK ? rollout_steps_count(conn, row) : status;
}

/* ---- a wave ---- */

/* Whoever comes while a wave is open enters it, and it may be the last to ask before. */
static enum status check_joined(struct store_conn *conn, struct looking *looking)
{
    const struct rollout_steps_row *row = &looking->row;
    const int64_t most = looking->look->approval_devices;
    int64_t approved = 0;

    if (most < 0 || row->live <= most || row->is_reverse)
        return STATUS_OK;
    enum status status = rollout_approval_robots(row, &approved);
    if (status != STATUS_OK || row->live <= approved || !has_read(looking))
        return status;
    return ask_approval(conn, looking);
}

static enum status open_wave(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    const char *refusal = NULL;

    if (!has_read(looking))
        return STATUS_OK;
    enum status status =
        rollout_judge_preflight(conn, row, &looking->reading, looking->look->now_ms, &refusal);

    if (status == STATUS_OK && refusal != NULL)
        return turn(conn, looking, ROLLOUT_REFUSE, refusal);
    if (status == STATUS_OK)
        status = ask_approval(conn, looking);
    if (status != STATUS_OK || looking->moved)
        return status;
    status = rollout_steps_open_wave(conn, looking->arena, row, looking->look->now_ms);
    looking->moved = status == STATUS_OK;
    return status;
}

static enum status judge(struct store_conn *conn, struct looking *looking)
{
    enum rollout_event event = ROLLOUT_NOTHING;
    const char *reason = "";

    if (!has_read(looking))
        return STATUS_OK;
    enum status status =
        rollout_judge(conn, looking->arena, &looking->row, &looking->reading, &event, &reason);

    return status == STATUS_OK && event != ROLLOUT_NOTHING ? turn(conn, looking, event, reason)
                                                           : status;
}

static const char *why(struct looking *looking, enum rollout_event event)
{
    const struct rollout_steps_row *row = &looking->row;

    if (event == ROLLOUT_TURN_RED || event == ROLLOUT_RED_BACK)
        return arena_format(looking->arena, "%lld of %lld robots of wave %lld failed to confirm",
                            (long long)row->counts.failed,
                            (long long)(row->counts.failed + row->counts.confirmed),
                            (long long)row->wave);
    if (event == ROLLOUT_EXPIRED && rollout_is_paused(row->place))
        return "it is paused and waits for somebody";
    return event == ROLLOUT_EXPIRED ? "nothing has moved for too long" : "";
}

/* The wave is confirmed, soaked, back, or nothing has moved for too long. */
static enum status move_on(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    const int64_t now_ms = looking->look->now_ms;
    const bool is_dark = rollout_pace_blackout_ms(&row->plan, now_ms) > 0;
    struct rollout_step_facts facts = {
        .place = row->place,
        .now_ms = now_ms,
        .moved_ms = is_dark && (row->place == ROLLOUT_PUBLISHING || row->counts.waiting > 0)
                        ? now_ms
                    : row->last_moved_ms > row->step_since_ms && is_running(row->place)
                        ? row->last_moved_ms
                        : row->step_since_ms,
        .is_wave_open = row->is_wave_open,
        .is_control = row->is_control,
        .wave = row->counts,
        .look_ms = row->look_ms,
        .open = row->open,
    };
    enum status status = STATUS_OK;

    if (row->place == ROLLOUT_ROLLING_BACK)
        status = rollout_members_going_back(conn, row, now_ms, &facts.going_back);
    if (status != STATUS_OK)
        return status;
    const enum rollout_event event = rollout_step_event(&row->plan, &facts);
    return event == ROLLOUT_NOTHING ? STATUS_OK : turn(conn, looking, event, why(looking, event));
}

static enum status drive(struct store_conn *conn, struct looking *looking)
{
    struct rollout_steps_row *row = &looking->row;
    enum status status = STATUS_OK;

    if (is_running(row->place))
        status = rollout_members_hold(conn, row);
    if (status == STATUS_OK)
        status = follow(conn, looking);
    if (status != STATUS_OK)
        return status;
    if (row->place == ROLLOUT_PUBLISHING && !row->is_wave_open)
        return open_wave(conn, looking);
    if (is_running(row->place) && row->place != ROLLOUT_JUDGING)
        status = check_joined(conn, looking);
    if (status != STATUS_OK || looking->moved || looking->lacks)
        return status;
    if (is_running(row->place) && row->counts.waiting > 0)
        status = open_waiting(conn, looking);
    else if (row->place == ROLLOUT_ROLLING_BACK && row->open > 0)
        status = take_back(conn, looking);
    if (status != STATUS_OK)
        return status;
    return row->place == ROLLOUT_JUDGING ? judge(conn, looking) : move_on(conn, looking);
}

/* ---- the look ---- */

static void plan_next(struct looking *looking)
{
    const struct rollout_steps_row *row = &looking->row;
    const int64_t now_ms = looking->look->now_ms;

    if (!rollout_is_under_way(row->place))
        look_again(looking, now_ms + IDLE_MS);
    else if (rollout_is_paused(row->place))
        look_again(looking, now_ms + PAUSED_MS);
    else if (row->place != ROLLOUT_SOAKING || row->counts.opened > 0)
        look_again(looking, now_ms + SECOND_MS);
    else
        look_again(looking, row->look_ms < now_ms + PAUSED_MS ? row->look_ms : now_ms + PAUSED_MS);
}

/* Its group was deleted: nobody is a member of it any more. */
static enum status end(struct store_conn *conn, struct looking *looking)
{
    enum status status =
        rollout_members_join(conn, looking->arena, &looking->row, looking->look->now_ms);

    return status == STATUS_OK ? turn(conn, looking, ROLLOUT_GONE, "its group was deleted")
                               : status;
}

static enum status take(struct store_conn *conn, void *context)
{
    struct looking *looking = context;
    struct rollout_steps_row *row = &looking->row;
    const struct rollout_steps_lock lock = {
        .rollout_id = looking->look->rollout_id,
        .skip = true,
        .only_due = true,
        .now_ms = looking->look->now_ms,
    };

    looking->moved = looking->lacks = false;
    looking->due_ms = INT64_MAX;
    looking->held = (struct rollout_steps_held){0};
    enum status status = rollout_steps_lock(conn, looking->arena, &lock, row);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (rollout_is_over(row->place) || row->place == ROLLOUT_DRAFT)
        return rollout_steps_put_off(conn, row, 0);
    if (row->is_gone)
        return end(conn, looking);
    if (row->place == ROLLOUT_PREFLIGHT)
        status = check(conn, looking);
    else if (row->place == ROLLOUT_WAITING)
        status = wait_for_others(conn, looking);
    else if (rollout_is_under_way(row->place))
        status = drive(conn, looking);
    if (status == STATUS_OK && !looking->moved && !looking->lacks &&
        !rollout_is_under_way(row->place))
        status = move_on(conn, looking);
    if (status != STATUS_OK || looking->moved || looking->lacks)
        return status;
    status = rollout_steps_hold(conn, row, &looking->held);
    if (status != STATUS_OK)
        return status;
    plan_next(looking);
    return rollout_steps_put_off(conn, row, looking->due_ms);
}

static enum status read(struct store_conn *conn, void *context)
{
    struct looking *looking = context;

    return rollout_judge_read(conn, looking->arena, &looking->row, looking->look->approval_cost,
                              looking->look->now_ms, &looking->reading);
}

enum status rollout_look(struct store *store, struct arena *arena, const struct rollout_look *look,
                         bool *moved)
{
    struct looking looking = {.look = look, .arena = arena};
    enum status status = store_transaction(store, take, &looking);

    if (status == STATUS_OK && looking.lacks) {
        status = store_transaction(store, read, &looking);
        /* somebody who moved it meanwhile is followed at the next look */
        if (status == STATUS_OK)
            status = store_transaction(store, take, &looking);
    }
    *moved = status == STATUS_OK && looking.moved;
    return status;
}
