#include "tests/simulation/robot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/meter/reservation.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/talk.h"

#define RECONNECT_FIRST_MS 1000
#define RECONNECT_MAX_MS   60000
#define STEADY_MS          30000
#define REMEMBER_EVERY_MS  60000
#define REPORT_INTERVAL_S  60
#define SUMMER_MS          90000 /* clocks are put forward and back as often */
#define LEAST_REPEAT_MS    5000
#define LEAST_HELLO_MS     1000
#define MAX_STEP_MS        2000 /* how late a wake-up may be */

static void give_up(const struct robot *robot, const char *what)
{
    fprintf(stderr, "simulation: robot %u: %s\n", robot->number, what);
    abort();
}

struct peer_time robot_now(const struct robot *robot)
{
    struct timeline *timeline = robot->world->timeline;

    return (struct peer_time){.mono_ms = timeline->now_ms,
                              .wall_ms = timeline_wall_ms(timeline) + robot->skew_ms};
}

/* ---- the line ---- */

static void dial_later(struct robot *robot);

static void dial(void *context, uint64_t life)
{
    struct robot *robot = context;
    uint8_t presence[PEER_PRESENCE_SIZE];
    size_t size = 0;

    if (robot->life != life || !robot->powered || robot->client.connected)
        return;
    if (robot->floor > robot->remember.session_number)
        robot->remember.session_number = robot->floor;
    robot->session.number = ++robot->remember.session_number;
    crypto_random(robot->session.id, sizeof robot->session.id);
    robot->remembered_ms = robot->world->timeline->now_ms;
    if (remember_save(&robot->remember) != STATUS_OK) {
        /* the same number twice would make the server take this session for the one before */
        dial_later(robot);
        return;
    }
    if (peer_make_presence(&robot->session, presence, &size) != STATUS_OK)
        give_up(robot, "cannot make its will");
    network_dial(robot->world->network, &robot->client, span_of(presence, size));
}

/* As agent/link/link.c does it. */
static void dial_later(struct robot *robot)
{
    struct timeline *timeline = robot->world->timeline;

    if (robot->ready_ms != 0 && timeline->now_ms - robot->ready_ms >= STEADY_MS)
        backoff_reset(&robot->backoff);
    robot->ready_ms = 0;
    timeline_after(timeline, backoff_next(&robot->backoff, dice_next(&timeline->dice)), dial, robot,
                   robot->life);
}

static void on_up(void *context)
{
    struct robot *robot = context;

    robot->up_ms = robot->world->timeline->now_ms;
    robot->heard_state = true;
    robot->hello_at_ms = -LEAST_REPEAT_MS;
    peer_connected(robot->peer, &robot->session, robot_now(robot));
}

static void on_lost(void *context)
{
    struct robot *robot = context;

    if (!robot->powered)
        return;
    peer_disconnected(robot->peer);
    dial_later(robot);
}

static void leave(void *context, uint64_t life)
{
    struct robot *robot = context;

    if (robot->life != life || !robot->client.connected)
        return;
    network_drop(robot->world->network, &robot->client);
    peer_disconnected(robot->peer);
    robot->ready_ms = 0;
    timeline_after(robot->world->timeline,
                   timeline_between(robot->world->timeline, 0, RECONNECT_FIRST_MS), dial, robot,
                   robot->life);
}

/* ---- the peer's host ---- */

static void watch(struct robot *robot, enum topic_kind kind)
{
    const int64_t now_ms = robot->world->timeline->now_ms;
    int64_t *at_ms = kind == TOPIC_USAGE ? &robot->usage_at_ms : &robot->hello_at_ms;
    int64_t least_ms = robot->heard_state ? 0 : LEAST_REPEAT_MS;

    if (kind != TOPIC_USAGE && kind != TOPIC_HELLO)
        return;
    if (now_ms - *at_ms < least_ms)
        findings_add(robot->world->findings,
                     "I10: robot %u repeated its %s after %lld ms without an answer", robot->number,
                     topic_kind_name(kind), (long long)(now_ms - *at_ms));
    *at_ms = now_ms;
    robot->heard_state = false;
}

static void publish(void *context, enum topic_kind kind, unsigned qos, struct span payload)
{
    struct robot *robot = context;

    (void)qos;
    if (disk_is_dead())
        return; /* so is the robot */
    if (payload.size > LIMIT_MESSAGE_BYTES)
        findings_add(robot->world->findings, "I10: robot %u sent %zu bytes", robot->number,
                     payload.size);
    watch(robot, kind);
    network_publish_up(robot->world->network, &robot->client, kind, payload);
}

