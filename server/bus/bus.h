/* bus.h - what passes between servers and robots, through one broker or several
 *
 * Each broker has an uplink of its own; what arrives by any of them is copied into one bounded
 * queue, which bus_receive() hands out with the place of its broker: what is sent to that device
 * goes there. A message that
 * was taken from the broker is acknowledged to it at once: only the answer that the ingest
 * publishes after its commit means anything to a robot. Thread-safe.
 */
#ifndef SERVER_BUS_BUS_H
#define SERVER_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/crypto.h"
#include "schema/base/span.h"
#include "schema/wire/topic.h"
#include "server/bus/brokers.h"

struct bus;

/* Texts are copied. */
struct bus_options {
    const struct brokers *brokers; /* whose texts outlive the bus */
    const char *client_id;         /* "Mynad_1", the certificate's name */
    const char *ca_file;           /* PEM: what the broker's certificate is verified by */
    const char *cert_file;         /* PEM: our certificate and its chain */
    const char *key_file;          /* PEM */
    const uint8_t *master_key; /* CRYPTO_KEY_SIZE bytes: names the servers' shared subscription */
    size_t queue_messages;     /* bounds of what waits for the ingest; 0: 20,000 and 64 MiB */
    size_t queue_bytes;
};

/* Starts connecting to each; a broker that is away is not a failure. The caller owns *out. */
MUST_CHECK enum status bus_start(struct bus **out, const struct bus_options *options);

/* Disconnects; wakes bus_receive(). NULL is allowed. */
void bus_stop(struct bus *bus);

/* No message of the device, but a reminder: what it wanted before may be granted by now. */
#define BUS_REMINDER ((enum topic_kind)0)

/* One received message. */
struct bus_message {
    char device_id[LIMIT_SLUG + 1];
    enum topic_kind kind;
    uint8_t broker;     /* its place among the brokers */
    int64_t arrived_ms; /* wall clock */
    struct span payload;
    void *block; /* owns the payload */
};

/* The oldest message. The caller gives it back by bus_message_release(). STATUS_TIMEOUT: none came
 * in timeout_ms; STATUS_CLOSED: the bus is stopping. */
MUST_CHECK enum status bus_receive(struct bus *bus, int64_t timeout_ms, struct bus_message *out);
void bus_message_release(struct bus_message *message);

/* Queues a BUS_REMINDER, as if the device had sent it to this server. STATUS_FULL: there is no
 * room, or not so much that messages would not need it. From any thread. */
MUST_CHECK enum status bus_remind(struct bus *bus, const char *device_id);

/* Sends a message to a device by the broker that its session is at. STATUS_UNREACHABLE: that one is
 * not connected; STATUS_FULL: too many are under way: whoever sends repeats it later anyway. */
MUST_CHECK enum status bus_publish(struct bus *bus, size_t broker, const char *topic,
                                   struct span payload);

/* Sends a message to the brokers' own plugins: to each that is connected. STATUS_UNREACHABLE: none
 * is. Whoever comes later shows in bus_connections(). */
MUST_CHECK enum status bus_tell_brokers(struct bus *bus, const char *topic, struct span payload);

/* Connections made so far, so that a change of it shows a new one; 0: never connected. */
uint64_t bus_connections(struct bus *bus);

/* To at least one broker. */
bool bus_is_connected(struct bus *bus);

struct bus_stats {
    uint64_t received; /* messages put into the queue */
    uint64_t refused;  /* lost because the queue was full: robots send usage again */
    uint64_t shed;     /* reports dropped because the queue was nearly full */
    uint64_t published;
    uint64_t unsent; /* refused by bus_publish() */
    uint64_t connections;
    uint64_t queued;
    uint64_t in_flight;
    uint64_t brokers;
    uint64_t connected; /* of them */
};
void bus_read_stats(struct bus *bus, struct bus_stats *out);

struct bus_broker {
    const char *address; /* borrowed */
    uint64_t connections;
    bool is_connected;
};

/* The at-th of bus_stats.brokers. */
void bus_read_broker(struct bus *bus, size_t at, struct bus_broker *out);

#endif
