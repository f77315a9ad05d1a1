#include "server/bus/uplink.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define MAX_IN_FLIGHT     1000 /* the broker's max_inflight_messages is set to the same */
#define CONNECT_TIMEOUT_S 10
#define KEEPALIVE_S       20
#define GOODBYE_MS        1000
#define MAX_EVENTS        16
#define FLIGHTS           4

enum uplink_state { IDLE, CONNECTING, SUBSCRIBING, READY, LEAVING };
enum uplink_event { DUE, CONNECTED, FAILED, SUBSCRIBED, LOST };

/* Messages of one connection that Paho has not finished. Those of an earlier connection may still
 * be reported when the next one is up; they count against their own. */
struct flight {
    struct uplink *uplink;
    unsigned count;
};

struct uplink {
    MQTTAsync client;
    char *client_id;
    char *uri;
    char *ca_file, *cert_file, *key_file;
    char *filter;
    void (*on_message)(void *owner, struct span topic, struct span payload);
    void *owner;
    pthread_t keeper; /* the only thread that connects, subscribes and disconnects */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* guarded by mutex */
    enum uplink_state state;
    enum uplink_event events[MAX_EVENTS];
    size_t event_count;
    bool stopping;
    bool told; /* that it cannot connect: once, however long the broker is away */
    int64_t due_ms;
    struct backoff backoff;
    struct flight flights[FLIGHTS];
    struct uplink_stats stats;
};

/* ---- Paho's callbacks: they copy, enqueue, return ---- */

static void post(struct uplink *uplink, enum uplink_event event)
{
    pthread_mutex_lock(&uplink->mutex);
    if (uplink->event_count < MAX_EVENTS)
        uplink->events[uplink->event_count++] = event;
    pthread_cond_broadcast(&uplink->changed);
    pthread_mutex_unlock(&uplink->mutex);
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

    struct uplink *uplink = context;

    (void)properties;
    log_warning("bus", "broker ends the connection: \"%s\"%s broker=\"%s\"",
                MQTTReasonCode_toString(reason), hint, uplink->uri);
    post(context, LOST);
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    post(context, CONNECTED);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data)
{
    struct uplink *uplink = context;
    const char *cause = data && data->message ? data->message : "no answer";

    pthread_mutex_lock(&uplink->mutex);
    bool told = uplink->told;
    uplink->told = true;
    pthread_mutex_unlock(&uplink->mutex);
    if (!told)
        log_warning(
            "bus",
            "cannot connect to the broker: \"%s\"; trying again broker=\"%s\" code=%d reason=%d",
            cause, uplink->uri, data ? data->code : 0, data ? (int)data->reasonCode : 0);
    post(uplink, FAILED);
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
    pthread_mutex_lock(&flight->uplink->mutex);
    if (flight->count > 0)
        flight->count--;
    pthread_mutex_unlock(&flight->uplink->mutex);
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

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct uplink *uplink = context;
    size_t size = topic_size > 0 ? (size_t)topic_size : strlen(topic);

    uplink->on_message(uplink->owner, span_of(topic, size),
                       span_of(message->payload, (size_t)message->payloadlen));
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- the connection ---- */

static bool start_connecting(struct uplink *uplink)
{
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;

    tls.trustStore = uplink->ca_file;
    tls.keyStore = uplink->cert_file;
    tls.privateKey = uplink->key_file;
    tls.verify = 1; /* the name in the certificate too */
    tls.disableDefaultTrustStore = 1;
    options.keepAliveInterval = KEEPALIVE_S;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.cleanstart = 1;
    options.maxInflight = MAX_IN_FLIGHT;
    options.ssl = &tls;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failed;
    options.context = uplink;
    return MQTTAsync_connect(uplink->client, &options) == MQTTASYNC_SUCCESS;
}

static bool start_subscribing(struct uplink *uplink)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

    options.onSuccess5 = on_subscribed;
    options.onFailure5 = on_unsubscribable;
    options.context = uplink;
    return MQTTAsync_subscribe(uplink->client, uplink->filter, 1, &options) == MQTTASYNC_SUCCESS;
}

