/* connection.h - one robot's way to the broker: session after session, each with a number that is
 * on disk before anybody sees it; waits longer after each failure; is cut on purpose now and then
 */
#ifndef TESTS_ROBOTS_CONNECTION_H
#define TESTS_ROBOTS_CONNECTION_H

#include "schema/wire/message.h"
#include "schema/wire/topic.h"
#include "tests/robots/loop.h"
#include "tests/robots/notebook.h"
#include "tests/support/dice.h"

struct connection;

struct connection_options {
    struct loop *loop; /* borrowed, as the texts and the notebook */
    struct notebook *notebook;
    const char *device_id;
    const char *root_path, *cert_path, *key_path; /* PEM */
    int64_t cuts_per_hour;
    struct dice dice;
    void *context;
    /* The broker to try next, "host:port"; borrowed until the connection ends. */
    const char *(*next_broker)(void *context);
    /* Connected and subscribed. */
    void (*on_up)(void *context, const wire_Session *session);
    void (*on_message)(void *context, struct span topic, struct span payload);
    /* After on_up only; another attempt follows by itself. */
    void (*on_down)(void *context);
};

/* Connects at at_ms. The caller frees *out. */
MUST_CHECK enum status connection_open(struct connection **out,
                                       const struct connection_options *options, int64_t at_ms);

/* With a DISCONNECT when it is up; on_down is not called. Not from its own callbacks. NULL is
 * allowed. */
void connection_close(struct connection *connection);

/* Ends this session soon, when no callback runs, and begins one above floor. */
void connection_renew(struct connection *connection, uint64_t floor);

bool connection_is_up(const struct connection *connection);

/* Loses the message when it is not up. payload is copied. */
void connection_publish(struct connection *connection, enum topic_kind kind, unsigned qos,
                        struct span payload);

#endif
