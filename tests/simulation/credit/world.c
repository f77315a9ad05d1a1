#include "tests/simulation/credit/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/simulation/credit/trouble.h"

#define QUIET_EVENTS 6000 /* after which what has not settled never will */
#define QUIET_CHECK  20

int64_t world_wall_ms(const struct world *world)
{
    return WORLD_EPOCH_MS + world->now_ms;
}

void world_after(struct world *world, int64_t delay_ms, enum world_event kind, unsigned who,
                 unsigned life, unsigned argument)
{
    const struct calendar_event event = {
        .at_ms = world->now_ms + delay_ms,
        .kind = kind,
        .who = who,
        .life = life,
        .argument = argument,
    };

    calendar_put(&world->calendar, &event);
}

bool world_chance(struct world *world, unsigned per_mille)
{
    return per_mille > 0 && !world->quiet && dice_below(&world->dice, 1000) < per_mille;
}

int64_t world_between(struct world *world, int64_t low, int64_t high)
{
    return low + (int64_t)dice_below(&world->dice, (uint64_t)(high - low + 1));
}

void world_say(struct world *world, const char *format, ...)
{
    va_list arguments;

    if (!world->trace)
        return;
    va_start(arguments, format);
    fprintf(world->trace, "%8lld ", (long long)world->now_ms);
    vfprintf(world->trace, format, arguments);
    fputc('\n', world->trace);
    va_end(arguments);
}

/* ---- events ---- */

static void deliver(struct world *world, unsigned slot)
{
    const struct mail_message *message = &world->mail.slots[slot];
    struct robot *robot = &world->robots[message->head.robot];
    wire_State *state = &world->incoming.state;

    if (message->head.connection == robot->connection && !robot->parted) {
        if (message_decode(MESSAGE_STATE, span_of(message->bytes, message->size), state) !=
            STATUS_OK)
            findings_add(&world->findings, "a state for robot %u cannot be read", robot->number);
        else
            robot_hear(world, robot, state);
    }
    mail_free(world, slot);
}

/* The robot that acts, NULL when another does. */
static struct robot *actor(struct world *world, const struct calendar_event *event)
{
    switch ((enum world_event)event->kind) {
    case WORLD_DIAL:
    case WORLD_TICK:
    case WORLD_TALK:
    case WORLD_ANSWER:
    case WORLD_START:
        return &world->robots[event->who];
    case WORLD_DOWN:
        return &world->robots[world->mail.slots[event->who].head.robot];
    default:
        return NULL;
    }
}

static void act(struct world *world, const struct calendar_event *event, struct robot *robot)
{
    switch ((enum world_event)event->kind) {
    case WORLD_DIAL:
        robot_dial(world, robot);
        break;
    case WORLD_TICK:
        if (event->argument == robot->connection)
            robot_tick(world, robot);
        break;
    case WORLD_TALK:
        robot_talk(world, robot);
        break;
    case WORLD_ANSWER:
        robot_answer(world, robot, event->argument);
        break;
    case WORLD_START:
        robot_start(world, robot);
        break;
    case WORLD_UP:
        server_arrive(world, event->who);
        break;
    case WORLD_DOWN:
        deliver(world, event->who);
        break;
    case WORLD_COMMIT:
        if (event->life == world->servers[event->who].life)
            server_commit(world, event->who);
        break;
    case WORLD_JOBS:
        server_jobs(world);
        break;
    case WORLD_TROUBLE:
        trouble_strike(world, event->argument);
        break;
    case WORLD_HEAL:
        trouble_heal(world, event->who, event->argument);
        break;
    case WORLD_EVENTS:
        break;
    }
}

static bool step(struct world *world)
{
    static const char *const names[WORLD_EVENTS] = {
        "dial", "tick",   "talk", "answer",  "start", "up",
        "down", "commit", "jobs", "trouble", "heal",
    };
    struct calendar_event event;

    if (!calendar_take(&world->calendar, &event))
        return false;
    world->now_ms = event.at_ms;
    world->events++;
    world->digest = (world->digest ^ event.kind ^ (uint64_t)event.at_ms << 8) * 0x100000001b3u;
    struct robot *robot = actor(world, &event);
    if (robot && event.kind != WORLD_DOWN && event.life != robot->life)
        return true;
    world_say(world, "%s %u", names[event.kind], event.who);
    act(world, &event, robot);
    judge_step(world, robot);
    return true;
}

/* ---- a run ---- */

static void open_world(struct world *world, uint64_t seed, FILE *trace, struct coverage *coverage)
{
    world->seed = seed;
    world->now_ms = 0;
    world->quiet = false;
    world->calendar.count = 0;
    world->calendar.order = 0;
    dice_init(&world->dice, seed, span_text("credit"));
    world->coverage = coverage;
    world->findings.count = 0;
    world->trace = trace;
    world->events = world->digest = 0;
    memset(&world->market, 0, sizeof world->market);
    memset(world->servers, 0, sizeof world->servers);
    for (size_t i = 0; i < MAIL_SLOTS; i++)
        world->mail.slots[i].used = false;
    storage_start(seed);
    plan_draw(&world->plan, &world->dice);
    judge_open(world);
    base_open(&world->base);
    market_open(world);
    world->robot_count = world->plan.devices;
    for (unsigned i = 0; i < world->plan.devices; i++)
        robot_init(world, i, i);
    world_after(world, 1000, WORLD_JOBS, 0, 0, 0);
    trouble_plan(world);
}

static void settle(struct world *world)
{
    const char *why = "";

    trouble_end(world);
    for (unsigned i = 0; i < QUIET_EVENTS && world->findings.count == 0; i++) {
        if (i % QUIET_CHECK == 0 && judge_is_settled(world, &why))
            break;
        if (!step(world))
            break;
    }
    if (world->findings.count == 0)
        judge_end(world);
}

void world_run(struct world *world, uint64_t seed, unsigned events, FILE *trace,
               struct coverage *coverage)
{
    open_world(world, seed, trace, coverage);
    for (unsigned i = 0; i < events && world->findings.count == 0 && step(world); i++)
        ;
    if (world->findings.count == 0)
        settle(world);
    coverage->seeds++;
    coverage->events += world->events;
    for (size_t i = 0; i < world->robot_count; i++)
        robot_release(&world->robots[i]);
}
