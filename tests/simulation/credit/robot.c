#include "tests/simulation/credit/robot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "tests/simulation/credit/world.h"

#define BATCH_RECORDS   6 /* in one message, so that a batch can end inside what is pending */
#define RESEND_MS       5000
#define RESEND_MAX_MS   40000
#define HELLO_GAP_MS    1000
#define REFUSED_GAP_MS  5000
#define TICK_MS         1000
#define TICK_MAX_MS     20000
#define OUTPUT_LIMIT    400
#define MOST_CALLS_LEFT 6

/* ---- power ---- */

static int64_t robot_clock(const struct world *world, const struct robot *robot)
{
    return world_wall_ms(world) + robot->skew_ms;
}

/* Before the journal is called: perhaps power fails inside. */
static void threaten(struct world *world, const struct robot *robot)
{
    storage_set_full(robot->full);
    if (world_chance(world, world->plan.power))
        storage_fail_after((unsigned)world_between(world, 0, MOST_CALLS_LEFT));
}

/* Afterwards. True: it did. */
static bool lost_power(struct world *world, struct robot *robot)
{
    storage_set_full(false);
    storage_disarm();
    if (!storage_is_dead())
        return false;
    coverage_count(world->coverage,
                   (enum coverage_fault)(COVERAGE_POWER + (unsigned)storage_died_in()),
                   robot_states(robot));
    robot_end(world, robot, ROBOT_POWER_LOST);
    return true;
}

static void open_journal(struct world *world, struct robot *robot)
{
    char path[STORAGE_PATH];

    storage_path(robot->number, path);
    const struct journal_options options = {
        .path = path,
        .device_id = robot->device_id,
        .max_bytes = world->plan.journal_bytes,
        .safety = JOURNAL_SURVIVES_POWER_LOSS,
        .now_ms = robot_clock(world, robot),
    };
    enum status status = journal_open(&robot->journal, &options);
    if (status == STATUS_OK)
        return;
    robot->journal = NULL;
    if (status != STATUS_FULL && !storage_is_dead())
        findings_add(&world->findings, "I1: robot %u cannot open its journal again: %s",
                     robot->number, status_text(status));
}

void robot_start(struct world *world, struct robot *robot)
{
    if (robot->powered || robot->retired)
        return;
    robot->powered = true;
    threaten(world, robot);
    open_journal(world, robot);
    if (lost_power(world, robot))
        return;
    if (!robot->journal) {
        robot->powered = false;
        world_after(world, 5000, WORLD_START, robot->number, robot->life, 0);
        return;
    }
    robot->phase = ROBOT_OFFLINE;
    robot->empty = false;
    robot->state_time_ms = 0;
    judge_started(world, robot);
    world_after(world, world_between(world, 0, 2000), WORLD_DIAL, robot->number, robot->life, 0);
    world_after(world, world_between(world, 100, world->plan.think_ms), WORLD_TALK, robot->number,
                robot->life, 0);
}

void robot_end(struct world *world, struct robot *robot, enum robot_end how)
{
    if (!robot->powered)
        return;
    world_say(world, "  robot %u %s", robot->number,
              how == ROBOT_KILLED ? "is killed" : "loses power");
    robot->powered = false;
    robot->life++;
    robot->phase = ROBOT_OFFLINE;
    journal_close(robot->journal);
    robot->journal = NULL;
    storage_revive();
    if (how == ROBOT_POWER_LOST)
        storage_cut(robot->number, &world->dice);
    memset(robot->open, 0, sizeof robot->open);
    world_after(world, world_between(world, 200, 20000), WORLD_START, robot->number, robot->life,
                0);
}

/* ---- the link ---- */

static int64_t resend_after(struct world *world, unsigned *tries)
{
    int64_t most_ms = (int64_t)RESEND_MS << (*tries < 3 ? *tries : 3);

    ++*tries;
    return world_between(world, RESEND_MS / 2, most_ms < RESEND_MAX_MS ? most_ms : RESEND_MAX_MS);
}

static wire_UpHeader next_header(struct world *world, struct robot *robot)
{
    return (wire_UpHeader){
        .has_session = true,
        .session = robot->session,
        .counter = ++robot->counter,
        .device_time_ms = robot_clock(world, robot),
    };
}

