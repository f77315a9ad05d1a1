#include "tests/simulation/credit/mail.h"

#include <string.h>

#include "tests/simulation/credit/world.h"

#define SLOW_MS 20000

static void post(struct world *world, unsigned slot, enum world_event kind)
{
    struct mail_message *message = &world->mail.slots[slot];
    const unsigned states = robot_states(&world->robots[message->head.robot]);
    int64_t delay_ms = world_between(world, 5, 80);

    if (world_chance(world, world->plan.slow)) {
        delay_ms = world_between(world, 100, SLOW_MS);
        coverage_count(world->coverage, COVERAGE_REORDERED, states);
    }
    message->used = true;
    world_after(world, delay_ms, kind, slot, 0, 0);
}

static int find_slot(const struct world *world)
{
    for (int i = 0; i < MAIL_SLOTS; i++)
        if (!world->mail.slots[i].used)
            return i;
    return -1;
}

static void copy(struct world *world, const struct mail_message *message, enum world_event kind)
{
    const int slot = find_slot(world);

    if (slot < 0)
        return;
    struct mail_message *second = &world->mail.slots[slot];
    second->head = message->head;
    second->size = message->size;
    memcpy(second->bytes, message->bytes, message->size);
    post(world, (unsigned)slot, kind);
    coverage_count(world->coverage, COVERAGE_DOUBLED,
                   robot_states(&world->robots[message->head.robot]));
}

static void send(struct world *world, enum world_event kind, struct mail_head head,
                 const void *content)
{
    const struct robot *robot = &world->robots[head.robot];
    const int slot = find_slot(world);

    if (slot < 0)
        return; /* queues are bounded: lost */
    if (robot->parted || world_chance(world, world->plan.lost)) {
        coverage_count(world->coverage, robot->parted ? COVERAGE_PARTITION : COVERAGE_LOST,
                       robot_states(robot));
        world_say(world, "  lost");
        return;
    }
    struct mail_message *message = &world->mail.slots[slot];
    message->head = head;
    if (message_encode(head.type, content, message->bytes, MAIL_BYTES, &message->size) !=
        STATUS_OK) {
        findings_add(&world->findings, "a message of robot %u cannot be encoded", head.robot);
        return;
    }
    post(world, (unsigned)slot, kind);
    if (world_chance(world, world->plan.doubled))
        copy(world, message, kind);
}

void mail_send_up(struct world *world, unsigned robot, enum message_type type, const void *message)
{
    const struct mail_head head = {type, robot, world->robots[robot].connection};

    send(world, WORLD_UP, head, message);
}

void mail_send_down(struct world *world, unsigned robot, unsigned connection,
                    const wire_State *state)
{
    const struct mail_head head = {MESSAGE_STATE, robot, connection};

    send(world, WORLD_DOWN, head, state);
}

void mail_free(struct world *world, unsigned slot)
{
    world->mail.slots[slot].used = false;
}
