#include "tests/robots/robot.h"

#include <unistd.h>

#include "agent/identity.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "tests/robots/connection.h"
#include "tests/robots/shelf.h"
#include "tests/robots/tryout.h"

#define HARDWARE          "simulated robot"
#define RESTART_AFTER_MS  1000 /* so that the answer to the command still goes out */
#define MAX_JOURNAL_BYTES (1 << 20)
#define PATH_ROOM         1024

struct robot {
    struct robot_world *world;
    char folder[PATH_ROOM];
    char device_id[LIMIT_SLUG + 1];
    char root_path[PATH_ROOM], cert_path[PATH_ROOM], key_path[PATH_ROOM];
    char *first_broker; /* as enrolled; the configuration may name others */
    struct box_pair pair;
    struct dice dice;
    int64_t skew_ms;
    int64_t started_ms;
    struct notebook *notebook;
    struct journal *journal;
    struct peer *peer;
    struct talk *talk;
    struct plan *plan;
    uint64_t generation; /* of plan; 0: the default one */
    struct tryout *tryout;
    uint8_t *held; /* content of the configuration that is tried; NULL: none is */
    size_t held_size;
    struct plan *held_plan;
    uint64_t held_generation; /* the newest seen */
    struct config_file config;
    struct shelf_job keeping;
    struct plan *kept_plan; /* that is on its way to the disk; NULL: none is */

    struct connection *connection;
    size_t broker_next;
    struct loop_timer tick, restart;

    bool configured; /* the peer is still to be told what the configuration says of it */
    uint8_t probe_id[16];
};

static struct peer_time now_of(const struct robot *robot)
{
    return (struct peer_time){.mono_ms = clock_mono_ms(),
                              .wall_ms = clock_wall_ms() + robot->skew_ms};
}

static void at(struct robot *robot, struct loop_timer *timer, int64_t at_ms)
{
    if (loop_at(robot->world->loop, timer, at_ms) != STATUS_OK)
        log_error("robots", "out of memory: robot \"%s\" misses a step", robot->device_id);
}

static void tick_soon(struct robot *robot)
{
    at(robot, &robot->tick, clock_mono_ms());
}

static bool path_in(const struct robot *robot, const char *name, char out[PATH_ROOM])
{
    return snprintf(out, PATH_ROOM, "%s/%s", robot->folder, name) < PATH_ROOM;
}

/* Configuration. */

static void run_plan(struct robot *robot, struct plan *plan, uint64_t generation)
{
    plans_release(robot->world->plans, robot->plan);
    robot->plan = plan;
    robot->generation = generation;
    if (robot->talk != NULL)
        talk_set_plan(robot->talk, plan, generation);
    robot->configured = true;
}

/* Without a stored configuration, or with a damaged one, the server sends it again. */
static void load_config(struct robot *robot)
{
    uint8_t *data = NULL;
    struct span content;
    uint64_t generation;
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct plan *plan = NULL;

    robot->plan = plans_default(robot->world->plans);
    robot->generation = 0;
    if (config_file_load(&robot->config, robot->folder, &generation, &data, &content) != STATUS_OK)
        return;
    crypto_sha256(&content, 1, hash);
    if (plans_take(robot->world->plans, content, hash, &plan) == STATUS_OK)
        run_plan(robot, plan, generation);
    crypto_wipe(data, content.size);
    free(data);
}

/* With the one key that it enrolled for there is nothing to look up, which a fleet's worth of
 * robots would feel. */
static void take_server_keys(struct robot *robot)
{
    const struct plan *plan = robot->plan;

    if (plan->sealing_key_count == 0 ||
        (plan->sealing_key_count == 1 &&
         memcmp(plan->sealing_keys[0].public_key, robot->pair.server_public, PKI_X25519_SIZE) == 0))
        return;
    struct identity *identity = calloc(1, sizeof *identity);
    struct box_pair pairs[IDENTITY_PAIRS];
    char problem[256];
    size_t count = 0;

    if (identity != NULL && identity_load(identity, robot->folder, problem) == STATUS_OK)
        count = identity_pairs(identity, plan->sealing_keys, plan->sealing_key_count, pairs);
    if (count > 0)
        peer_set_pairs(robot->peer, pairs, count);
    crypto_wipe(pairs, sizeof pairs);
    if (identity != NULL)
        identity_wipe(identity);
    free(identity);
}