static void send_hello(struct world *world, struct robot *robot)
{
    wire_Hello *hello = &world->scratch.hello;

    *hello = (wire_Hello)wire_Hello_init_zero;
    hello->has_header = true;
    hello->header = next_header(world, robot);
    hello->epoch_seen = robot->memory.epoch;
    hello->has_journal = true;
    journal_head(robot->journal, &hello->journal);
    journal_credit(robot->journal, hello->credit, &hello->credit_count);
    robot->hello_at_ms = world->now_ms;
    robot->hello_due_ms = world->now_ms + resend_after(world, &robot->hello_tries);
    mail_send_up(world, robot->number, MESSAGE_HELLO, hello);
}

static void send_usage(struct world *world, struct robot *robot)
{
    wire_UsageBatch *batch = &world->scratch.usage;

    batch->records_count = 0;
    if (journal_next_batch(robot->journal, BATCH_RECORDS, batch) != STATUS_OK) {
        robot->in_flight_seq = 0;
        return;
    }
    batch->has_header = true;
    batch->header = next_header(world, robot);
    journal_credit(robot->journal, batch->credit, &batch->credit_count);
    robot->in_flight_seq = batch->first_seq + batch->records_count - 1;
    robot->usage_due_ms = world->now_ms + resend_after(world, &robot->usage_tries);
    mail_send_up(world, robot->number, MESSAGE_USAGE_BATCH, batch);
}

static void send_report(struct world *world, struct robot *robot)
{
    wire_Report *report = &world->scratch.report;

    *report = (wire_Report)wire_Report_init_zero;
    report->has_header = true;
    report->header = next_header(world, robot);
    report->has_journal = true;
    journal_head(robot->journal, &report->journal);
    journal_credit(robot->journal, report->credit, &report->credit_count);
    journal_reported(robot->journal);
    robot->report_due_ms = world->now_ms + world->plan.report_ms * 4 / 5 +
                           world_between(world, 0, world->plan.report_ms * 2 / 5);
    mail_send_up(world, robot->number, MESSAGE_REPORT, report);
}

void robot_drop_link(struct world *world, struct robot *robot)
{
    if (!robot->powered)
        return;
    robot->phase = ROBOT_OFFLINE;
    robot->in_flight_seq = 0;
    world_after(world, world_between(world, 100, 3000), WORLD_DIAL, robot->number, robot->life, 0);
}

/* The broker ends another connection of the same name. */
static void take_over(struct world *world, const struct robot *robot)
{
    for (size_t i = 0; i < world->robot_count; i++) {
        struct robot *other = &world->robots[i];

        if (other != robot && other->device == robot->device && other->phase != ROBOT_OFFLINE)
            robot_drop_link(world, other);
    }
}

void robot_dial(struct world *world, struct robot *robot)
{
    if (!robot->powered || robot->phase != ROBOT_OFFLINE)
        return;
    if (robot->parted) {
        world_after(world, world_between(world, 1000, 10000), WORLD_DIAL, robot->number,
                    robot->life, 0);
        return;
    }
    take_over(world, robot);
    robot->memory.session_number++;
    robot->session.number = robot->memory.session_number;
    crypto_random(robot->session.id, sizeof robot->session.id);
    robot->counter = 0;
    robot->connection++;
    robot->phase = ROBOT_GREETING;
    robot->hello_tries = robot->usage_tries = 0;
    world_say(world, "  robot %u session %llu", robot->number,
              (unsigned long long)robot->session.number);
    send_hello(world, robot);
    world_after(world, TICK_MS, WORLD_TICK, robot->number, robot->life, robot->connection);
}

static int64_t next_due(const struct robot *robot)
{
    if (robot->phase == ROBOT_GREETING)
        return robot->hello_due_ms;
    if (robot->in_flight_seq > 0 && robot->usage_due_ms < robot->report_due_ms)
        return robot->usage_due_ms;
    return robot->report_due_ms;
}

static void send_due(struct world *world, struct robot *robot)
{
    if (robot->phase == ROBOT_GREETING) {
        if (robot->hello_due_ms <= world->now_ms)
            send_hello(world, robot);
        return;
    }
    if (robot->quarantined)
        return;
    if (robot->in_flight_seq == 0 || robot->usage_due_ms <= world->now_ms)
        send_usage(world, robot);
    if (robot->report_due_ms <= world->now_ms)
        send_report(world, robot);
}

void robot_tick(struct world *world, struct robot *robot)
{
    if (!robot->powered || robot->phase == ROBOT_OFFLINE)
        return;
    send_due(world, robot);
    int64_t wait_ms = next_due(robot) - world->now_ms;
    if (wait_ms > TICK_MAX_MS)
        wait_ms = TICK_MAX_MS;
    world_after(world, wait_ms > TICK_MS ? wait_ms : TICK_MS, WORLD_TICK, robot->number,
                robot->life, robot->connection);
}

