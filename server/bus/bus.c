#include "server/bus/bus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/queue.h"
#include "server/bus/uplink.h"

#define DEFAULT_QUEUE_MESSAGES 20000
#define DEFAULT_QUEUE_BYTES    (64u << 20)

/* Before the payload of each queued message: when it arrived, its topic's length (0: a reminder of
 * the device that the payload names) and at which broker. */
#define HEAD_BYTES 10

/* One broker's uplink, as the owner of what it hears. */
struct broker {
    struct bus *bus;
    struct uplink *uplink;
};

struct bus {
    struct brokers addresses; /* borrowed texts */
    struct broker brokers[LIMIT_BROKERS];
    struct queue *queue;
    size_t queue_messages;
    pthread_mutex_t mutex;
    struct bus_stats stats; /* guarded by mutex: those of the queue */
};

/* ---- what robots send ---- */

static bool is_nearly_full(const struct bus *bus)
{
    return queue_depth(bus->queue) > bus->queue_messages / 4 * 3;
}

/* Reports repeat what the next one says: they are the first to go when the ingest falls behind. */
static bool is_shed(const struct bus *bus, struct span topic)
{
    static const char tail[] = "/report";
    const size_t size = sizeof tail - 1;

    return is_nearly_full(bus) && topic.size > size &&
           memcmp(topic.data + topic.size - size, tail, size) == 0;
}

static void enqueue(void *owner, struct span topic, struct span payload)
{
    const struct broker *broker = owner;
    struct bus *bus = broker->bus;
    uint8_t head[HEAD_BYTES];
    const int64_t now_ms = clock_wall_ms();
    const struct span parts[] = {span_of(head, sizeof head), topic, payload};
    bool shed = is_shed(bus, topic);

    memcpy(head, &now_ms, sizeof now_ms);
    head[8] = (uint8_t)topic.size;
    head[9] = (uint8_t)(broker - bus->brokers);
    enum status status =
        shed || topic.size >= TOPIC_SIZE ? STATUS_FULL : queue_put(bus->queue, parts, 3);

    pthread_mutex_lock(&bus->mutex);
    bus->stats.received += status == STATUS_OK;
    bus->stats.shed += shed;
    bus->stats.refused += status != STATUS_OK && !shed;
    pthread_mutex_unlock(&bus->mutex);
}

static void name_subscription(const uint8_t master_key[CRYPTO_KEY_SIZE], char out[TOPIC_SIZE])
{
    const struct span text = span_text("shared subscription");
    uint8_t hash[CRYPTO_HASH_SIZE];
    char group[33];

    crypto_hmac(span_of(master_key, CRYPTO_KEY_SIZE), &text, 1, hash);
    if (encode_hex(span_of(hash, 16), group, sizeof group) == STATUS_OK)
        topic_make_shared_filter(out, group);
}

/* ---- start and stop ---- */

static enum status start_uplinks(struct bus *bus, const struct bus_options *options)
{
    char filter[TOPIC_SIZE];
    enum status status = STATUS_OK;

    name_subscription(options->master_key, filter);
    for (size_t i = 0; status == STATUS_OK && i < bus->addresses.server_count; i++) {
        const struct uplink_options each = {
            .broker = bus->addresses.servers[i],
            .client_id = options->client_id,
            .ca_file = options->ca_file,
            .cert_file = options->cert_file,
            .key_file = options->key_file,
            .filter = filter,
            .on_message = enqueue,
            .owner = &bus->brokers[i],
        };

        bus->brokers[i].bus = bus;
        status = uplink_start(&bus->brokers[i].uplink, &each);
    }
    return status;
}

void bus_stop(struct bus *bus)
{
    if (!bus)
        return;
    if (bus->queue)
        queue_close(bus->queue);
    for (size_t i = 0; i < LIMIT_BROKERS; i++)
        uplink_stop(bus->brokers[i].uplink);
    queue_free(bus->queue);
    pthread_mutex_destroy(&bus->mutex);
    free(bus);
}

enum status bus_start(struct bus **out, const struct bus_options *options)
{
    struct bus *bus = calloc(1, sizeof *bus);