/* What the peer must know of a new configuration: told outside its own calls. */
static void tell_peer(struct robot *robot)
{
    if (!robot->configured)
        return;
    robot->configured = false;
    peer_set_report_interval(robot->peer, robot->plan->report_interval_s);
    take_server_keys(robot);
}

static void on_kept(void *context, enum status status)
{
    struct robot *robot = context;
    struct plan *plan = robot->kept_plan;

    if (status != STATUS_OK)
        log_warning("robots", "robot \"%s\" cannot keep its configuration on disk: %s",
                    robot->device_id, status_text(status));
    robot->kept_plan = NULL;
    run_plan(robot, plan, robot->keeping.generation);
    peer_config_settled(robot->peer, now_of(robot));
    tell_peer(robot);
    tick_soon(robot);
}

/* The peer's host. */

static void publish(void *context, enum topic_kind kind, unsigned qos, struct span payload)
{
    connection_publish(((struct robot *)context)->connection, kind, qos, payload);
}

static void reconnect(void *context, uint64_t floor)
{
    connection_renew(((struct robot *)context)->connection, floor);
}

static void drop_held(struct robot *robot)
{
    if (robot->held == NULL)
        return;
    crypto_wipe(robot->held, robot->held_size);
    free(robot->held);
    plans_release(robot->world->plans, robot->held_plan);
    robot->held = NULL;
    robot->held_plan = NULL;
}

/* It runs, and the server hears of it, when the disk has it. plan is held once for the robot. */
static void keep(struct robot *robot, struct plan *plan, uint64_t generation, struct span content)
{
    if (robot->kept_plan == plan && robot->keeping.generation == generation) {
        plans_release(robot->world->plans, plan); /* sent again meanwhile */
        return;
    }
    shelf_cancel(robot->world->shelf, &robot->keeping);
    plans_release(robot->world->plans, robot->kept_plan);
    robot->kept_plan = plan;
    robot->keeping.generation = generation;
    if (shelf_keep(robot->world->shelf, &robot->keeping, content) == STATUS_OK)
        return;
    log_warning("robots", "out of memory: robot \"%s\" does not keep its configuration",
                robot->device_id);
    robot->kept_plan = NULL;
    run_plan(robot, plan, generation);
}

/* plan is held once for the robot. */
static void hold(struct robot *robot, struct plan *plan, uint64_t generation, struct span content)
{
    if (!tryout_offer(robot->tryout, plan, generation)) {
        plans_release(robot->world->plans, plan);
        return;
    }
    drop_held(robot);
    robot->held = malloc(content.size + 1);
    robot->held_size = content.size;
    robot->held_plan = plan;
    robot->held_generation = generation;
    if (robot->held != NULL) {
        memcpy(robot->held, content.data, content.size);
    } else {
        tryout_withdraw(robot->tryout);
        plans_release(robot->world->plans, plan);
        robot->held_plan = NULL;
    }
}

static void configure(void *context, uint64_t generation, struct span content,
                      const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct robot *robot = context;
    struct plan *plan = NULL;

    if (plans_take(robot->world->plans, content, hash, &plan) != STATUS_OK) {
        log_warning("robots", "robot \"%s\" got a configuration that it cannot read",
                    robot->device_id);
        return;
    }
    if (robot->kept_plan != NULL && generation < robot->keeping.generation) {
        plans_release(robot->world->plans, plan);
        return;
    }
    if (plan->is_tried) {
        hold(robot, plan, generation, content);
        return;
    }
    tryout_withdraw(robot->tryout);
    drop_held(robot);
    keep(robot, plan, generation, content);
}

static void running(void *context, struct peer_running *out)
{
    struct robot *robot = context;

    *out = (struct peer_running){.generation_held = robot->generation,
                                 .generation_running = robot->generation,
                                 .has_config = robot->generation > 0};
    out->has_trial = tryout_report(robot->tryout, &out->trial);
    if (out->trial.generation > out->generation_held)
        out->generation_held = out->trial.generation;
    memcpy(out->config_hash, robot->plan->hash, CRYPTO_HASH_SIZE);
    out->is_settling = robot->kept_plan != NULL;
    out->installed_count = robot->plan->installed_count;
    memcpy(out->installed, robot->plan->installed, sizeof robot->plan->installed);
    out->has_utc_offset = robot->world->has_utc_offset;
    out->utc_offset_min = robot->world->utc_offset_min;
}