static void reconnect(void *context, uint64_t floor)
{
    struct robot *robot = context;

    robot->floor = floor;
    timeline_after(robot->world->timeline, 0, leave, robot, robot->life);
}

/* Nothing runs that was to be tried before and did not go well. */
static void look(struct robot *robot)
{
    struct settings_values *values = malloc(sizeof *values);
    struct robot_held *held = &robot->held;

    if (!values)
        give_up(robot, "out of memory");
    settings_values(robot->settings, values);
    settings_running(robot->settings, &held->running);
    held->volume = (unsigned)values->volume;
    held->route = values->routes[0];
    free(values);
    const uint64_t generation = held->running.generation_running;
    if (generation < ROBOT_GENERATIONS && !robot->may_run[generation])
        findings_add(robot->world->findings,
                     "I4: robot %u runs generation %llu, whose trial did not go well",
                     robot->number, (unsigned long long)generation);
}

static void configure(void *context, uint64_t generation, struct span content,
                      const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct robot *robot = context;
    wire_ConfigContent *config = &robot->world->content;

    if (disk_is_dead())
        return;
    if (generation < robot->held.running.generation_held)
        findings_add(robot->world->findings, "I4: robot %u was given generation %llu after %llu",
                     robot->number, (unsigned long long)generation,
                     (unsigned long long)robot->held.running.generation_held);
    if (message_decode(MESSAGE_CONFIG_CONTENT, content, config) != STATUS_OK ||
        config->settings_count != 1 || config->routes_count != 1) {
        findings_add(robot->world->findings,
                     "I4: robot %u was given a configuration it cannot read", robot->number);
        return;
    }
    if (generation < ROBOT_GENERATIONS && !config->has_trial)
        robot->may_run[generation] = true;
    settings_configure(robot->settings, generation, content, hash);
    look(robot);
}

static void running(void *context, struct peer_running *out)
{
    struct robot *robot = context;
    const bool is_summer = robot->world->timeline->now_ms / SUMMER_MS % 2 == 1;

    robot->utc_offset_min = ((int)(robot->number % 26) - 13 + is_summer) * 60;
    *out = robot->held.running;
    out->has_utc_offset = true;
    out->utc_offset_min = robot->utc_offset_min;
}

/* ---- trials: the prover's part, by chance instead of by a vendor ---- */

static void end_test(void *context, uint64_t life)
{
    struct robot *robot = context;
    struct timeline *timeline = robot->world->timeline;
    struct trial *trial = &robot->trial;

    if (robot->life != life || !robot->powered || trial->state != TRIAL_TESTING)
        return;
    const uint64_t chance = dice_below(&timeline->dice, 10);
    const enum trial_outcome outcome = chance < 6   ? TRIAL_WENT_WELL
                                       : chance < 8 ? TRIAL_MAY_PASS
                                                    : TRIAL_CANNOT_PASS;
    const wire_TrialReport report = {.generation = trial->generation, .tries = trial->tries};

    trial_end(trial, outcome, peer_phase(robot->peer) == PEER_READY, timeline->now_ms,
              dice_next(&timeline->dice));
    talk_threaten(robot);
    if (trial->state == TRIAL_PASSED && trial->generation < ROBOT_GENERATIONS)
        robot->may_run[trial->generation] = true;
    if (trial->state == TRIAL_PASSED) {
        if (settings_adopt(robot->settings, &report) == STATUS_OK)
            timeline_note(timeline, trial->generation);
    } else if (trial->state == TRIAL_FAILED) {
        settings_go_back(robot->settings, &report);
    } else {
        settings_note_trial(robot->settings, &report);
    }
    if (talk_lost_power(robot))
        return;
    look(robot);
    peer_config_settled(robot->peer, robot_now(robot));
}