    if (!bus)
        return STATUS_MEMORY;
    pthread_mutex_init(&bus->mutex, NULL);
    bus->addresses = *options->brokers;
    bus->queue_messages =
        options->queue_messages ? options->queue_messages : DEFAULT_QUEUE_MESSAGES;
    enum status status =
        queue_create(&bus->queue, bus->queue_messages,
                     options->queue_bytes ? options->queue_bytes : DEFAULT_QUEUE_BYTES);
    if (status == STATUS_OK)
        status = start_uplinks(bus, options);
    if (status != STATUS_OK) {
        bus_stop(bus);
        return status;
    }
    *out = bus;
    return STATUS_OK;
}

/* ---- what others call ---- */

static enum status take_apart(uint8_t *block, size_t size, struct bus_message *out)
{
    struct bus_message message = {.block = block};

    if (size < HEAD_BYTES || size < HEAD_BYTES + (size_t)block[8])
        return STATUS_INVALID;
    memcpy(&message.arrived_ms, block, sizeof message.arrived_ms);
    message.broker = block[9];
    if (block[8] == 0) {
        message.kind = BUS_REMINDER;
        *out = message;
        return span_to_text(span_of(block + HEAD_BYTES, size - HEAD_BYTES), out->device_id,
                            sizeof out->device_id);
    }
    enum status status =
        topic_parse(span_of(block + HEAD_BYTES, block[8]), message.device_id, &message.kind);
    if (status != STATUS_OK || !topic_kind_is_up(message.kind))
        return STATUS_INVALID;
    message.payload = span_of(block + HEAD_BYTES + block[8], size - HEAD_BYTES - block[8]);
    *out = message;
    return STATUS_OK;
}

enum status bus_receive(struct bus *bus, int64_t timeout_ms, struct bus_message *out)
{
    for (;;) {
        uint8_t *block;
        size_t size;
        enum status status = queue_take(bus->queue, timeout_ms, &block, &size);

        if (status != STATUS_OK)
            return status;
        if (take_apart(block, size, out) == STATUS_OK)
            return STATUS_OK;
        free(block); /* the broker's rules let no other topic through; nothing to answer */
    }
}

void bus_message_release(struct bus_message *message)
{
    free(message->block);
    message->block = NULL;
}

enum status bus_remind(struct bus *bus, const char *device_id)
{
    uint8_t head[HEAD_BYTES] = {0};
    const int64_t now_ms = clock_wall_ms();
    const struct span parts[] = {span_of(head, sizeof head), span_text(device_id)};

    memcpy(head, &now_ms, sizeof now_ms);
    return is_nearly_full(bus) ? STATUS_FULL : queue_put(bus->queue, parts, 2);
}

enum status bus_publish(struct bus *bus, size_t broker, const char *topic, struct span payload)
{
    if (broker >= bus->addresses.server_count) /* of a longer list that was configured before */
        broker = 0;
    return uplink_publish(bus->brokers[broker].uplink, topic, payload);
}

enum status bus_tell_brokers(struct bus *bus, const char *topic, struct span payload)
{
    enum status told = STATUS_UNREACHABLE;

    for (size_t i = 0; i < bus->addresses.server_count; i++) {
        enum status status = uplink_publish(bus->brokers[i].uplink, topic, payload);

        if (status != STATUS_UNREACHABLE && (told == STATUS_OK || told == STATUS_UNREACHABLE))
            told = status;
    }
    return told;
}

uint64_t bus_connections(struct bus *bus)
{
    struct bus_stats stats;

    bus_read_stats(bus, &stats);
    return stats.connections;
}

bool bus_is_connected(struct bus *bus)
{
    struct bus_stats stats;

    bus_read_stats(bus, &stats);
    return stats.connected > 0;
}

void bus_read_stats(struct bus *bus, struct bus_stats *out)
{
    pthread_mutex_lock(&bus->mutex);
    *out = bus->stats;
    pthread_mutex_unlock(&bus->mutex);
    out->queued = queue_depth(bus->queue);
    out->brokers = bus->addresses.server_count;
    for (size_t i = 0; i < bus->addresses.server_count; i++) {
        struct uplink_stats each;

        uplink_read_stats(bus->brokers[i].uplink, &each);
        out->published += each.published;
        out->unsent += each.unsent;
        out->connections += each.connections;
        out->in_flight += each.in_flight;
        out->connected += each.connected;
    }
}

void bus_read_broker(struct bus *bus, size_t at, struct bus_broker *out)
{
    struct uplink_stats stats;

    uplink_read_stats(bus->brokers[at].uplink, &stats);
    *out = (struct bus_broker){.address = bus->addresses.servers[at],
                               .connections = stats.connections,
                               .is_connected = stats.connected};
}
