#include "tests/simulation/attacker.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/box.h"

struct attack {
    struct network *network;
    struct timeline *timeline;
    const char *const *device_ids;
    size_t device_count;
    struct network_message message; /* to be made worse */
    uint8_t *bytes;                 /* of its payload */
};

static void set_device(struct network_message *message, const char *device_id)
{
    snprintf(message->device_id, sizeof message->device_id, "%s", device_id);
}

/* Each makes the message worse; false when it cannot with this one. */

static bool flip_a_bit(struct attack *attack)
{
    const size_t bit = dice_below(&attack->timeline->dice, attack->message.payload.size * 8);

    attack->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    return true;
}

static bool cut_short(struct attack *attack)
{
    attack->message.payload.size =
        dice_below(&attack->timeline->dice, attack->message.payload.size);
    return true;
}

static bool send_elsewhere(struct attack *attack)
{
    const char *to = attack->device_ids[dice_below(&attack->timeline->dice, attack->device_count)];
    const bool elsewhere = strcmp(to, attack->message.device_id) != 0;

    set_device(&attack->message, to);
    return elsewhere;
}

static bool call_it_another(struct attack *attack)
{
    static const enum topic_kind up[] = {TOPIC_HELLO, TOPIC_USAGE, TOPIC_REPORT, TOPIC_REPLY};
    static const enum topic_kind down[] = {TOPIC_CONFIG, TOPIC_STATE, TOPIC_COMMAND};
    const enum topic_kind before = attack->message.kind;

    attack->message.kind = topic_kind_is_up(before) ? up[dice_below(&attack->timeline->dice, 4)]
                                                    : down[dice_below(&attack->timeline->dice, 3)];
    return attack->message.kind != before;
}

static bool reflect(struct attack *attack)
{
    attack->message.kind = topic_kind_is_up(attack->message.kind) ? TOPIC_STATE : TOPIC_REPORT;
    return true;
}

static bool make_noise(struct attack *attack)
{
    for (size_t i = 0; i < attack->message.payload.size; i++)
        attack->bytes[i] = (uint8_t)dice_next(&attack->timeline->dice);
    return true;
}

static bool (*const ways[])(struct attack *attack) = {
    flip_a_bit, cut_short, send_elsewhere, call_it_another, reflect, make_noise,
};

/* A will that names the session of the last one overheard is what the broker itself would send. */
static void forge(struct attack *attack)
{
    attack->message.origin = NETWORK_FORGED;
    if (ways[dice_below(&attack->timeline->dice, sizeof ways / sizeof *ways)](attack))
        network_inject(attack->network, &attack->message);
}

static void replay(struct attack *attack)
{
    attack->message.origin = NETWORK_REPLAYED;
    network_inject(attack->network, &attack->message);
}

void attacker_strike(struct network *network, struct timeline *timeline,
                     const char *const *device_ids, size_t count)
{
    const struct network_message *heard = network_overhear(network, timeline_chance(timeline, 700));
    struct attack attack = {
        .network = network, .timeline = timeline, .device_ids = device_ids, .device_count = count};

    if (!heard || heard->payload.size == 0)
        return;
    attack.message = *heard;
    attack.bytes = timeline_take(timeline, heard->payload.size + 1);
    memcpy(attack.bytes, heard->payload.data, heard->payload.size);
    attack.message.payload.data = attack.bytes;
    if (heard->kind == TOPIC_PRESENCE || timeline_chance(timeline, 400))
        replay(&attack);
    else
        forge(&attack);
}