static void prove(struct robot *robot)
{
    struct timeline *timeline = robot->world->timeline;
    struct trial *trial = &robot->trial;
    struct settings_held held;

    if (!settings_held(robot->settings, &held)) {
        trial_withdraw(trial);
        return;
    }
    if ((trial->state != TRIAL_WAITING && trial->state != TRIAL_TESTING) ||
        trial->generation != held.generation)
        trial_offer(trial, held.generation, 60, held.tries, timeline->now_ms);
    if (!trial_begin(trial, peer_phase(robot->peer) == PEER_READY, timeline->now_ms))
        return;
    talk_threaten(robot);
    const enum status status = settings_begin_test(robot->settings, held.generation, trial->tries);
    if (talk_lost_power(robot))
        return;
    if (status == STATUS_OK)
        timeline_after(timeline, timeline_between(timeline, 50, 8000), end_test, robot,
                       robot->life);
    else /* its disk is full */
        trial_end(trial, TRIAL_MAY_PASS, peer_phase(robot->peer) == PEER_READY, timeline->now_ms,
                  dice_next(&timeline->dice));
    if (trial->state == TRIAL_FAILED) {
        const wire_TrialReport report = {.generation = trial->generation, .tries = trial->tries};

        settings_go_back(robot->settings, &report);
        look(robot);
        peer_config_settled(robot->peer, robot_now(robot));
    }
}

static size_t settings(void *context, wire_SettingStatus *out)
{
    (void)context;
    out[0] = (wire_SettingStatus){.name = "volume", .outcome = wire_SettingOutcome_SETTING_APPLIED};
    return 1;
}

static void command(void *context, const wire_Command *order, struct peer_answer *answer)
{
    struct robot *robot = context;

    (void)order;
    (void)answer;
    findings_add(robot->world->findings, "I3: robot %u was given a command that nobody gave",
                 robot->number);
}

static void health(void *context, wire_Health *out)
{
    (void)context;
    *out = (wire_Health){.turns = 1};
}

static void keep(void *context, uint32_t epoch, struct span receipt)
{
    struct robot *robot = context;
    const int64_t now_ms = robot->world->timeline->now_ms;
    const bool urgent =
        epoch != robot->remember.epoch || now_ms - robot->remembered_ms > REMEMBER_EVERY_MS;

    robot->remember.epoch = epoch;
    robot->remember.receipt_size = receipt.size;
    memcpy(robot->remember.receipt, receipt.data, receipt.size);
    if (!urgent)
        return;
    robot->remembered_ms = now_ms;
    if (remember_save(&robot->remember) != STATUS_OK)
        robot->remembered_ms = now_ms - REMEMBER_EVERY_MS; /* full: the next one, perhaps */
}

/* ---- hearing ---- */

static bool is_refused(enum status status)
{
    return status == STATUS_FORGED || status == STATUS_NOT_FOUND || status == STATUS_INVALID;
}

static void check_origin(struct robot *robot, const struct network_message *message,
                         enum status status)
{
    if ((message->origin == NETWORK_FORGED) != is_refused(status))
        findings_add(robot->world->findings, "I3: robot %u took a %s %s for: %s", robot->number,
                     message->origin == NETWORK_FORGED ? "forged" : "genuine",
                     topic_kind_name(message->kind), status_text(status));
    if (status == STATUS_OK && message->sent_ms < robot->up_ms)
        findings_add(robot->world->findings, "I3: robot %u took a %s of an earlier session",
                     robot->number, topic_kind_name(message->kind));
}

static void on_message(void *context, const struct network_message *message)
{
    struct robot *robot = context;
    char topic[TOPIC_SIZE];

    if (!robot->powered)
        return;
    topic_make(topic, message->device_id, message->kind);
    robot->heard_state = robot->heard_state || message->kind == TOPIC_STATE;
    talk_threaten(robot);
    enum status status =
        peer_receive(robot->peer, span_text(topic), message->payload, robot_now(robot));
    if (talk_lost_power(robot))
        return;
    check_origin(robot, message, status);
    if (peer_phase(robot->peer) == PEER_READY && robot->ready_ms == 0)
        robot->ready_ms = robot->world->timeline->now_ms;
    peer_tick(robot->peer, robot_now(robot));
}

/* The link's thread: calls when the peer wants to be called, and at least every so often. */
static void tick(void *context, uint64_t life)
{
    struct robot *robot = context;
    struct timeline *timeline = robot->world->timeline;

    if (robot->life != life || !robot->powered)
        return;
    prove(robot);
    if (robot->life != life)
        return;
    const int64_t next_ms = peer_tick(robot->peer, robot_now(robot));
    int64_t pause_ms = next_ms - timeline->now_ms;
    if (pause_ms > MAX_STEP_MS)
        pause_ms = MAX_STEP_MS;
    timeline_after(timeline, pause_ms > 10 ? pause_ms : 10, tick, robot, life);
}