/* ---- state, as agent/link/peer.c takes it ---- */

static void learn_clock(struct world *world, struct robot *robot, const wire_State *state)
{
    const int64_t server_ms = state->header.server_time_ms;

    if (server_ms < robot->state_time_ms && state->header.epoch == robot->memory.epoch)
        return;
    robot->state_time_ms = server_ms;
    journal_set_clock(robot->journal, server_ms - robot_clock(world, robot), server_ms);
}

static enum status acknowledge(struct robot *robot, const wire_State *state, bool new_epoch)
{
    const uint8_t *hash = state->acknowledged_hash.bytes;
    enum status status =
        new_epoch
            ? journal_rewind(robot->journal, state->journal_id, state->acknowledged_seq, hash)
            : journal_acknowledge(robot->journal, state->journal_id, state->acknowledged_seq, hash);

    if (status == STATUS_OK && (new_epoch || state->acknowledged_seq >= robot->in_flight_seq)) {
        robot->in_flight_seq = 0;
        robot->usage_tries = 0;
    }
    return status;
}

/* False: hello is needed before usage may flow. */
static bool take_verdict(struct world *world, struct robot *robot, const wire_State *state,
                         bool new_epoch)
{
    wire_JournalHead head;
    enum status status = STATUS_CONFLICT;

    journal_head(robot->journal, &head);
    if (memcmp(head.id, state->journal_id, sizeof head.id) != 0)
        return false;
    robot->quarantined = state->journal_verdict == wire_JournalVerdict_JOURNAL_QUARANTINED;
    if (robot->quarantined)
        return true;
    if (state->journal_verdict != wire_JournalVerdict_JOURNAL_FORKED)
        status = acknowledge(robot, state, new_epoch);
    if (status == STATUS_CONFLICT && journal_fork(robot->journal) == STATUS_OK) {
        world->coverage->forks++;
        world_say(world, "  robot %u forks", robot->number);
        judge_forked(world, robot);
        robot->hello_at_ms -= HELLO_GAP_MS; /* news: need not wait */
    }
    return status == STATUS_OK;
}

/* Which lines its routes have is configuration, which travels beside states: the newest counts. */
static void learn_lines(struct robot *robot, const wire_State *state)
{
    struct robot_memory *memory = &robot->memory;

    if (state->credit_count == 0 || (state->header.epoch == memory->epoch &&
                                     state->header.server_time_ms < memory->lines_time_ms))
        return;
    memory->lines_time_ms = state->header.server_time_ms;
    memory->line_count = 0;
    for (pb_size_t i = 0; i < state->credit_count && memory->line_count < ROBOT_ROUTES; i++)
        memory->lines[memory->line_count++] = state->credit[i];
}

/* More than could be returned: the rest is under way. */
static bool is_recalled(const struct robot *robot, const wire_State *state)
{
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;

    journal_credit(robot->journal, uses, &count);
    for (pb_size_t i = 0; i < state->credit_count; i++) {
        const wire_CreditLine *line = &state->credit[i];

        for (pb_size_t j = 0; j < count; j++) {
            if (strcmp(uses[j].line_id, line->line_id) != 0)
                continue;
            for (pb_size_t k = 0; k < line->measures_count && k < uses[j].amounts_count; k++)
                if (line->measures[k].return_to > uses[j].amounts[k].returned)
                    return true;
        }
    }
    return false;
}

static void hello_again(struct world *world, struct robot *robot)
{
    robot->phase = ROBOT_GREETING;
    robot->in_flight_seq = 0;
    if (world->now_ms - robot->hello_at_ms >= HELLO_GAP_MS)
        send_hello(world, robot);
}