static size_t settings(void *context, wire_SettingStatus *out)
{
    const struct plan *plan = ((struct robot *)context)->plan;

    memcpy(out, plan->settings, plan->setting_count * sizeof *out);
    return plan->setting_count;
}

static void health(void *context, wire_Health *out)
{
    struct robot *robot = context;
    const struct talk_counts *counts = talk_counts(robot->talk);

    *out = robot->world->health;
    out->uptime_s = (uint32_t)((clock_mono_ms() - robot->started_ms) / 1000);
    talk_tell_circuits(robot->talk, out);
    out->turns = (uint32_t)counts->turns;
    out->failed_turns = (uint32_t)counts->failed;
    out->journal_pending = (uint32_t)journal_pending(robot->journal);

    struct selfcheck_facts facts = {.now_ms = clock_mono_ms(),
                                    .has_network = true,
                                    .is_connected = true,
                                    .disk_free_mib = out->disk_free_mib};
    talk_tell_turn(robot->talk, &facts);
    out->trouble = (uint32_t)selfcheck(&facts);
}

static void remember(void *context, uint32_t epoch, struct span receipt)
{
    struct robot *robot = context;
    struct notebook_facts *facts = notebook_facts(robot->notebook);

    facts->epoch = epoch;
    facts->receipt_size = (uint32_t)receipt.size;
    memcpy(facts->receipt, receipt.data, receipt.size);
    if (notebook_write(robot->notebook) != STATUS_OK)
        log_warning("robots", "robot \"%s\" cannot keep its receipt", robot->device_id);
}

/* Commands. */

static void on_done_at_once(struct robot *robot, const wire_Command *command,
                            struct peer_answer *answer)
{
    (void)robot;
    (void)command;
    answer->status = wire_CommandStatus_COMMAND_DONE;
}

static void refuse(struct peer_answer *answer, wire_CommandStatus status, const char *reason)
{
    answer->status = status;
    snprintf(answer->reason, sizeof answer->reason, "%s", reason);
}

static void on_picture(struct robot *robot, const wire_Command *command, struct peer_answer *answer)
{
    (void)robot;
    (void)command;
    refuse(answer, wire_CommandStatus_COMMAND_REFUSED, "a simulated robot has no face");
}

static void on_asking(struct robot *robot, const wire_Command *command, struct peer_answer *answer)
{
    (void)robot;
    (void)command;
    refuse(answer, wire_CommandStatus_COMMAND_REFUSED, "a simulated robot has no owner to agree");
}

static void on_restart(struct robot *robot, const wire_Command *command, struct peer_answer *answer)
{
    struct notebook_facts *facts = notebook_facts(robot->notebook);

    facts->restart_expires_ms = command->expires_ms;
    memcpy(facts->restart_id, command->id, sizeof facts->restart_id);
    if (notebook_write(robot->notebook) != STATUS_OK) {
        refuse(answer, wire_CommandStatus_COMMAND_FAILED, status_text(STATUS_IO));
        return;
    }
    answer->status = wire_CommandStatus_COMMAND_DONE;
    at(robot, &robot->restart, clock_mono_ms() + RESTART_AFTER_MS);
}

static void on_probed(void *context, const char *reason)
{
    struct robot *robot = context;
    struct peer_answer answer = {.status = wire_CommandStatus_COMMAND_DONE};

    if (reason[0] != '\0')
        refuse(&answer, wire_CommandStatus_COMMAND_FAILED, reason);
    peer_finish_command(robot->peer, robot->probe_id, &answer, span_of(NULL, 0), now_of(robot));
}

static void on_probe(struct robot *robot, const wire_Command *command, struct peer_answer *answer)
{
    answer->status = wire_CommandStatus_COMMAND_NONE;
    memcpy(robot->probe_id, command->id, sizeof robot->probe_id);
    enum status status = talk_probe(robot->talk, command->text, on_probed);
    if (status == STATUS_OK)
        return;
    refuse(answer, wire_CommandStatus_COMMAND_REFUSED,
           status == STATUS_NOT_FOUND ? "this robot has no such route"
           : status == STATUS_DENIED  ? "this robot's limit_mode allows no vendor"
                                      : "the robot is busy talking");
}

static void on_forget(struct robot *robot, const wire_Command *command, struct peer_answer *answer)
{
    (void)command;
    talk_forget(robot->talk);
    answer->status = wire_CommandStatus_COMMAND_DONE;
}