/* ---- power ---- */

static void open_journal(struct robot *robot)
{
    const struct journal_options options = {
        .path = robot->journal_path,
        .device_id = robot->device_id,
        .max_bytes = robot->world->profile->journal_bytes,
        .safety = JOURNAL_SURVIVES_POWER_LOSS,
        .now_ms = robot_now(robot).wall_ms,
    };
    enum status status = journal_open(&robot->journal, &options);

    if (status != STATUS_OK) {
        robot->journal = NULL;
        if (status != STATUS_FULL)
            findings_add(robot->world->findings, "I1: robot %u cannot open its journal again: %s",
                         robot->number, status_text(status));
    }
}

static void make_peer(struct robot *robot)
{
    static const char *const capabilities[] = {"voice", "face"};
    const struct peer_options options = {
        .pair = &robot->pair,
        .journal = robot->journal,
        .scratch = robot->world->scratch,
        .host = {robot, publish, reconnect, configure, running, settings, command, health, keep},
        .software = "0.1.0",
        .hardware = "simulated",
        .capabilities = capabilities,
        .capability_count = 2,
        .epoch_seen = robot->remember.epoch > 1 ? robot->remember.epoch : 1,
        .receipt = span_of(robot->remember.receipt, robot->remember.receipt_size),
        .report_interval_s = REPORT_INTERVAL_S,
        .seed = dice_next(&robot->world->timeline->dice),
    };

    if (peer_create(&robot->peer, &options) != STATUS_OK)
        give_up(robot, "out of memory");
}

static void start_again(void *context, uint64_t life);

static void open_settings(struct robot *robot)
{
    const struct settings_options options = {.path = robot->config_path, .regions = ""};

    if (settings_open(&robot->settings, &options) != STATUS_OK)
        findings_add(robot->world->findings, "I4: robot %u lost the configuration that it ran",
                     robot->number);
    robot->trial = (struct trial){0};
    look(robot);
}

/* A robot whose disk has no room for its orphans cannot start, and tries again. */
static void start(struct robot *robot)
{
    struct timeline *timeline = robot->world->timeline;

    if (remember_load(&robot->remember, robot->remember_path) != STATUS_OK)
        findings_add(robot->world->findings, "robot %u lost count of its sessions", robot->number);
    open_journal(robot);
    if (!robot->journal) {
        timeline_after(timeline, 5000, start_again, robot, robot->life);
        return;
    }
    open_settings(robot);
    robot->powered = true;
    robot->talking = 0;
    robot->reserved = 0;
    robot->floor = 0;
    robot->ready_ms = 0;
    backoff_init(&robot->backoff, RECONNECT_FIRST_MS, RECONNECT_MAX_MS, 100);
    make_peer(robot);
    timeline_after(timeline, timeline_between(timeline, 0, 3000), dial, robot, robot->life);
    timeline_after(timeline, 1000, tick, robot, robot->life);
    talk_start(robot);
}

static void stop(struct robot *robot, enum robot_end how)
{
    network_drop(robot->world->network, &robot->client);
    robot->powered = false;
    robot->life++;
    peer_free(robot->peer);
    robot->peer = NULL;
    journal_close(robot->journal);
    robot->journal = NULL;
    settings_close(robot->settings);
    robot->settings = NULL;
    disk_revive();
    if (how == ROBOT_POWER_LOST) {
        disk_cut(robot->config_path, &robot->world->timeline->dice);
        disk_cut(robot->trial_path, &robot->world->timeline->dice);
        disk_cut(robot->journal_path, &robot->world->timeline->dice);
        disk_cut(robot->remember_path, &robot->world->timeline->dice);
    }
}

static void start_again(void *context, uint64_t life)
{
    struct robot *robot = context;

    if (robot->life == life && !robot->powered)
        start(robot);
}

void robot_end(struct robot *robot, enum robot_end how)
{
    struct timeline *timeline = robot->world->timeline;

    if (!robot->powered)
        return;
    stop(robot, how);
    timeline_after(timeline, timeline_between(timeline, 500, 30000), start_again, robot,
                   robot->life);
}