static bool start_leaving(struct uplink *uplink)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;

    options.timeout = GOODBYE_MS;
    options.onSuccess5 = on_gone;
    options.onFailure5 = on_gone_badly;
    options.context = uplink;
    return MQTTAsync_disconnect(uplink->client, &options) == MQTTASYNC_SUCCESS;
}

static bool schedule(struct uplink *uplink)
{
    pthread_mutex_lock(&uplink->mutex);
    uplink->due_ms = clock_mono_ms() + backoff_next(&uplink->backoff, crypto_random_u64());
    pthread_mutex_unlock(&uplink->mutex);
    return true;
}

static bool note_ready(struct uplink *uplink)
{
    pthread_mutex_lock(&uplink->mutex);
    backoff_reset(&uplink->backoff);
    uplink->told = false;
    uplink->stats.connections++;
    uplink->flights[uplink->stats.connections % FLIGHTS].count = 0;
    pthread_mutex_unlock(&uplink->mutex);
    log_info("bus", "connected to the broker as \"%s\" broker=\"%s\"", uplink->client_id,
             uplink->uri);
    return true;
}

static bool note_lost(struct uplink *uplink)
{
    log_warning("bus", "connection to the broker lost broker=\"%s\"", uplink->uri);
    return schedule(uplink);
}

/* An action that answers false could not begin: the same as FAILED in the new state. */
static const struct {
    enum uplink_state from;
    enum uplink_event event;
    enum uplink_state to;
    bool (*action)(struct uplink *uplink);
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

static void step(struct uplink *uplink, enum uplink_event event)
{
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++) {
        if (transitions[i].from != uplink->state || transitions[i].event != event)
            continue;
        pthread_mutex_lock(&uplink->mutex);
        uplink->state = transitions[i].to;
        pthread_mutex_unlock(&uplink->mutex);
        if (!transitions[i].action(uplink))
            step(uplink, FAILED);
        return;
    }
    /* an event of a state already left: nothing to do */
}

/* Waits for an event or until connecting is due; false: it is time to stop. */
static bool next_event(struct uplink *uplink, enum uplink_event *event)
{
    bool found = false;

    pthread_mutex_lock(&uplink->mutex);
    while (!found && !uplink->stopping) {
        if (uplink->event_count > 0) {
            *event = uplink->events[0];
            uplink->event_count--;
            memmove(uplink->events, uplink->events + 1,
                    uplink->event_count * sizeof *uplink->events);
            found = true;
        } else if (uplink->state == IDLE && clock_mono_ms() >= uplink->due_ms) {
            *event = DUE;
            found = true;
        } else {
            int64_t wait_ms = uplink->state == IDLE ? uplink->due_ms - clock_mono_ms() : 1000;
            int64_t at_ns = clock_mono_ns() + (wait_ms > 0 ? wait_ms : 1) * 1000000;
            const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

            pthread_cond_timedwait(&uplink->changed, &uplink->mutex, &at);
        }
    }
    pthread_mutex_unlock(&uplink->mutex);
    return found;
}

static void *keep(void *argument)
{
    struct uplink *uplink = argument;
    enum uplink_event event;

    while (next_event(uplink, &event))
        step(uplink, event);
    return NULL;
}

static void init_lock(struct uplink *uplink)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&uplink->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&uplink->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum status make_parts(struct uplink *uplink, const struct uplink_options *options)
{
    const size_t uri_size = strlen(options->broker) + sizeof "ssl://";

    uplink->on_message = options->on_message;
    uplink->owner = options->owner;
    uplink->uri = malloc(uri_size);
    uplink->client_id = strdup(options->client_id);
    uplink->ca_file = strdup(options->ca_file);
    uplink->cert_file = strdup(options->cert_file);
    uplink->key_file = strdup(options->key_file);
    uplink->filter = strdup(options->filter);
    if (!uplink->filter || !uplink->uri || !uplink->client_id || !uplink->ca_file ||
        !uplink->cert_file || !uplink->key_file)
        return STATUS_MEMORY;
    snprintf(uplink->uri, uri_size, "ssl://%s", options->broker);
    backoff_init(&uplink->backoff, 500, 10000, 100);
    for (size_t i = 0; i < FLIGHTS; i++)
        uplink->flights[i].uplink = uplink;
    return STATUS_OK;
}

