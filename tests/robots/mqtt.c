#include "tests/robots/mqtt.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "schema/base/clock.h"

#define KEEPALIVE_S     60
#define HOUSEKEEPING_MS 5000
#define CONNECT_MS      15000 /* for TCP, TLS, CONNECT and SUBSCRIBE together */
#define MAX_HOST        256

enum phase { PHASE_CONNECTING, PHASE_SUBSCRIBING, PHASE_CONNECTED, PHASE_CLOSED };

struct mqtt {
    struct mqtt_options options;
    struct mosquitto *mosquitto;
    struct loop_watch watch;
    struct loop_timer timer;
    enum phase phase;
    int64_t deadline_ms;
    bool handled; /* a packet came in since this was last cleared */
    char reason[128];
};

enum status mqtt_set_up(void)
{
    return mosquitto_lib_init() == MOSQ_ERR_SUCCESS ? STATUS_OK : STATUS_IO;
}

void mqtt_tear_down(void)
{
    mosquitto_lib_cleanup();
}

/* The one place that changes the phase. The first reason to close is the one that counts. */
static void enter(struct mqtt *mqtt, enum phase phase, const char *reason)
{
    if (mqtt->phase == PHASE_CLOSED)
        return;
    mqtt->phase = phase;
    snprintf(mqtt->reason, sizeof mqtt->reason, "%s", reason);
}

static void on_connect(struct mosquitto *mosquitto, void *context, int code, int flags,
                       const mosquitto_property *properties)
{
    struct mqtt *mqtt = context;

    (void)flags;
    (void)properties;
    mqtt->handled = true;
    if (code != 0)
        enter(mqtt, PHASE_CLOSED, mosquitto_reason_string(code));
    else if (mosquitto_subscribe(mosquitto, NULL, mqtt->options.filter, 1) != MOSQ_ERR_SUCCESS)
        enter(mqtt, PHASE_CLOSED, "cannot subscribe");
    else
        enter(mqtt, PHASE_SUBSCRIBING, "");
}

static void on_subscribe(struct mosquitto *mosquitto, void *context, int id, int count,
                         const int *granted, const mosquitto_property *properties)
{
    struct mqtt *mqtt = context;

    (void)mosquitto;
    (void)id;
    (void)properties;
    mqtt->handled = true;
    if (count != 1 || granted[0] > 2) {
        enter(mqtt, PHASE_CLOSED, "the broker refused the subscription");
        return;
    }
    enter(mqtt, PHASE_CONNECTED, "");
    mqtt->options.on_connected(mqtt->options.context);
}

static void on_message(struct mosquitto *mosquitto, void *context,
                       const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    struct mqtt *mqtt = context;

    (void)mosquitto;
    (void)properties;
    mqtt->handled = true;
    mqtt->options.on_message(mqtt->options.context, span_text(message->topic),
                             span_of(message->payload, (size_t)message->payloadlen));
}

static void on_publish(struct mosquitto *mosquitto, void *context, int id, int code,
                       const mosquitto_property *properties)
{
    struct mqtt *mqtt = context;

    (void)mosquitto;
    (void)id;
    (void)code;
    (void)properties;
    mqtt->handled = true;
}

static void on_disconnect(struct mosquitto *mosquitto, void *context, int code,
                          const mosquitto_property *properties)
{
    (void)mosquitto;
    (void)properties;
    enter(context, PHASE_CLOSED, mosquitto_reason_string(code));
}

/* After every call into the library: what it wants to wait for, and whether it gave up. The last
 * thing a caller does, since on_closed may free mqtt. */
static void settle(struct mqtt *mqtt, int code)
{
    int fd = mosquitto_socket(mqtt->mosquitto);

    if (code != MOSQ_ERR_SUCCESS && code != MOSQ_ERR_CONN_PENDING)
        enter(mqtt, PHASE_CLOSED, mosquitto_strerror(code));
    if (fd < 0)
        enter(mqtt, PHASE_CLOSED, "the connection was closed");
    if (mqtt->phase != PHASE_CLOSED) {
        uint32_t events = EPOLLIN | (mosquitto_want_write(mqtt->mosquitto) ? EPOLLOUT : 0);

        if (loop_watch(mqtt->options.loop, &mqtt->watch, fd, events) == STATUS_OK)
            return;
        enter(mqtt, PHASE_CLOSED, "cannot wait for the socket");
    }
    loop_unwatch(mqtt->options.loop, &mqtt->watch);
    loop_cancel(mqtt->options.loop, &mqtt->timer);
    mqtt->options.on_closed(mqtt->options.context, mqtt->reason);
}

/* Several packets may come in one TLS record; those that TLS holds back do not wake the loop. */
static int read_packets(struct mqtt *mqtt)
{
    int code = MOSQ_ERR_SUCCESS;

    do {
        mqtt->handled = false;
        code = mosquitto_loop_read(mqtt->mosquitto, 1);
    } while (mqtt->handled && code == MOSQ_ERR_SUCCESS && mqtt->phase != PHASE_CLOSED);
    return code;
}

static void on_ready(void *context, uint32_t events)
{
    struct mqtt *mqtt = context;
    int code = MOSQ_ERR_SUCCESS;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        code = read_packets(mqtt);
    if (code == MOSQ_ERR_SUCCESS && mosquitto_want_write(mqtt->mosquitto))
        code = mosquitto_loop_write(mqtt->mosquitto, 1);
    settle(mqtt, code);
}

