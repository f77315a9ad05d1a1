#include "tests/simulation/talk.h"

#include <stdio.h>
#include <string.h>

#include "agent/meter/reservation.h"
#include "tests/simulation/disk.h"

#define OUTPUT_LIMIT   800
#define DIALECT_TOKENS 16

/* A talk under way. */
struct talk {
    struct robot *robot;
    struct vendor_attempt *attempt;
    unsigned attempts_left;
};

static void try_now(void *context, uint64_t life);

void talk_threaten(const struct robot *robot)
{
    struct timeline *timeline = robot->world->timeline;

    if (!robot->world->quiet && timeline_chance(timeline, robot->world->profile->power_writes))
        disk_fail_after((unsigned)dice_below(&timeline->dice, 5));
}

bool talk_lost_power(struct robot *robot)
{
    disk_disarm();
    if (!disk_is_dead())
        return false;
    robot_end(robot, ROBOT_POWER_LOST);
    return true;
}

/* ---- ending ---- */

struct ending {
    wire_Provenance provenance;
    wire_Outcome outcome;
    wire_ErrorClass error;
    unsigned per_mille;
    bool counts_exactly;
};

static const struct ending endings[] = {
    {wire_Provenance_VENDOR_FINAL, wire_Outcome_ANSWERED, wire_ErrorClass_ERROR_NONE, 700, true},
    {wire_Provenance_VENDOR_FINAL, wire_Outcome_TRUNCATED, wire_ErrorClass_ERROR_NONE, 60, true},
    {wire_Provenance_VENDOR_CUMULATIVE, wire_Outcome_INTERRUPTED, wire_ErrorClass_ERROR_NONE, 80,
     false},
    {wire_Provenance_ESTIMATED, wire_Outcome_FAILED, wire_ErrorClass_NET, 80, false},
    {wire_Provenance_VENDOR_FINAL, wire_Outcome_FAILED, wire_ErrorClass_BUSY, 80, true},
};

static const struct ending *draw_ending(struct timeline *timeline)
{
    for (size_t i = 0; i + 1 < sizeof endings / sizeof *endings; i++) {
        if (timeline_chance(timeline, endings[i].per_mille))
            return &endings[i];
    }
    return &endings[sizeof endings / sizeof *endings - 1];
}

/* A complete refusal costs nothing; a stream that was cut is counted as far as it was heard. */
static void complete(struct talk *talk, const struct ending *ending)
{
    struct vendor_attempt *attempt = talk->attempt;
    wire_UsageRecord *record = attempt->record;

    record->end_ms = robot_now(talk->robot).wall_ms;
    record->provenance = ending->provenance;
    record->outcome = ending->outcome;
    record->error_class = ending->error;
    record->requests = 1;
    if (ending->error == wire_ErrorClass_BUSY)
        attempt->input = attempt->output = 0;
    record->input_uncached = attempt->input;
    record->output = ending->counts_exactly ? attempt->output : attempt->output / 2;
    snprintf(record->model_served, sizeof record->model_served, "%s", record->model);
}

static uint64_t worst_case_of(const struct vendor_attempt *attempt)
{
    return attempt->record->reserved_input + attempt->record->reserved_output;
}