static void command(void *context, const wire_Command *command, struct peer_answer *answer)
{
    static const struct {
        wire_CommandKind kind;
        void (*carry_out)(struct robot *robot, const wire_Command *command,
                          struct peer_answer *answer);
    } commands[] = {
        {wire_CommandKind_IDENTIFY, on_done_at_once}, {wire_CommandKind_SAY, on_done_at_once},
        {wire_CommandKind_RESTART, on_restart},       {wire_CommandKind_PROBE_ROUTE, on_probe},
        {wire_CommandKind_PICTURE, on_picture},       {wire_CommandKind_FORGET, on_forget},
        {wire_CommandKind_BUNDLE, on_asking},         {wire_CommandKind_TRANSFER, on_asking},
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (commands[i].kind == command->kind) {
            commands[i].carry_out(context, command, answer);
            return;
        }
    }
    refuse(answer, wire_CommandStatus_COMMAND_REFUSED, "this software does not know the command");
}

/* Connection. */

static void on_tick(void *context)
{
    struct robot *robot = context;
    int64_t next_ms = peer_tick(robot->peer, now_of(robot));

    if (next_ms != INT64_MAX)
        at(robot, &robot->tick, next_ms);
}

static void on_attempt_closed(void *context)
{
    struct robot *robot = context;

    if (robot->connection != NULL && connection_is_up(robot->connection))
        tick_soon(robot);
}

static bool is_online(void *context)
{
    const struct robot *robot = context;

    return robot->connection != NULL && connection_is_up(robot->connection) &&
           peer_phase(robot->peer) == PEER_READY;
}

static void on_up(void *context, const wire_Session *session)
{
    struct robot *robot = context;

    robot->world->connects++;
    peer_connected(robot->peer, session, now_of(robot));
    tick_soon(robot);
}

static void on_message(void *context, struct span topic, struct span payload)
{
    struct robot *robot = context;
    enum status status = peer_receive(robot->peer, topic, payload, now_of(robot));

    robot->world->received++;
    if (status != STATUS_OK) {
        robot->world->rejected++;
        log_debug("robots", "robot \"%s\" took no notice of a message: %s", robot->device_id,
                  status_text(status));
    }
    tell_peer(robot);
    tick_soon(robot);
}

static void on_down(void *context)
{
    struct robot *robot = context;

    robot->world->lost++;
    peer_disconnected(robot->peer);
}

static const char *next_broker(void *context)
{
    struct robot *robot = context;
    size_t count = robot->plan->broker_count;

    return count == 0 ? robot->first_broker : robot->plan->brokers[robot->broker_next++ % count];
}

static enum status connect_at(struct robot *robot, int64_t at_ms)
{
    struct connection_options options = {
        .loop = robot->world->loop,
        .notebook = robot->notebook,
        .device_id = robot->device_id,
        .root_path = robot->root_path,
        .cert_path = robot->cert_path,
        .key_path = robot->key_path,
        .cuts_per_hour = robot->world->disconnects,
        .context = robot,
        .next_broker = next_broker,
        .on_up = on_up,
        .on_message = on_message,
        .on_down = on_down,
    };

    dice_init(&options.dice, dice_next(&robot->dice), span_text("connection"));
    return connection_open(&robot->connection, &options, at_ms);
}

/* Life. */

static enum status load_identity(struct robot *robot, char problem[256])
{
    struct identity *identity = calloc(1, sizeof *identity);
    enum status status;

    if (identity == NULL)
        return STATUS_MEMORY;
    status = identity_load(identity, robot->folder, problem);
    if (status == STATUS_OK)
        status = identity_pair(identity, identity->server_key.public_key, &robot->pair);
    if (status == STATUS_OK) {
        memcpy(robot->device_id, identity->device_id, sizeof robot->device_id);
        robot->first_broker = strdup(identity->brokers[0]);
        if (robot->first_broker == NULL)
            status = STATUS_MEMORY;
    }
    identity_wipe(identity);
    free(identity);
    if (status == STATUS_OK && (!path_in(robot, "root.pem", robot->root_path) ||
                                !path_in(robot, "device.pem", robot->cert_path) ||
                                !path_in(robot, "device.key", robot->key_path)))
        status = STATUS_INVALID;
    return status;
}

static enum status open_notebook(struct robot *robot)
{
    char path[PATH_ROOM];

    return path_in(robot, "notebook", path) ? notebook_open(&robot->notebook, path)
                                            : STATUS_INVALID;
}

