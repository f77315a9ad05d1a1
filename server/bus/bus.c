#include "server/bus/bus.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"
#include "schema/base/queue.h"

#define DEFAULT_QUEUE_MESSAGES 20000
#define DEFAULT_QUEUE_BYTES    (64u << 20)
#define MAX_IN_FLIGHT          1000 /* the broker's max_inflight_messages is set to the same */
#define CONNECT_TIMEOUT_S      10
#define KEEPALIVE_S            20
#define GOODBYE_MS             1000
#define MAX_EVENTS             16
#define FLIGHTS                4

/* Before the payload of each queued message: when it arrived, and its topic's length; 0: a reminder
 * of the device that the payload names. */
#define HEAD_BYTES 9

enum bus_state { IDLE, CONNECTING, SUBSCRIBING, READY, LEAVING };
enum bus_event { DUE, CONNECTED, FAILED, SUBSCRIBED, LOST };

/* Messages of one connection that Paho has not finished. Those of an earlier connection may still
 * be reported when the next one is up; they count against their own. */
struct flight {
    struct bus *bus;
    unsigned count;
};

struct bus {
    MQTTAsync client;
    char *client_id;
    char *uri;
    char *ca_file, *cert_file, *key_file;
    char filter[TOPIC_SIZE];
    struct queue *queue;
    size_t queue_messages;
    pthread_t keeper; /* the only thread that connects, subscribes and disconnects */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* guarded by mutex */
    enum bus_state state;
    enum bus_event events[MAX_EVENTS];
    size_t event_count;
    bool stopping;
    bool told; /* that it cannot connect: once, however long the broker is away */
    int64_t due_ms;
    struct backoff backoff;
    struct flight flights[FLIGHTS];
    struct bus_stats stats;
};

/* ---- Paho's callbacks: they copy, enqueue, return ---- */

static void post(struct bus *bus, enum bus_event event)
{
    pthread_mutex_lock(&bus->mutex);
    if (bus->event_count < MAX_EVENTS)
        bus->events[bus->event_count++] = event;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->mutex);
}

static void on_lost(void *context, char *cause)
{
    (void)cause;
    post(context, LOST);
}

static void on_server_disconnect(void *context, MQTTProperties *properties,
                                 enum MQTTReasonCodes reason)
{
    const char *hint = reason == MQTTREASONCODE_SESSION_TAKEN_OVER
                           ? " (hint: does another mynad run as the same instance?)"
                           : "";

    (void)properties;
    log_warning("bus", "broker ends the connection: \"%s\"%s", MQTTReasonCode_toString(reason),
                hint);
    post(context, LOST);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    post(context, CONNECTED);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    struct bus *bus = context;
    const char *cause = data && data->message ? data->message : "no answer";

    pthread_mutex_lock(&bus->mutex);
    bool told = bus->told;
    bus->told = true;
    pthread_mutex_unlock(&bus->mutex);
    if (!told)
        log_warning("bus", "cannot connect to the broker: \"%s\"; trying again code=%d reason=%d",
                    cause, data ? data->code : 0, data ? (int)data->reasonCode : 0);
    post(bus, FAILED);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data)
{
    post(context,
         data && data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR ? FAILED : SUBSCRIBED);
}

static void on_unsubscribable(void *context, MQTTAsync_failureData5 *data)
{
    log_error(
        "bus",
        "broker refuses the servers' subscription reason=%d (hint: does it run our plugin, and "
        "is our certificate of the server CA?)",
        data ? (int)data->reasonCode : 0);
    post(context, FAILED);
}

static void on_gone(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    post(context, LOST);
}

static void on_gone_badly(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    post(context, LOST);
}

static void land(struct flight *flight)
{
    pthread_mutex_lock(&flight->bus->mutex);
    if (flight->count > 0)
        flight->count--;
    pthread_mutex_unlock(&flight->bus->mutex);
}

static void on_published(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    land(context);
}