void robot_restart_now(struct robot *robot)
{
    if (!robot->powered)
        return;
    stop(robot, ROBOT_POWER_LOST);
    start(robot);
}

void robot_step_clock(struct robot *robot, int64_t step_ms)
{
    robot->skew_ms += step_ms;
}

/* ---- life ---- */

static void make_folder(struct robot *robot)
{
    snprintf(robot->folder, sizeof robot->folder, "%s/%u", robot->world->folder, robot->number);
    snprintf(robot->journal_path, sizeof robot->journal_path, "%s/journal", robot->folder);
    snprintf(robot->remember_path, sizeof robot->remember_path, "%s/remember", robot->folder);
    snprintf(robot->config_path, sizeof robot->config_path, "%s/config", robot->folder);
    snprintf(robot->trial_path, sizeof robot->trial_path, "%s.trial", robot->config_path);
    robot->may_run[0] = true;
    if (mkdir(robot->folder, 0700) < 0)
        give_up(robot, "cannot make its folder");
}

static void plug_in(struct robot *robot)
{
    robot->client = (struct network_client){
        .device_id = robot->device_id,
        .context = robot,
        .on_up = on_up,
        .on_lost = on_lost,
        .on_message = on_message,
    };
    network_add_client(robot->world->network, &robot->client);
    robot->life = 1;
    robot->skew_ms = timeline_between(robot->world->timeline, -7200000, 7200000);
    start(robot);
}

void robot_init(struct robot *robot, struct robot_world *world, unsigned number,
                const char *device_id)
{
    *robot = (struct robot){.world = world, .number = number};
    snprintf(robot->device_id, sizeof robot->device_id, "%s", device_id);
    snprintf(robot->pair.device_id, sizeof robot->pair.device_id, "%s", device_id);
    crypto_random(robot->pair.device_public, sizeof robot->pair.device_public);
    crypto_random(robot->pair.server_public, sizeof robot->pair.server_public);
    crypto_random(robot->pair.secret, sizeof robot->pair.secret);
    make_folder(robot);
    plug_in(robot);
}

void robot_init_copy(struct robot *robot, const struct robot *original, unsigned number)
{
    *robot = (struct robot){
        .world = original->world,
        .number = number,
        .pair = original->pair,
    };
    memcpy(robot->may_run, original->may_run, sizeof robot->may_run);
    snprintf(robot->device_id, sizeof robot->device_id, "%s", original->device_id);
    make_folder(robot);
    disk_copy(original->journal_path, robot->journal_path);
    disk_copy(original->remember_path, robot->remember_path);
    disk_copy(original->config_path, robot->config_path);
    disk_copy(original->trial_path, robot->trial_path);
    plug_in(robot);
}

static void copy_path(const struct robot *robot, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s.copy", robot->folder, name);
}

void robot_back_up_disk(struct robot *robot)
{
    char path[128];

    copy_path(robot, "journal", path);
    disk_copy(robot->journal_path, path);
    copy_path(robot, "remember", path);
    disk_copy(robot->remember_path, path);
    copy_path(robot, "config", path);
    disk_copy(robot->config_path, path);
    copy_path(robot, "config.trial", path);
    disk_copy(robot->trial_path, path);
    robot->backed_up_ms = robot->world->timeline->now_ms;
}

void robot_roll_back_disk(struct robot *robot)
{
    char path[128];

    if (robot->powered)
        stop(robot, ROBOT_KILLED);
    copy_path(robot, "journal", path);
    disk_copy(path, robot->journal_path);
    copy_path(robot, "remember", path);
    disk_copy(path, robot->remember_path);
    copy_path(robot, "config", path);
    disk_copy(path, robot->config_path);
    copy_path(robot, "config.trial", path);
    disk_copy(path, robot->trial_path);
    robot->life++;
    start(robot);
}

void robot_release(struct robot *robot)
{
    static const char *const names[] = {
        "journal",          "journal.new",  "journal.before",   "journal.copy",
        "journal.spare",    "remember",     "remember.new",     "remember.before",
        "remember.copy",    "config",       "config.new",       "config.before",
        "config.copy",      "config.trial", "config.trial.new", "config.trial.before",
        "config.trial.copy"};
    char path[128];

    peer_free(robot->peer);
    journal_close(robot->journal);
    settings_close(robot->settings);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", robot->folder, names[i]);
        unlink(path);
    }
    rmdir(robot->folder);
}
