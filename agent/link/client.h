/* client.h - one connection to a broker at a time: Paho, and nothing else knows it
 *
 * Mutual TLS, clean start, no reconnection of its own. Paho's threads only call the listener, which
 * must only enqueue; each event carries the number of the connection that it belongs to, and one
 * that is not client_connection() comes from a connection that is over.
 *
 * Functions belong to one thread, but for client_unsent().
 */
#ifndef AGENT_LINK_CLIENT_H
#define AGENT_LINK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/span.h"
#include "schema/base/status.h"

struct client;

enum client_event {
    CLIENT_CONNECTED,
    CLIENT_SUBSCRIBED,
    CLIENT_FAILED, /* refused, or lost; code tells more */
};

struct client_listener {
    void *context;
    void (*event)(void *context, uint32_t connection, enum client_event event, int code);
    /* topic and payload are borrowed until it returns */
    void (*message)(void *context, uint32_t connection, struct span topic, struct span payload);
};

/* Texts are borrowed and outlive the client. */
struct client_options {
    const char *id;
    const char *key_path, *cert_path, *broker_ca_path; /* PEM files, read at each connection */
    struct client_listener listener;
};

/* The caller owns *out; nothing is connected. */
MUST_CHECK enum status client_create(struct client **out, const struct client_options *options);

/* Drops the connection. NULL is allowed. */
void client_free(struct client *client);

/* Drops the connection and begins another one, to "host:port", with this last will (copied).
 * CLIENT_CONNECTED or CLIENT_FAILED follows on 0; another value is Paho's reason. */
MUST_CHECK int client_connect(struct client *client, const char *broker, const char *will_topic,
                              struct span will);

/* False: it cannot be asked for. Otherwise CLIENT_SUBSCRIBED or CLIENT_FAILED follows. */
MUST_CHECK bool client_subscribe(struct client *client, const char *filter);

/* What cannot be sent is lost. */
void client_publish(struct client *client, const char *topic, unsigned qos, struct span payload);

/* Publishes the last will, disconnects, and waits for that a second at most. */
void client_leave(struct client *client);

/* Ends the connection, if there is one, at once. */
void client_drop(struct client *client);

bool client_is_connected(const struct client *client);

/* The number of the present connection; never used twice. */
uint32_t client_connection(const struct client *client);

/* How many TLS handshakes failed since client_forget_failures(). Both from any thread. */
unsigned client_failed_handshakes(const struct client *client);
void client_forget_failures(struct client *client);

/* How many messages the broker did not take over yet. */
int client_unsent(const struct client *client);

#endif