static void on_unpublished(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    land(context);
}

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

static void enqueue(struct bus *bus, struct span topic, struct span payload)
{
    uint8_t head[HEAD_BYTES];
    const int64_t now_ms = clock_wall_ms();
    const struct span parts[] = {span_of(head, sizeof head), topic, payload};
    bool shed = is_shed(bus, topic);

    memcpy(head, &now_ms, sizeof now_ms);
    head[8] = (uint8_t)topic.size;
    enum status status =
        shed || topic.size >= TOPIC_SIZE ? STATUS_FULL : queue_put(bus->queue, parts, 3);

    pthread_mutex_lock(&bus->mutex);
    bus->stats.received += status == STATUS_OK;
    bus->stats.shed += shed;
    bus->stats.refused += status != STATUS_OK && !shed;
    pthread_mutex_unlock(&bus->mutex);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    size_t size = topic_size > 0 ? (size_t)topic_size : strlen(topic);

    enqueue(context, span_of(topic, size), span_of(message->payload, (size_t)message->payloadlen));
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- the connection ---- */

static bool start_connecting(struct bus *bus)
{
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;

    tls.trustStore = bus->ca_file;
    tls.keyStore = bus->cert_file;
    tls.privateKey = bus->key_file;
    tls.verify = 1; /* the name in the certificate too */
    tls.disableDefaultTrustStore = 1;
    options.keepAliveInterval = KEEPALIVE_S;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.cleanstart = 1;
    options.maxInflight = MAX_IN_FLIGHT;
    options.ssl = &tls;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failed;
    options.context = bus;
    return MQTTAsync_connect(bus->client, &options) == MQTTASYNC_SUCCESS;
}

static bool start_subscribing(struct bus *bus)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

    options.onSuccess5 = on_subscribed;
    options.onFailure5 = on_unsubscribable;
    options.context = bus;
    return MQTTAsync_subscribe(bus->client, bus->filter, 1, &options) == MQTTASYNC_SUCCESS;
}

static bool start_leaving(struct bus *bus)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;

    options.timeout = GOODBYE_MS;
    options.onSuccess5 = on_gone;
    options.onFailure5 = on_gone_badly;
    options.context = bus;
    return MQTTAsync_disconnect(bus->client, &options) == MQTTASYNC_SUCCESS;
}

static bool schedule(struct bus *bus)
{
    pthread_mutex_lock(&bus->mutex);
    bus->due_ms = clock_mono_ms() + backoff_next(&bus->backoff, crypto_random_u64());
    pthread_mutex_unlock(&bus->mutex);
    return true;
}

static bool note_ready(struct bus *bus)
{
    pthread_mutex_lock(&bus->mutex);
    backoff_reset(&bus->backoff);
    bus->told = false;
    bus->stats.connections++;
    bus->flights[bus->stats.connections % FLIGHTS].count = 0;
    pthread_mutex_unlock(&bus->mutex);
    log_info("bus", "connected to the broker as \"%s\"", bus->client_id);
    return true;
}

static bool note_lost(struct bus *bus)
{
    log_warning("bus", "connection to the broker lost");
    return schedule(bus);
}

/* An action that answers false could not begin: the same as FAILED in the new state. */
static const struct {
    enum bus_state from;
    enum bus_event event;
    enum bus_state to;
    bool (*action)(struct bus *bus);
} transitions[] = {
    {IDLE, DUE, CONNECTING, start_connecting},
    {CONNECTING, CONNECTED, SUBSCRIBING, start_subscribing},
    {CONNECTING, FAILED, IDLE, schedule},
    {CONNECTING, LOST, IDLE, schedule},
    {SUBSCRIBING, SUBSCRIBED, READY, note_ready},
    {SUBSCRIBING, FAILED, LEAVING, start_leaving},
    {SUBSCRIBING, LOST, IDLE, note_lost},
    {READY, LOST, IDLE, note_lost},
    {LEAVING, LOST, IDLE, schedule},
    {LEAVING, FAILED, IDLE, schedule},
};