static enum status open_journal(struct robot *robot)
{
    char path[PATH_ROOM];

    if (!path_in(robot, "journal", path))
        return STATUS_INVALID;
    const struct journal_options options = {
        .path = path,
        .device_id = robot->device_id,
        .max_bytes = MAX_JOURNAL_BYTES,
        .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
        .now_ms = clock_wall_ms() + robot->skew_ms,
    };
    return journal_open(&robot->journal, &options);
}

static enum status create_peer(struct robot *robot)
{
    static const char *const capabilities[] = {"simulated", "trial", "software"};
    const struct notebook_facts *facts = notebook_facts(robot->notebook);
    const struct peer_options options = {
        .pair = &robot->pair,
        .journal = robot->journal,
        .scratch = robot->world->scratch,
        .host = {robot, publish, reconnect, configure, running, settings, command, health,
                 remember},
        .software = "myna-robots " MYNA_VERSION,
        .hardware = HARDWARE,
        .capabilities = capabilities,
        .capability_count = sizeof capabilities / sizeof *capabilities,
        .epoch_seen = facts->epoch,
        .receipt = span_of(facts->receipt, facts->receipt_size),
        .report_interval_s = robot->plan->report_interval_s,
        .seed = dice_next(&robot->dice),
    };
    enum status status = peer_create(&robot->peer, &options);

    if (status == STATUS_OK && facts->restart_expires_ms > 0)
        peer_remember_command(robot->peer, facts->restart_id, facts->restart_expires_ms,
                              wire_CommandStatus_COMMAND_DONE);
    return status;
}

static enum status create_talk(struct robot *robot)
{
    const struct robot_world *world = robot->world;
    struct talk_options options = {
        .loop = world->loop,
        .asker = world->asker,
        .plans = world->plans,
        .journal = robot->journal,
        .wall_skew_ms = robot->skew_ms,
        .turns_per_minute = world->turns_per_minute,
        .think_ms = world->think_ms,
        .interrupt_percent = world->interrupt_percent,
        .patience = world->patience,
        .patience_count = world->patience_count,
        .context = robot,
        .on_closed = on_attempt_closed,
        .is_online = is_online,
    };
    dice_init(&options.dice, dice_next(&robot->dice), span_text("talk"));
    enum status status = talk_create(&robot->talk, &options);

    if (status == STATUS_OK)
        talk_set_plan(robot->talk, robot->plan, robot->generation);
    return status;
}

/* What was tried is run, or dropped; the server hears which. */
static void on_settled(void *context, bool is_passed)
{
    struct robot *robot = context;

    if (is_passed && robot->held != NULL) {
        robot->held_plan->references++; /* keep() takes one over */
        keep(robot, robot->held_plan, robot->held_generation,
             span_of(robot->held, robot->held_size));
    }
    drop_held(robot);
    if (robot->kept_plan == NULL) {
        peer_config_settled(robot->peer, now_of(robot));
        tell_peer(robot);
    }
    tick_soon(robot);
}

static enum status create_tryout(struct robot *robot)
{
    struct tryout_options options = {
        .loop = robot->world->loop,
        .asker = robot->world->asker,
        .plans = robot->world->plans,
        .journal = robot->journal,
        .wall_skew_ms = robot->skew_ms,
        .context = robot,
        .on_closed = on_attempt_closed,
        .is_online = is_online,
        .on_settled = on_settled,
    };

    dice_init(&options.dice, dice_next(&robot->dice), span_text("tryout"));
    return tryout_create(&robot->tryout, &options);
}

/* Everything between the files and the running robot: done at the start and again by a restart. */
static enum status wake_up(struct robot *robot, int64_t connect_ms)
{
    enum status status = open_notebook(robot);

    robot->started_ms = clock_mono_ms();
    if (status == STATUS_OK) {
        load_config(robot);
        status = open_journal(robot);
    }
    if (status == STATUS_OK)
        status = create_tryout(robot);
    if (status == STATUS_OK)
        status = create_peer(robot);
    if (status == STATUS_OK)
        status = create_talk(robot);
    if (status == STATUS_OK) {
        tell_peer(robot);
        status = connect_at(robot, connect_ms);
    }
    return status;
}

