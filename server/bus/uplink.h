/* uplink.h - the connection to one broker; Paho and nothing else knows it
 *
 * MQTT 5 over mutual TLS, clean start, reconnected for ever with backoff, subscribed to what robots
 * of this broker send. Paho's callbacks only hand on. Thread-safe.
 */
#ifndef SERVER_BUS_UPLINK_H
#define SERVER_BUS_UPLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/span.h"

struct uplink;

/* Texts are copied. */
struct uplink_options {
    const char *broker; /* "host:port" of the servers' listener */
    const char *client_id;
    const char *ca_file, *cert_file, *key_file; /* PEM */
    const char *filter;                         /* what is subscribed to */
    /* From Paho's thread: it must not block. */
    void (*on_message)(void *owner, struct span topic, struct span payload);
    void *owner;
};

/* Starts connecting; a broker that is away is not a failure. The caller owns *out. */
MUST_CHECK enum status uplink_start(struct uplink **out, const struct uplink_options *options);

/* Disconnects. NULL is allowed. */
void uplink_stop(struct uplink *uplink);

/* Hands a message to Paho. STATUS_UNREACHABLE: not connected; STATUS_FULL: too many are under way.
 */
MUST_CHECK enum status uplink_publish(struct uplink *uplink, const char *topic,
                                      struct span payload);

struct uplink_stats {
    uint64_t published;
    uint64_t unsent;      /* refused by uplink_publish() */
    uint64_t connections; /* made so far */
    uint64_t in_flight;
    bool connected;
};
void uplink_read_stats(struct uplink *uplink, struct uplink_stats *out);

#endif
