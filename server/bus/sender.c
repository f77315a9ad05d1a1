#include "server/bus/sender.h"

#include <stdlib.h>

#include "schema/base/clock.h"

#define PATIENCE_MS 1000

struct sender {
    struct bus *bus;
    struct peers *peers;
    int64_t impatient_until_ms;
    uint8_t plain[LIMIT_MESSAGE_BYTES];
    uint8_t box[LIMIT_MESSAGE_BYTES + BOX_OVERHEAD];
};

enum status sender_create(struct sender **out, struct bus *bus, struct peers *peers)
{
    struct sender *sender = calloc(1, sizeof *sender);

    if (!sender)
        return STATUS_MEMORY;
    sender->bus = bus;
    sender->peers = peers;
    *out = sender;
    return STATUS_OK;
}

void sender_free(struct sender *sender)
{
    if (!sender)
        return;
    crypto_wipe(sender, sizeof *sender);
    free(sender);
}

/* A whole fleet that is told something at once fills the window: wait for the broker a little. When
 * that was in vain the next messages do not wait, or a broker that is stuck would hold its senders
 * up by a second for each. */
static enum status publish(struct sender *sender, size_t broker, const char *topic, struct span box)
{
    const int64_t until_ms = clock_mono_ms() + PATIENCE_MS;

    for (;;) {
        enum status status = bus_publish(sender->bus, broker, topic, box);
        const int64_t now_ms = clock_mono_ms();

        if (status != STATUS_FULL || now_ms < sender->impatient_until_ms)
            return status;
        if (now_ms >= until_ms) {
            sender->impatient_until_ms = now_ms + PATIENCE_MS;
            return status;
        }
        clock_sleep_ms(5);
    }
}

enum status sender_send(struct sender *sender, const char *device_id, size_t broker,
                        enum topic_kind kind, enum message_type type, const void *message)
{
    char topic[TOPIC_SIZE];
    struct box_pair pair;
    size_t size;
    enum status status = message_encode(type, message, sender->plain, sizeof sender->plain, &size);

    if (status == STATUS_OK)
        status = peers_find(sender->peers, device_id, NULL, &pair);
    if (status != STATUS_OK)
        return status;
    status = box_seal(&pair, BOX_DOWN, (uint8_t)kind, span_of(sender->plain, size), sender->box);
    crypto_wipe(&pair, sizeof pair);
    if (status != STATUS_OK)
        return status;
    topic_make(topic, device_id, kind);
    return publish(sender, broker, topic, span_of(sender->box, size + BOX_OVERHEAD));
}