static void fall_asleep(struct robot *robot)
{
    connection_close(robot->connection);
    robot->connection = NULL;
    talk_free(robot->talk);
    tryout_free(robot->tryout);
    drop_held(robot);
    shelf_cancel(robot->world->shelf, &robot->keeping);
    plans_release(robot->world->plans, robot->kept_plan);
    robot->kept_plan = NULL;
    peer_free(robot->peer);
    journal_close(robot->journal);
    if (robot->plan != NULL)
        plans_release(robot->world->plans, robot->plan);
    notebook_close(robot->notebook);
    robot->talk = NULL;
    robot->tryout = NULL;
    robot->peer = NULL;
    robot->journal = NULL;
    robot->plan = NULL;
    robot->notebook = NULL;
    robot->configured = false;
    loop_cancel(robot->world->loop, &robot->tick);
}

static void on_restart_due(void *context)
{
    struct robot *robot = context;

    fall_asleep(robot);
    enum status status = wake_up(robot, clock_mono_ms());
    if (status == STATUS_OK)
        return;
    log_error("robots", "robot \"%s\" did not come back from a restart: %s", robot->device_id,
              status_text(status));
    fall_asleep(robot);
}

static void set_timers(struct robot *robot)
{
    robot->tick.on_due = on_tick;
    robot->restart.on_due = on_restart_due;
    robot->tick.context = robot->restart.context = robot->keeping.context = robot;
    robot->keeping.file = &robot->config;
    robot->keeping.on_kept = on_kept;
}

enum status robot_prepare(const char *folder, const char *device_id)
{
    char path[PATH_ROOM];
    const struct journal_options options = {
        .path = path,
        .device_id = device_id,
        .max_bytes = MAX_JOURNAL_BYTES,
        .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
        .now_ms = clock_wall_ms(),
    };
    struct journal *journal = NULL;

    if (snprintf(path, sizeof path, "%s/journal", folder) >= (int)sizeof path)
        return STATUS_INVALID;
    if (access(path, F_OK) == 0)
        return STATUS_OK;
    enum status status = journal_open(&journal, &options);
    if (status == STATUS_OK)
        journal_close(journal);
    return status;
}

enum status robot_create(struct robot **out, struct robot_world *world, const char *folder,
                         int64_t spread_ms, char problem[256])
{
    struct robot *robot = calloc(1, sizeof *robot);
    enum status status = STATUS_INVALID;

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (robot == NULL)
        return STATUS_MEMORY;
    robot->world = world;
    set_timers(robot);
    if (snprintf(robot->folder, sizeof robot->folder, "%s", folder) < (int)sizeof robot->folder)
        status = load_identity(robot, problem);
    if (status == STATUS_OK) {
        dice_init(&robot->dice, world->seed, span_text(robot->device_id));
        robot->skew_ms =
            (int64_t)dice_below(&robot->dice, (uint64_t)world->clock_skew_s * 2000 + 1) -
            world->clock_skew_s * 1000;
        status = wake_up(robot, clock_mono_ms() +
                                    (int64_t)dice_below(&robot->dice, (uint64_t)spread_ms + 1));
        if (status != STATUS_OK)
            snprintf(problem, 256, "robot \"%s\" cannot start: %s", robot->device_id,
                     status_text(status));
    }
    if (status != STATUS_OK) {
        robot_free(robot);
        return status;
    }
    *out = robot;
    return STATUS_OK;
}

void robot_hush(struct robot *robot)
{
    if (robot->talk != NULL)
        talk_hush(robot->talk);
}

void robot_free(struct robot *robot)
{
    if (robot == NULL)
        return;
    fall_asleep(robot);
    loop_cancel(robot->world->loop, &robot->restart);
    crypto_wipe(&robot->pair, sizeof robot->pair);
    free(robot->first_broker);
    free(robot);
}

static bool wants_credit(const struct robot *robot)
{
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count = 0;
    bool wants = false;

    journal_credit(robot->journal, uses, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < uses[i].amounts_count; j++)
            wants |= uses[i].amounts[j].wanted > 0;
    return wants;
}

void robot_facts(const struct robot *robot, struct robot_facts *out)
{
    *out = (struct robot_facts){.connected = false};
    if (robot->connection == NULL)
        return;
    out->connected = connection_is_up(robot->connection);
    out->greeted = out->connected && peer_phase(robot->peer) == PEER_READY;
    out->generation = robot->generation;
    out->pending = journal_pending(robot->journal);
    out->busy = talk_is_busy(robot->talk);
    out->wants_credit = wants_credit(robot);
    out->talk = *talk_counts(robot->talk);
}