static void take_state(struct world *world, struct robot *robot, const wire_State *state)
{
    const bool new_epoch = state->header.epoch > robot->memory.epoch && robot->memory.epoch != 0;
    const bool usage = state->want_usage;

    if (!take_verdict(world, robot, state, new_epoch)) {
        if (!storage_is_dead())
            hello_again(world, robot);
        return;
    }
    const uint64_t returned = journal_credit_events(robot->journal).returned;
    const enum status status =
        journal_grant(robot->journal, state->header.epoch, state->credit, state->credit_count);
    if (storage_is_dead())
        return;
    if (new_epoch)
        judge_epoch(world, robot);
    learn_lines(robot, state);
    if (status == STATUS_OK || !new_epoch)
        robot->memory.epoch = state->header.epoch;
    robot->recalled = is_recalled(robot, state);
    if (new_epoch) {
        robot->hello_at_ms -= HELLO_GAP_MS;
        hello_again(world, robot);
        return;
    }
    if (robot->phase == ROBOT_GREETING)
        robot->report_due_ms = world->now_ms + world_between(world, 0, 3000);
    robot->phase = ROBOT_READY;
    if (usage)
        robot->in_flight_seq = 0;
    if (journal_credit_events(robot->journal).returned != returned)
        send_report(world, robot);
    send_due(world, robot);
}

void robot_hear(struct world *world, struct robot *robot, const wire_State *state)
{
    if (!robot->powered || robot->phase == ROBOT_OFFLINE ||
        state->header.session.number != robot->session.number ||
        memcmp(state->header.session.id, robot->session.id, sizeof robot->session.id) != 0 ||
        state->header.epoch < robot->memory.epoch)
        return;
    learn_clock(world, robot, state);
    if (state->session_floor >= robot->session.number) {
        if (state->session_floor > robot->memory.session_number)
            robot->memory.session_number = state->session_floor;
        robot_drop_link(world, robot);
        return;
    }
    if (state->want_hello) {
        hello_again(world, robot);
        return;
    }
    threaten(world, robot);
    take_state(world, robot, state);
    (void)lost_power(world, robot);
}

/* ---- attempts ---- */

static struct robot_attempt *free_attempt(struct robot *robot)
{
    for (size_t i = 0; i < ROBOT_ATTEMPTS; i++)
        if (!robot->open[i].used)
            return &robot->open[i];
    return NULL;
}

static void fill_record(struct world *world, const struct robot *robot, const wire_CreditLine *line,
                        unsigned attempt, wire_UsageRecord *record)
{
    *record = (wire_UsageRecord)wire_UsageRecord_init_zero;
    judge_turn(attempt, record->turn);
    record->attempt = 1;
    memcpy(record->vendor, line->vendor, sizeof record->vendor);
    memcpy(record->model, line->model, sizeof record->model);
    memcpy(record->contract, line->contract, sizeof record->contract);
    record->contract_version = line->contract_version;
    memcpy(record->line_id, line->line_id, sizeof record->line_id);
    /* no two attempts fold into one: here they are known by their turns */
    snprintf(record->service_tier, sizeof record->service_tier, "%u", attempt);
    record->start_ms = robot_clock(world, robot);
    record->reserved_input = (uint64_t)world_between(world, 20, 300);
    record->reserved_output = (uint64_t)world_between(world, CREDIT_LEAST_OUTPUT, OUTPUT_LIMIT);
}

/* The first route whose credit covers the attempt; a shorter answer before the next route. */
static enum status begin(struct world *world, struct robot *robot, unsigned attempt,
                         wire_UsageRecord *record)
{
    enum status status = STATUS_DENIED;

    for (unsigned i = 0; i < robot->memory.line_count && status == STATUS_DENIED; i++) {
        fill_record(world, robot, &robot->memory.lines[i], attempt, record);
        journal_clip(robot->journal, record);
        status = journal_begin(robot->journal, record);
    }
    return status;
}

static void note_denied(struct world *world, struct robot *robot)
{
    robot->empty = true;
    world->coverage->denied++;
    world_say(world, "  robot %u: no credit", robot->number);
    if (robot->phase == ROBOT_READY && world->now_ms >= robot->refused_report_ms) {
        robot->refused_report_ms = world->now_ms + REFUSED_GAP_MS;
        send_report(world, robot);
    }
}

static void ask_vendor(struct world *world, struct robot *robot, struct robot_attempt *slot)
{
    slot->used = true;
    robot->empty = false;
    judge_ask(world, slot->attempt, world_chance(world, world->plan.not_sent));
    world_after(world, world_between(world, 300, 8000), WORLD_ANSWER, robot->number, robot->life,
                slot->attempt);
}

