#include "tests/simulation/credit/trouble.h"

#include <stddef.h>

#include "tests/simulation/credit/world.h"

#define STEP_MS  86400000
#define MOST_CUT 40000

enum heal { HEAL_LINE, HEAL_DISK };

static struct robot *any_robot(struct world *world)
{
    return &world->robots[world_between(world, 0, (int64_t)world->robot_count - 1)];
}

static void count(struct world *world, enum coverage_fault fault, const struct robot *robot)
{
    coverage_count(world->coverage, fault, robot_states(robot));
}

static void count_all(struct world *world, enum coverage_fault fault)
{
    for (size_t i = 0; i < world->robot_count; i++)
        count(world, fault, &world->robots[i]);
}

static void heal_later(struct world *world, const struct robot *robot, enum heal what)
{
    world_after(world, world_between(world, 2000, MOST_CUT), WORLD_HEAL, robot->number, 0, what);
}

static void part(struct world *world)
{
    struct robot *robot = any_robot(world);

    count(world, COVERAGE_PARTITION, robot);
    robot->parted = true;
    if (world_between(world, 0, 1))
        robot_drop_link(world, robot);
    heal_later(world, robot, HEAL_LINE);
}

static void kill_robot(struct world *world)
{
    struct robot *robot = any_robot(world);

    count(world, COVERAGE_KILLED, robot);
    robot_end(world, robot, world_between(world, 0, 1) ? ROBOT_KILLED : ROBOT_POWER_LOST);
}

static void fill_disk(struct world *world)
{
    struct robot *robot = any_robot(world);

    count(world, COVERAGE_DISK_FULL, robot);
    robot->full = true;
    heal_later(world, robot, HEAL_DISK);
}

static void step_clock(struct world *world)
{
    struct robot *robot = any_robot(world);
    const int64_t most_ms = world_between(world, 0, 2) ? world->plan.period_ms : STEP_MS;

    count(world, COVERAGE_CLOCK, robot);
    robot->skew_ms += world_between(world, -most_ms, most_ms);
    world_say(world, "  robot %u: clock stepped", robot->number);
}

static void clone(struct world *world)
{
    const struct robot *robot = any_robot(world);

    if (world->robot_count == WORLD_ROBOTS || !robot->journal)
        return;
    count(world, COVERAGE_CLONED, robot);
    world_say(world, "  robot %u cloned as %zu", robot->number, world->robot_count);
    robot_init_clone(world, (unsigned)world->robot_count, robot);
    world->robot_count++;
}

/* First a copy is made, some time later it comes back. */
static void set_back(struct world *world)
{
    struct robot *robot = any_robot(world);

    if (!robot->journal || robot->retired)
        return;
    if (!robot->has_saved) {
        robot_save_disk(robot);
        return;
    }
    count(world, COVERAGE_SET_BACK, robot);
    world_say(world, "  robot %u set back", robot->number);
    robot_set_back(world, robot);
}

static void kill_server(struct world *world)
{
    server_kill(world, (unsigned)world_between(world, 0, (int64_t)world->plan.servers - 1));
}

static void restore(struct world *world)
{
    if (world->base.has_backup)
        server_restore(world);
    else
        server_back_up(world);
}

static void change_cap(struct world *world)
{
    if (world_between(world, 0, 1)) {
        count_all(world, COVERAGE_CAP_LOWERED);
        market_lower_cap(world);
    } else {
        count_all(world, COVERAGE_CAP_RAISED);
        market_raise_cap(world);
    }
    server_change_caps(world);
}

static void add_budget(struct world *world)
{
    count_all(world, COVERAGE_BUDGET_ADDED);
    market_add_budget(world);
    server_change_caps(world);
}

static void replace_line(struct world *world)
{
    count_all(world, COVERAGE_LINE_REPLACED);
    market_replace_line(world);
}

static void end_period(struct world *world)
{
    count_all(world, COVERAGE_PERIOD_ENDED);
    world_say(world, "a period ends");
}

static const struct {
    size_t mean_ms; /* where the plan has it */
    bool is_exact;
    void (*strike)(struct world *world);
} kinds[] = {
    {offsetof(struct plan, partition_ms), false, part},
    {offsetof(struct plan, kill_ms), false, kill_robot},
    {offsetof(struct plan, full_ms), false, fill_disk},
    {offsetof(struct plan, clock_ms), false, step_clock},
    {offsetof(struct plan, clone_ms), false, clone},
    {offsetof(struct plan, set_back_ms), false, set_back},
    {offsetof(struct plan, server_kill_ms), false, kill_server},
    {offsetof(struct plan, restore_ms), false, restore},
    {offsetof(struct plan, cap_ms), false, change_cap},
    {offsetof(struct plan, budget_ms), false, add_budget},
    {offsetof(struct plan, line_ms), false, replace_line},
    {offsetof(struct plan, period_ms), true, end_period},
};

static void plan_next(struct world *world, unsigned kind)
{
    const int64_t mean_ms =
        *(const int64_t *)(const void *)((const char *)&world->plan + kinds[kind].mean_ms);

    if (mean_ms > 0)
        world_after(world, kinds[kind].is_exact ? mean_ms : world_between(world, 1, 2 * mean_ms),
                    WORLD_TROUBLE, 0, 0, kind);
}

void trouble_plan(struct world *world)
{
    for (unsigned kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        plan_next(world, kind);
}

void trouble_strike(struct world *world, unsigned kind)
{
    if (world->quiet)
        return;
    kinds[kind].strike(world);
    plan_next(world, kind);
}

void trouble_heal(struct world *world, unsigned robot, unsigned what)
{
    if (what == HEAL_LINE)
        world->robots[robot].parted = false;
    else
        world->robots[robot].full = false;
}

/* Of robots with one identity only the first stays: they would end each other's connections. */
void trouble_end(struct world *world)
{
    world->quiet = true;
    for (size_t i = 0; i < world->robot_count; i++) {
        struct robot *robot = &world->robots[i];

        robot->parted = robot->full = false;
        if (robot->number >= world->plan.devices) {
            robot_end(world, robot, ROBOT_KILLED);
            robot->retired = true;
        }
    }
}