static void step(struct bus *bus, enum bus_event event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++) {
        if (transitions[i].from != bus->state || transitions[i].event != event)
            continue;
        pthread_mutex_lock(&bus->mutex);
        bus->state = transitions[i].to;
        pthread_mutex_unlock(&bus->mutex);
        if (!transitions[i].action(bus))
            step(bus, FAILED);
        return;
    }
    /* an event of a state already left: nothing to do */
}

/* Waits for an event or until connecting is due; false: it is time to stop. */
static bool next_event(struct bus *bus, enum bus_event *event)
{
    bool found = false;

    pthread_mutex_lock(&bus->mutex);
    while (!found && !bus->stopping) {
        if (bus->event_count > 0) {
            *event = bus->events[0];
            bus->event_count--;
            memmove(bus->events, bus->events + 1, bus->event_count * sizeof *bus->events);
            found = true;
        } else if (bus->state == IDLE && clock_mono_ms() >= bus->due_ms) {
            *event = DUE;
            found = true;
        } else {
            int64_t wait_ms = bus->state == IDLE ? bus->due_ms - clock_mono_ms() : 1000;
            int64_t at_ns = clock_mono_ns() + (wait_ms > 0 ? wait_ms : 1) * 1000000;
            const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

            pthread_cond_timedwait(&bus->changed, &bus->mutex, &at);
        }
    }
    pthread_mutex_unlock(&bus->mutex);
    return found;
}