void robot_talk(struct world *world, struct robot *robot)
{
    struct robot_attempt *slot = free_attempt(robot);

    if (!robot->powered)
        return;
    world_after(world, world_between(world, 200, world->plan.think_ms * 2), WORLD_TALK,
                robot->number, robot->life, 0);
    if (!slot || robot->quarantined || world->quiet || robot->memory.line_count == 0)
        return;
    slot->attempt = judge_next_attempt(world);
    threaten(world, robot);
    const enum status status = begin(world, robot, slot->attempt, &slot->record);
    judge_began(world, robot, slot->attempt, &slot->record, status);
    if (lost_power(world, robot))
        return;
    if (status == STATUS_OK)
        ask_vendor(world, robot, slot);
    else if (status == STATUS_DENIED)
        note_denied(world, robot);
    else if (status != STATUS_FULL)
        findings_add(&world->findings, "I1: robot %u cannot begin: %s", robot->number,
                     status_text(status));
}

void robot_answer(struct world *world, struct robot *robot, unsigned attempt)
{
    struct robot_attempt *slot = NULL;

    for (size_t i = 0; i < ROBOT_ATTEMPTS; i++)
        if (robot->open[i].used && robot->open[i].attempt == attempt)
            slot = &robot->open[i];
    if (!robot->powered || !slot)
        return;
    slot->used = false;
    slot->record.end_ms = robot_clock(world, robot);
    judge_answer(world, attempt, &slot->record);
    threaten(world, robot);
    const enum status status = journal_close_attempt(robot->journal, &slot->record);
    if (lost_power(world, robot))
        return;
    if (status == STATUS_OK)
        judge_closed(world, attempt, &slot->record);
    else
        findings_add(&world->findings, "I1: robot %u cannot close: %s", robot->number,
                     status_text(status));
    if (robot->phase == ROBOT_READY && robot->in_flight_seq == 0 && !robot->quarantined)
        send_usage(world, robot);
}

/* ---- disks ---- */

void robot_name(unsigned device, char out[8])
{
    snprintf(out, 8, "r%u", device % 100);
}

void robot_init(struct world *world, unsigned number, unsigned device)
{
    struct robot *robot = &world->robots[number];

    *robot = (struct robot){.number = number, .device = device};
    robot_name(device, robot->device_id);
    robot->skew_ms = world_between(world, -7200000, 7200000);
    robot_start(world, robot);
}

void robot_release(struct robot *robot)
{
    journal_close(robot->journal);
    robot->journal = NULL;
}

void robot_init_clone(struct world *world, unsigned number, const struct robot *original)
{
    struct robot *robot = &world->robots[number];

    *robot = (struct robot){
        .number = number,
        .device = original->device,
        .skew_ms = original->skew_ms,
        .memory = original->memory,
        .connection = 1000 * number,
    };
    memcpy(robot->device_id, original->device_id, sizeof robot->device_id);
    storage_copy(original->number, number);
    judge_cloned(world, original, robot);
    world_after(world, world_between(world, 100, 5000), WORLD_START, number, 0, 0);
}

/* A disk's copy stands on a disk of its own. */
static unsigned copy_of(const struct robot *robot)
{
    return robot->number + WORLD_ROBOTS;
}

void robot_save_disk(struct robot *robot)
{
    storage_copy(robot->number, copy_of(robot));
    robot->saved = robot->memory;
    journal_credit(robot->journal, robot->saved_uses, &robot->saved_use_count);
    robot->has_saved = true;
}

void robot_set_back(struct world *world, struct robot *robot)
{
    robot_end(world, robot, ROBOT_KILLED);
    storage_copy(copy_of(robot), robot->number);
    robot->memory = robot->saved;
    judge_set_back(world, robot);
}

unsigned robot_states(const struct robot *robot)
{
    wire_JournalHead head = {0};
    unsigned states = 1u << (robot->phase == ROBOT_OFFLINE    ? COVERAGE_OFFLINE
                             : robot->phase == ROBOT_GREETING ? COVERAGE_GREETING
                                                              : COVERAGE_READY);

    if (robot->in_flight_seq > 0)
        states |= 1u << COVERAGE_IN_FLIGHT;
    for (size_t i = 0; i < ROBOT_ATTEMPTS; i++)
        if (robot->open[i].used)
            states |= 1u << COVERAGE_ATTEMPT;
    if (robot->empty)
        states |= 1u << COVERAGE_EMPTY;
    if (robot->recalled)
        states |= 1u << COVERAGE_RECALLED;
    if (!robot->journal)
        return states;
    if (journal_pending(robot->journal) > 0)
        states |= 1u << COVERAGE_PENDING;
    journal_head(robot->journal, &head);
    if (head.parent_id.size > 0)
        states |= 1u << COVERAGE_CHILD;
    return states;
}