/* Every attempt under way holds its reservation, and nothing else does (I2). */
static void check_reservations(struct robot *robot)
{
    wire_CreditUse lines[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;
    uint64_t open = 0;

    journal_credit(robot->journal, lines, &count);
    for (pb_size_t i = 0; i < count; i++)
        open += lines[i].amounts[0].open;
    if (open != robot->reserved)
        findings_add(robot->world->findings, "I2: robot %u reserves %llu tokens for %llu",
                     robot->number, (unsigned long long)open, (unsigned long long)robot->reserved);
}

/* False: power failed. */
static bool close_attempt(struct talk *talk)
{
    struct robot *robot = talk->robot;

    talk_threaten(robot);
    enum status status = journal_close_attempt(robot->journal, talk->attempt->record);
    if (talk_lost_power(robot))
        return false;
    talk->attempt->closed = status == STATUS_OK;
    if (status != STATUS_OK)
        findings_add(robot->world->findings, "I1: robot %u could not close an attempt: %s",
                     robot->number, status_text(status));
    robot->reserved -= worst_case_of(talk->attempt);
    check_reservations(robot);
    peer_tick(robot->peer, robot_now(robot));
    return true;
}

static void next_attempt(struct talk *talk)
{
    struct timeline *timeline = talk->robot->world->timeline;

    if (--talk->attempts_left == 0 || talk->attempt->record->outcome != wire_Outcome_FAILED) {
        talk->robot->talking--;
        return;
    }
    talk->attempt++;
    timeline_after(timeline, timeline_between(timeline, 1, 400), try_now, talk, talk->robot->life);
}

static void finish(void *context, uint64_t life)
{
    struct talk *talk = context;

    if (talk->robot->life != life)
        return;
    complete(talk, draw_ending(talk->robot->world->timeline));
    if (close_attempt(talk))
        next_attempt(talk);
}

/* ---- beginning ---- */

static void fill(struct talk *talk)
{
    struct robot *robot = talk->robot;
    struct timeline *timeline = robot->world->timeline;
    struct vendor_attempt *attempt = talk->attempt;
    const wire_Route *route = &robot->held.route;
    const size_t question_bytes = (size_t)timeline_between(timeline, 4, 900);
    const struct reservation worst_case =
        reservation_worst_case(question_bytes, DIALECT_TOKENS, OUTPUT_LIMIT);
    wire_UsageRecord *record = timeline_take(timeline, sizeof *record);

    memcpy(record->turn, attempt->turn, sizeof record->turn);
    record->attempt = attempt->number;
    snprintf(record->vendor, sizeof record->vendor, "%s", route->vendor);
    snprintf(record->model, sizeof record->model, "%s", route->model);
    snprintf(record->contract, sizeof record->contract, "%s", route->contract);
    snprintf(record->line_id, sizeof record->line_id, "%s", route->line_id);
    record->contract_version = route->contract_version;
    record->generation = robot->held.running.generation_running;
    record->start_ms = robot_now(robot).wall_ms;
    record->reserved_input = worst_case.input;
    record->reserved_output = worst_case.output;
    attempt->device_id = robot->device_id;
    attempt->robot = robot->number;
    attempt->asked_ms = timeline->now_ms;
    attempt->record = record;
    attempt->input = dice_below(&timeline->dice, worst_case.input) + 1;
    attempt->output = dice_below(&timeline->dice, worst_case.output + 1);
}

/* No byte of the request leaves the robot. */
static void give_up_unsent(struct talk *talk)
{
    wire_UsageRecord *record = talk->attempt->record;

    talk->attempt->input = talk->attempt->output = 0;
    record->end_ms = robot_now(talk->robot).wall_ms;
    record->provenance = wire_Provenance_NOT_SENT;
    record->outcome = wire_Outcome_FAILED;
    record->error_class = wire_ErrorClass_NET;
    if (close_attempt(talk))
        next_attempt(talk);
}

static void note_refusal(struct robot *robot, enum status status)
{
    if (status == STATUS_FULL)
        robot->full++;
    else if (status == STATUS_DENIED)
        robot->denied++;
    else
        findings_add(robot->world->findings, "I1: robot %u could not open an attempt: %s",
                     robot->number, status_text(status));
}

static void try_now(void *context, uint64_t life)
{
    struct talk *talk = context;
    struct robot *robot = talk->robot;
    struct timeline *timeline = robot->world->timeline;

    if (robot->life != life)
        return;
    talk->attempt->refused = false;
    fill(talk);
    talk_threaten(robot);
    enum status status = journal_begin(robot->journal, talk->attempt->record);
    if (talk_lost_power(robot))
        return;
    if (status != STATUS_OK) {
        talk->attempt->refused = true;
        robot->talking--;
        note_refusal(robot, status);
        return;
    }
    robot->reserved += worst_case_of(talk->attempt);
    check_reservations(robot);
    if (timeline_chance(timeline, 50)) {
        give_up_unsent(talk);
        return;
    }
    talk->attempt->sent = true;
    timeline_after(timeline, timeline_between(timeline, 300, 15000), finish, talk, life);
}

/* ---- the owner ---- */

static void ask(void *context, uint64_t life);

static void ask_later(struct robot *robot)
{
    struct timeline *timeline = robot->world->timeline;

    timeline_after(timeline, timeline_between(timeline, 10, 2 * robot->world->profile->think_ms),
                   ask, robot, robot->life);
}

static void ask(void *context, uint64_t life)
{
    struct robot *robot = context;
    struct timeline *timeline = robot->world->timeline;

    if (robot->life != life || robot->world->quiet)
        return;
    ask_later(robot);
    if (robot->talking == ROBOT_MAX_TALKS || !robot->held.route.vendor[0])
        return;
    struct talk *talk = timeline_take(timeline, sizeof *talk);
    talk->robot = robot;
    talk->attempts_left = timeline_chance(timeline, 300) ? 2 : 1;
    talk->attempt = vendor_start_turn(robot->world->vendor, talk->attempts_left);
    for (unsigned i = 0; i < talk->attempts_left; i++)
        talk->attempt[i].refused = true; /* until it is tried */
    robot->talking++;
    try_now(talk, life);
}

void talk_start(struct robot *robot)
{
    if (!robot->world->quiet)
        ask_later(robot);
}
