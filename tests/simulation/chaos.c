#include "tests/simulation/chaos.h"

#include <string.h>

#include "tests/simulation/attacker.h"
#include "tests/simulation/disk.h"

/* Something that happens again and again. */
struct trouble {
    struct fleet *fleet;
    int64_t mean_ms;
    void (*act)(struct fleet *fleet);
};

static void again(void *context, uint64_t unused);

static void plan(struct trouble *trouble)
{
    struct timeline *timeline = &trouble->fleet->timeline;

    timeline_after(timeline, timeline_between(timeline, 1, 2 * trouble->mean_ms), again, trouble,
                   0);
}

static void again(void *context, uint64_t unused)
{
    struct trouble *trouble = context;

    (void)unused;
    if (trouble->fleet->timeline.now_ms >= trouble->fleet->profile->chaos_ms)
        return;
    trouble->act(trouble->fleet);
    plan(trouble);
}

static void every(struct fleet *fleet, int64_t mean_ms, void (*act)(struct fleet *fleet))
{
    struct trouble *trouble = timeline_take(&fleet->timeline, sizeof *trouble);

    *trouble = (struct trouble){fleet, mean_ms, act};
    if (mean_ms > 0)
        plan(trouble);
}

static struct robot *any_robot(struct fleet *fleet)
{
    return &fleet->robots[dice_below(&fleet->timeline.dice, fleet->robot_count)];
}

/* ---- troubles ---- */

static void kill_robot(struct fleet *fleet)
{
    robot_end(any_robot(fleet), ROBOT_KILLED);
}

static void cut_power(struct fleet *fleet)
{
    robot_end(any_robot(fleet), ROBOT_POWER_LOST);
}

static void step_clock(struct fleet *fleet)
{
    robot_step_clock(any_robot(fleet), timeline_between(&fleet->timeline, -86400000, 86400000));
}

static void make_room(void *context, uint64_t unused)
{
    (void)context;
    (void)unused;
    disk_set_full(false);
}

static void fill_disks(struct fleet *fleet)
{
    disk_set_full(true);
    timeline_after(&fleet->timeline, timeline_between(&fleet->timeline, 500, 20000), make_room,
                   NULL, 0);
}

static void cut_line(struct fleet *fleet)
{
    network_cut(fleet->network, &any_robot(fleet)->client,
                timeline_between(&fleet->timeline, 500, 120000));
}

static void restart_broker(struct fleet *fleet)
{
    network_restart_broker(fleet->network, timeline_between(&fleet->timeline, 200, 20000));
}

static void kill_server(struct fleet *fleet)
{
    server_kill(fleet->servers[dice_below(&fleet->timeline.dice, NETWORK_SERVERS)]);
}

static void bring_database_back(void *context, uint64_t unused)
{
    (void)unused;
    database_set_away(context, false);
}

static void lose_database(struct fleet *fleet)
{
    if (database_is_away(fleet->database))
        return;
    database_set_away(fleet->database, true);
    timeline_after(&fleet->timeline, timeline_between(&fleet->timeline, 500, 30000),
                   bring_database_back, fleet->database, 0);
}

static void change_settings(struct fleet *fleet)
{
    const size_t place = dice_below(&fleet->timeline.dice, fleet->device_count);

    if (!database_is_away(fleet->database))
        database_change(fleet->database, fleet->device_ids[place],
                        (unsigned)timeline_between(&fleet->timeline, 0, 100));
}

/* A broker that lies about a robot's end: wills cannot be sealed. */
static void bury_alive(struct fleet *fleet)
{
    const struct robot *robot = any_robot(fleet);
    struct network_message will = {.kind = TOPIC_PRESENCE, .origin = NETWORK_FORGED};
    uint8_t *bytes = timeline_take(&fleet->timeline, PEER_PRESENCE_SIZE);

    if (!robot->client.connected ||
        peer_make_presence(&robot->session, bytes, &will.payload.size) != STATUS_OK)
        return;
    will.payload.data = bytes;
    memcpy(will.device_id, robot->device_id, sizeof will.device_id);
    network_inject(fleet->network, &will);
}

static void attack(struct fleet *fleet)
{
    if (timeline_chance(&fleet->timeline, 30))
        bury_alive(fleet);
    attacker_strike(fleet->network, &fleet->timeline, fleet->device_ids, fleet->device_count + 1);
}

/* ---- disks ---- */

static int64_t at_part(const struct fleet *fleet, int64_t percent)
{
    return fleet->profile->chaos_ms * percent / 100;
}

