/* network.h - the broker and the lines to it, none of which can be relied on
 *
 * Messages may be lost, doubled, late and out of order; a line may be cut without anybody noticing
 * until the keep-alive does; a restart of the broker loses what is under way. One client id has one
 * connection: a second one ends the first. An attacker listens and puts in messages.
 */
#ifndef TESTS_SIMULATION_NETWORK_H
#define TESTS_SIMULATION_NETWORK_H

#include "schema/base/span.h"
#include "schema/wire/limits.h"
#include "schema/wire/topic.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/timeline.h"

struct network;

enum network_origin {
    NETWORK_GENUINE,
    NETWORK_FORGED,   /* sealed by nobody, or for somebody else, or damaged */
    NETWORK_REPLAYED, /* a genuine one again, put in by the attacker */
};

/* A message under way. Lives as long as the timeline. */
struct network_message {
    char device_id[LIMIT_SLUG + 1]; /* of the topic */
    enum topic_kind kind;
    enum network_origin origin;
    int64_t sent_ms;
    struct span payload;
};

/* A robot's end of a line. The owner fills the first part. */
struct network_client {
    const char *device_id;
    void *context;
    void (*on_up)(void *context);
    void (*on_lost)(void *context);
    void (*on_message)(void *context, const struct network_message *message);

    bool connected;
    uint64_t connection; /* its number: events of older ones mean nothing */
    int64_t cut_until_ms;
    struct network_message *will;
    struct network_client *next;
};

/* A server's end: one of the shared subscription's members. */
struct network_server {
    void *context;
    void (*on_message)(void *context, const struct network_message *message);
    bool subscribed;
};
#define NETWORK_SERVERS 2

void network_open(struct network **out, struct timeline *timeline, const struct profile *profile);

void network_add_client(struct network *network, struct network_client *client);
void network_add_server(struct network *network, struct network_server *server);

/* From now on nothing is lost, late or cut. */
void network_calm(struct network *network);

/* on_up or on_lost follows. will: the presence message of the session. */
void network_dial(struct network *network, struct network_client *client, struct span will);
/* The robot's side is gone; the broker notices, and publishes the will. */
void network_drop(struct network *network, struct network_client *client);
void network_cut(struct network *network, struct network_client *client, int64_t duration_ms);

void network_publish_up(struct network *network, struct network_client *client,
                        enum topic_kind kind, struct span payload);
void network_publish_down(struct network *network, const char *device_id, enum topic_kind kind,
                          struct span payload);

void network_restart_broker(struct network *network, int64_t duration_ms);
bool network_is_up(const struct network *network);

/* The attacker: one of the messages lately seen (NULL: none), and a message put in at once, to a
 * server or to the device's line. */
const struct network_message *network_overhear(struct network *network, bool up);
void network_inject(struct network *network, const struct network_message *message);

#endif