static void *keep(void *argument)
{
    struct bus *bus = argument;
    enum bus_event event;

    while (next_event(bus, &event))
        step(bus, event);
    return NULL;
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

static void init_lock(struct bus *bus)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&bus->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&bus->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum status make_parts(struct bus *bus, const struct bus_options *options)
{
    const size_t uri_size = strlen(options->broker) + sizeof "ssl://";

    bus->queue_messages =
        options->queue_messages ? options->queue_messages : DEFAULT_QUEUE_MESSAGES;
    enum status status =
        queue_create(&bus->queue, bus->queue_messages,
                     options->queue_bytes ? options->queue_bytes : DEFAULT_QUEUE_BYTES);
    if (status != STATUS_OK)
        return status;

    bus->uri = malloc(uri_size);
    bus->client_id = strdup(options->client_id);
    bus->ca_file = strdup(options->ca_file);
    bus->cert_file = strdup(options->cert_file);
    bus->key_file = strdup(options->key_file);
    if (!bus->uri || !bus->client_id || !bus->ca_file || !bus->cert_file || !bus->key_file)
        return STATUS_MEMORY;
    snprintf(bus->uri, uri_size, "ssl://%s", options->broker);
    name_subscription(options->master_key, bus->filter);
    backoff_init(&bus->backoff, 500, 10000, 100);
    for (size_t i = 0; i < FLIGHTS; i++)
        bus->flights[i].bus = bus;
    return STATUS_OK;
}

static enum status make_client(struct bus *bus)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;

    options.maxBufferedMessages = MAX_IN_FLIGHT; /* 100 otherwise, and a sender sleeps */
    if (MQTTAsync_createWithOptions(&bus->client, bus->uri, bus->client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    &options) != MQTTASYNC_SUCCESS)
        return STATUS_INVALID;
    if (MQTTAsync_setCallbacks(bus->client, bus, on_lost, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setDisconnected(bus->client, bus, on_server_disconnect) != MQTTASYNC_SUCCESS)
        return STATUS_INVALID;
    return STATUS_OK;
}

static void release(struct bus *bus)
{
    if (bus->client)
        MQTTAsync_destroy(&bus->client);
    queue_free(bus->queue);
    pthread_cond_destroy(&bus->changed);
    pthread_mutex_destroy(&bus->mutex);
    free(bus->uri);
    free(bus->client_id);
    free(bus->ca_file);
    free(bus->cert_file);
    free(bus->key_file);
    free(bus);
}

enum status bus_start(struct bus **out, const struct bus_options *options)
{
    struct bus *bus = calloc(1, sizeof *bus);

    if (!bus)
        return STATUS_MEMORY;
    init_lock(bus);
    enum status status = make_parts(bus, options);
    if (status == STATUS_OK)
        status = make_client(bus);
    if (status == STATUS_OK && pthread_create(&bus->keeper, NULL, keep, bus) != 0)
        status = STATUS_MEMORY;
    if (status != STATUS_OK) {
        release(bus);
        return status;
    }
    *out = bus;
    return STATUS_OK;
}

static void stop_keeper(struct bus *bus)
{
    pthread_mutex_lock(&bus->mutex);
    bus->stopping = true;
    pthread_cond_broadcast(&bus->changed);
    pthread_mutex_unlock(&bus->mutex);
    pthread_join(bus->keeper, NULL);
}

void bus_stop(struct bus *bus)
{
    if (!bus)
        return;
    stop_keeper(bus);
    queue_close(bus->queue);
    if (MQTTAsync_isConnected(bus->client) && start_leaving(bus)) {
        for (int64_t until_ms = clock_mono_ms() + GOODBYE_MS;
             MQTTAsync_isConnected(bus->client) && clock_mono_ms() < until_ms;)
            clock_sleep_ms(10);
    }
    release(bus);
}

/* ---- what others call ---- */

static enum status take_apart(uint8_t *block, size_t size, struct bus_message *out)
{
    struct bus_message message = {.block = block};

    if (size < HEAD_BYTES || size < HEAD_BYTES + (size_t)block[8])
        return STATUS_INVALID;
    memcpy(&message.arrived_ms, block, sizeof message.arrived_ms);
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

/* Counts the message in when it may go out. */
static struct flight *take_off(struct bus *bus, enum status *status)
{
    struct flight *flight = NULL;

    pthread_mutex_lock(&bus->mutex);
    struct flight *current = &bus->flights[bus->stats.connections % FLIGHTS];
    if (bus->state != READY) {
        *status = STATUS_UNREACHABLE;
    } else if (current->count >= MAX_IN_FLIGHT) {
        *status = STATUS_FULL;
    } else {
        current->count++;
        flight = current;
    }
    bus->stats.published += flight != NULL;
    bus->stats.unsent += flight == NULL;
    pthread_mutex_unlock(&bus->mutex);
    return flight;
}

enum status bus_publish(struct bus *bus, const char *topic, struct span payload)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    enum status status = STATUS_OK;
    struct flight *flight = take_off(bus, &status);

    if (!flight)
        return status;
    options.onSuccess5 = on_published;
    options.onFailure5 = on_unpublished;
    options.context = flight;
    int code = MQTTAsync_send(bus->client, topic, (int)payload.size, payload.data, 1, 0, &options);
    if (code == MQTTASYNC_SUCCESS)
        return STATUS_OK;
    land(flight);
    return code == MQTTASYNC_MAX_BUFFERED_MESSAGES ? STATUS_FULL : STATUS_UNREACHABLE;
}

uint64_t bus_connections(struct bus *bus)
{
    pthread_mutex_lock(&bus->mutex);
    uint64_t connections = bus->stats.connections;
    pthread_mutex_unlock(&bus->mutex);
    return connections;
}

bool bus_is_connected(struct bus *bus)
{
    pthread_mutex_lock(&bus->mutex);
    bool ready = bus->state == READY;
    pthread_mutex_unlock(&bus->mutex);
    return ready;
}

void bus_read_stats(struct bus *bus, struct bus_stats *out)
{
    pthread_mutex_lock(&bus->mutex);
    *out = bus->stats;
    out->in_flight = bus->flights[bus->stats.connections % FLIGHTS].count;
    out->connected = bus->state == READY;
    pthread_mutex_unlock(&bus->mutex);
    out->queued = queue_depth(bus->queue);
}
