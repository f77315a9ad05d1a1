/* mqtt.h - one robot's connection to the broker: libmosquitto and nothing else here knows it
 *
 * MQTT 5 over mutual TLS, clean start, session expiry 0, driven by the loop. A connection lives
 * once: to connect again, free it and open another, so that nothing queued for a session ever
 * leaks into the next.
 */
#ifndef TESTS_ROBOTS_MQTT_H
#define TESTS_ROBOTS_MQTT_H

#include "tests/robots/loop.h"

struct mqtt;

struct mqtt_options {
    struct loop *loop; /* borrowed, as all texts are until the connection is freed */
    const char *client_id;
    const char *broker;    /* "host:port" */
    const char *root_path; /* PEM files */
    const char *cert_path;
    const char *key_path;
    const char *filter; /* subscribed to with QoS 1 before on_connected */
    const char *will_topic;
    struct span will;
    void *context;
    void (*on_connected)(void *context);
    void (*on_message)(void *context, struct span topic, struct span payload);
    /* The connection failed or ended; free it, now or later. reason is one line. */
    void (*on_closed)(void *context, const char *reason);
};

/* Once in the process, before and after everything else here. */
MUST_CHECK enum status mqtt_set_up(void);
void mqtt_tear_down(void);

/* Starts to connect. No callback is called before the loop turns. The caller frees *out. */
MUST_CHECK enum status mqtt_open(struct mqtt **out, const struct mqtt_options *options,
                                 char problem[256]);

/* With a DISCONNECT when the connection stands, which keeps the will from being sent. Allowed in
 * on_closed, not in the other callbacks. */
void mqtt_free(struct mqtt *mqtt);

/* STATUS_CLOSED: not connected. payload is copied. */
MUST_CHECK enum status mqtt_publish(struct mqtt *mqtt, const char *topic, unsigned qos,
                                    struct span payload);

/* Cuts the TCP connection as a network does: the broker sends the will, on_closed follows. */
void mqtt_cut(struct mqtt *mqtt);

#endif