static enum status make_client(struct uplink *uplink)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;

    options.maxBufferedMessages = MAX_IN_FLIGHT; /* 100 otherwise, and a sender sleeps */
    if (MQTTAsync_createWithOptions(&uplink->client, uplink->uri, uplink->client_id,
                                    MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                    &options) != MQTTASYNC_SUCCESS)
        return STATUS_INVALID;
    if (MQTTAsync_setCallbacks(uplink->client, uplink, on_lost, on_message, NULL) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_setDisconnected(uplink->client, uplink, on_server_disconnect) !=
            MQTTASYNC_SUCCESS)
        return STATUS_INVALID;
    return STATUS_OK;
}

static void release(struct uplink *uplink)
{
    if (uplink->client)
        MQTTAsync_destroy(&uplink->client);
    pthread_cond_destroy(&uplink->changed);
    pthread_mutex_destroy(&uplink->mutex);
    free(uplink->uri);
    free(uplink->client_id);
    free(uplink->ca_file);
    free(uplink->cert_file);
    free(uplink->key_file);
    free(uplink->filter);
    free(uplink);
}

enum status uplink_start(struct uplink **out, const struct uplink_options *options)
{
    struct uplink *uplink = calloc(1, sizeof *uplink);

    if (!uplink)
        return STATUS_MEMORY;
    init_lock(uplink);
    enum status status = make_parts(uplink, options);
    if (status == STATUS_OK)
        status = make_client(uplink);
    if (status == STATUS_OK && pthread_create(&uplink->keeper, NULL, keep, uplink) != 0)
        status = STATUS_MEMORY;
    if (status != STATUS_OK) {
        release(uplink);
        return status;
    }
    *out = uplink;
    return STATUS_OK;
}

static void stop_keeper(struct uplink *uplink)
{
    pthread_mutex_lock(&uplink->mutex);
    uplink->stopping = true;
    pthread_cond_broadcast(&uplink->changed);
    pthread_mutex_unlock(&uplink->mutex);
    pthread_join(uplink->keeper, NULL);
}

void uplink_stop(struct uplink *uplink)
{
    if (!uplink)
        return;
    stop_keeper(uplink);
    if (MQTTAsync_isConnected(uplink->client) && start_leaving(uplink)) {
        for (int64_t until_ms = clock_mono_ms() + GOODBYE_MS;
             MQTTAsync_isConnected(uplink->client) && clock_mono_ms() < until_ms;)
            clock_sleep_ms(10);
    }
    release(uplink);
}

/* Counts the message in when it may go out. */
static struct flight *take_off(struct uplink *uplink, enum status *status)
{
    struct flight *flight = NULL;

    pthread_mutex_lock(&uplink->mutex);
    struct flight *current = &uplink->flights[uplink->stats.connections % FLIGHTS];
    if (uplink->state != READY) {
        *status = STATUS_UNREACHABLE;
    } else if (current->count >= MAX_IN_FLIGHT) {
        *status = STATUS_FULL;
    } else {
        current->count++;
        flight = current;
    }
    uplink->stats.published += flight != NULL;
    uplink->stats.unsent += flight == NULL;
    pthread_mutex_unlock(&uplink->mutex);
    return flight;
}

enum status uplink_publish(struct uplink *uplink, const char *topic, struct span payload)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    enum status status = STATUS_OK;
    struct flight *flight = take_off(uplink, &status);

    if (!flight)
        return status;
    options.onSuccess5 = on_published;
    options.onFailure5 = on_unpublished;
    options.context = flight;
    int code =
        MQTTAsync_send(uplink->client, topic, (int)payload.size, payload.data, 1, 0, &options);
    if (code == MQTTASYNC_SUCCESS)
        return STATUS_OK;
    land(flight);
    return code == MQTTASYNC_MAX_BUFFERED_MESSAGES ? STATUS_FULL : STATUS_UNREACHABLE;
}

void uplink_read_stats(struct uplink *uplink, struct uplink_stats *out)
{
    pthread_mutex_lock(&uplink->mutex);
    *out = uplink->stats;
    out->in_flight = uplink->flights[uplink->stats.connections % FLIGHTS].count;
    out->connected = uplink->state == READY;
    pthread_mutex_unlock(&uplink->mutex);
}