static void on_due(void *context)
{
    struct mqtt *mqtt = context;
    int64_t now_ms = clock_mono_ms();
    int code = mosquitto_loop_misc(mqtt->mosquitto);

    if (mqtt->phase != PHASE_CONNECTED && now_ms >= mqtt->deadline_ms)
        enter(mqtt, PHASE_CLOSED, "no answer from the broker");
    if (loop_at(mqtt->options.loop, &mqtt->timer, now_ms + HOUSEKEEPING_MS) != STATUS_OK)
        enter(mqtt, PHASE_CLOSED, status_text(STATUS_MEMORY));
    settle(mqtt, code);
}

static bool split_broker(const char *broker, char host[MAX_HOST], int *port)
{
    const char *colon = strrchr(broker, ':');
    int64_t number;

    if (colon == NULL || (size_t)(colon - broker) >= MAX_HOST ||
        span_to_int64(span_text(colon + 1), &number) != STATUS_OK || number < 1 || number > 65535)
        return false;
    bool bracketed = broker[0] == '[' && colon > broker && colon[-1] == ']';
    snprintf(host, MAX_HOST, "%.*s", (int)(colon - broker) - (bracketed ? 2 : 0),
             broker + (bracketed ? 1 : 0));
    *port = (int)number;
    return true;
}

static int set_options(struct mqtt *mqtt)
{
    const struct mqtt_options *options = &mqtt->options;
    struct mosquitto *mosquitto = mqtt->mosquitto;

    mosquitto_connect_v5_callback_set(mosquitto, on_connect);
    mosquitto_subscribe_v5_callback_set(mosquitto, on_subscribe);
    mosquitto_message_v5_callback_set(mosquitto, on_message);
    mosquitto_publish_v5_callback_set(mosquitto, on_publish);
    mosquitto_disconnect_v5_callback_set(mosquitto, on_disconnect);
    int code = mosquitto_int_option(mosquitto, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_tls_set(mosquitto, options->root_path, NULL, options->cert_path,
                                 options->key_path, NULL);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_will_set_v5(mosquitto, options->will_topic, (int)options->will.size,
                                     options->will.data, 1, false, NULL);
    return code;
}

static enum status start(struct mqtt *mqtt, char problem[256])
{
    char host[MAX_HOST];
    int port;

    if (!split_broker(mqtt->options.broker, host, &port)) {
        snprintf(problem, 256, "\"%.150s\" is no broker: it must be host:port",
                 mqtt->options.broker);
        return STATUS_INVALID;
    }
    int code = set_options(mqtt);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_connect_async(mqtt->mosquitto, host, port, KEEPALIVE_S);
    if (code != MOSQ_ERR_SUCCESS && code != MOSQ_ERR_CONN_PENDING) {
        snprintf(problem, 256, "cannot connect to \"%.150s\": %s", mqtt->options.broker,
                 mosquitto_strerror(code));
        return STATUS_UNREACHABLE;
    }
    enum status status = loop_watch(mqtt->options.loop, &mqtt->watch,
                                    mosquitto_socket(mqtt->mosquitto), EPOLLIN | EPOLLOUT);
    if (status == STATUS_OK)
        status = loop_at(mqtt->options.loop, &mqtt->timer, clock_mono_ms() + HOUSEKEEPING_MS);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot wait for the socket: %s", status_text(status));
    return status;
}

enum status mqtt_open(struct mqtt **out, const struct mqtt_options *options, char problem[256])
{
    struct mqtt *mqtt = calloc(1, sizeof *mqtt);
    enum status status = STATUS_MEMORY;

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (mqtt == NULL)
        return STATUS_MEMORY;
    mqtt->options = *options;
    mqtt->deadline_ms = clock_mono_ms() + CONNECT_MS;
    mqtt->watch.on_ready = on_ready;
    mqtt->watch.context = mqtt;
    mqtt->timer.on_due = on_due;
    mqtt->timer.context = mqtt;
    mqtt->mosquitto = mosquitto_new(options->client_id, true, mqtt);
    if (mqtt->mosquitto != NULL)
        status = start(mqtt, problem);
    if (status != STATUS_OK) {
        mqtt_free(mqtt);
        return status;
    }
    *out = mqtt;
    return STATUS_OK;
}

void mqtt_free(struct mqtt *mqtt)
{
    if (mqtt == NULL)
        return;
    if (mqtt->phase == PHASE_CONNECTED)
        mosquitto_disconnect(mqtt->mosquitto);
    loop_unwatch(mqtt->options.loop, &mqtt->watch);
    loop_cancel(mqtt->options.loop, &mqtt->timer);
    if (mqtt->mosquitto != NULL)
        mosquitto_destroy(mqtt->mosquitto);
    free(mqtt);
}

enum status mqtt_publish(struct mqtt *mqtt, const char *topic, unsigned qos, struct span payload)
{
    if (mqtt->phase != PHASE_CONNECTED)
        return STATUS_CLOSED;
    int code = mosquitto_publish_v5(mqtt->mosquitto, NULL, topic, (int)payload.size, payload.data,
                                    (int)qos, false, NULL);
    if (code != MOSQ_ERR_SUCCESS)
        return STATUS_IO;
    /* What the socket did not take at once goes out when it is ready. */
    if (mosquitto_want_write(mqtt->mosquitto))
        return loop_watch(mqtt->options.loop, &mqtt->watch, mqtt->watch.fd, EPOLLIN | EPOLLOUT);
    return STATUS_OK;
}

void mqtt_cut(struct mqtt *mqtt)
{
    int fd = mosquitto_socket(mqtt->mosquitto);

    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
}