static void copy_disk(void *context, uint64_t number)
{
    struct fleet *fleet = context;
    struct robot *copy = &fleet->robots[fleet->robot_count];

    robot_init_copy(copy, &fleet->robots[number], (unsigned)fleet->robot_count);
    fleet->robot_count++;
}

static void back_up_disk(void *context, uint64_t number)
{
    struct fleet *fleet = context;

    robot_back_up_disk(&fleet->robots[number]);
}

/* What the robot did since the backup and the server does not know is gone with the disk. */
static void roll_back_disk(void *context, uint64_t number)
{
    struct fleet *fleet = context;
    struct robot *robot = &fleet->robots[number];

    for (size_t i = 0; i < vendor_count(fleet->vendor); i++) {
        struct vendor_attempt *attempt = vendor_at(fleet->vendor, i);

        if (attempt->robot == robot->number && attempt->asked_ms >= robot->backed_up_ms)
            attempt->may_be_lost = true;
    }
    robot_roll_back_disk(robot);
}

static void plan_disks(struct fleet *fleet)
{
    struct timeline *timeline = &fleet->timeline;

    for (unsigned i = 0; i < fleet->profile->copies; i++)
        timeline_after(timeline, timeline_between(timeline, at_part(fleet, 20), at_part(fleet, 60)),
                       copy_disk, fleet, fleet->profile->rollbacks + i);
    for (unsigned i = 0; i < fleet->profile->rollbacks; i++) {
        const int64_t at_ms = timeline_between(timeline, at_part(fleet, 20), at_part(fleet, 50));

        timeline_after(timeline, at_ms, back_up_disk, fleet, i);
        timeline_after(timeline, timeline_between(timeline, at_ms + 1, at_part(fleet, 90)),
                       roll_back_disk, fleet, i);
    }
}

/* ---- restore ---- */

static void back_up_database(void *context, uint64_t unused)
{
    struct fleet *fleet = context;

    (void)unused;
    database_back_up(fleet->database);
    server_memory_back_up(fleet->memory);
}

/* An operator who enters again what the backup forgot, otherwise: robots then hold other contents
 * under the numbers that the database desires. */
static void enter_again(struct fleet *fleet, const int64_t *generations)
{
    for (size_t i = 0; i < fleet->device_count; i++) {
        const char *id = fleet->device_ids[i];

        while (timeline_chance(&fleet->timeline, 900) &&
               database_find(fleet->database, id)->link.desired_generation < generations[i])
            database_change(fleet->database, id,
                            (unsigned)timeline_between(&fleet->timeline, 0, 100));
    }
}

static void restore_database(void *context, uint64_t unused)
{
    struct fleet *fleet = context;
    int64_t generations[FLEET_MAX_ROBOTS];

    (void)unused;
    for (size_t i = 0; i < NETWORK_SERVERS; i++)
        server_kill(fleet->servers[i]);
    for (size_t i = 0; i < fleet->device_count; i++)
        generations[i] =
            database_find(fleet->database, fleet->device_ids[i])->link.desired_generation;
    database_restore(fleet->database);
    server_memory_restore(fleet->memory);
    enter_again(fleet, generations);
}

static void plan_restore(struct fleet *fleet)
{
    struct timeline *timeline = &fleet->timeline;
    const int64_t at_ms = timeline_between(timeline, at_part(fleet, 30), at_part(fleet, 50));

    timeline_after(timeline, at_ms, back_up_database, fleet, 0);
    timeline_after(timeline, timeline_between(timeline, at_ms + 1, at_part(fleet, 90)),
                   restore_database, fleet, 0);
}

void chaos_start(struct fleet *fleet)
{
    const struct profile *profile = fleet->profile;

    every(fleet, profile->kill_ms, kill_robot);
    every(fleet, profile->power_ms, cut_power);
    every(fleet, profile->full_ms, fill_disks);
    every(fleet, profile->step_ms, step_clock);
    every(fleet, profile->cut_ms, cut_line);
    every(fleet, profile->broker_restart_ms, restart_broker);
    every(fleet, profile->server_kill_ms, kill_server);
    every(fleet, profile->database_away_ms, lose_database);
    every(fleet, profile->change_ms, change_settings);
    every(fleet, profile->attack_ms, attack);
    plan_disks(fleet);
    if (profile->restore)
        plan_restore(fleet);
}

void chaos_end(struct fleet *fleet)
{
    network_calm(fleet->network);
    disk_set_full(false);
    database_set_away(fleet->database, false);
    database_set_fault(fleet->database, DATABASE_WORKS);
    fleet->robots_world.quiet = true;
    fleet->servers_world.quiet = true;
}
