#include "agent/link/client.h"

#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/wire/limits.h"

#define KEEP_ALIVE_S      30
#define CONNECT_TIMEOUT_S 10
#define LEAVE_TIMEOUT_MS  1000

struct client {
    struct client_options options;
    MQTTAsync paho;         /* NULL: no connection */
    atomic_uint connection; /* its number */
    atomic_int unsent;
    atomic_uint failed_handshakes;
    atomic_uint told_connection; /* whose handshake was counted last: it has several errors */
};

/* On Paho's threads. */

static void tell(struct client *client, enum client_event event, int code)
{
    const struct client_listener *listener = &client->options.listener;

    listener->event(listener->context, atomic_load(&client->connection), event, code);
}

static int on_tls_error(const char *text, size_t size, void *context)
{
    struct client *client = context;
    const unsigned connection = atomic_load(&client->connection);

    (void)text, (void)size;
    if (atomic_exchange(&client->told_connection, connection) != connection)
        atomic_fetch_add(&client->failed_handshakes, 1);
    return 1; /* and the next error, until there is none */
}

static void on_connected(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    tell(context, CLIENT_CONNECTED, 0);
}

static void on_failed(void *context, MQTTAsync_failureData5 *response)
{
    tell(context, CLIENT_FAILED,
         response->reasonCode > 0 ? (int)response->reasonCode : response->code);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    tell(context, CLIENT_SUBSCRIBED, 0);
}

static void on_lost(void *context, char *cause)
{
    (void)cause;
    tell(context, CLIENT_FAILED, 0);
}

static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    tell(context, CLIENT_FAILED, (int)reason);
}

static void on_sent(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    atomic_fetch_sub(&((struct client *)context)->unsent, 1);
}

static void on_send_failed(void *context, MQTTAsync_failureData5 *response)
{
    (void)response;
    atomic_fetch_sub(&((struct client *)context)->unsent, 1);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    struct client *client = context;
    const struct client_listener *listener = &client->options.listener;
    const size_t size = topic_size > 0 ? (size_t)topic_size : strlen(topic);

    listener->message(listener->context, atomic_load(&client->connection), span_of(topic, size),
                      span_of(message->payload, (size_t)message->payloadlen));
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* On the owner's thread. */

void client_drop(struct client *client)
{
    /* what the old connection still tells on its way out carries a number of nobody's */
    atomic_fetch_add(&client->connection, 1);
    if (client->paho)
        MQTTAsync_destroy(&client->paho);
    client->paho = NULL;
    atomic_store(&client->unsent, 0);
    atomic_fetch_add(&client->connection, 1);
}

static int create(struct client *client, const char *broker)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    char url[LIMIT_URL + 8];

    snprintf(url, sizeof url, "ssl://%s", broker);
    int code = MQTTAsync_createWithOptions(&client->paho, url, client->options.id,
                                           MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (code == MQTTASYNC_SUCCESS)
        code = MQTTAsync_setCallbacks(client->paho, client, on_lost, on_message, NULL);
    if (code == MQTTASYNC_SUCCESS)
        code = MQTTAsync_setDisconnected(client->paho, client, on_disconnected);
    return code;
}

int client_connect(struct client *client, const char *broker, const char *will_topic,
                   struct span will_payload)
{
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;

    client_drop(client);
    int code = create(client, broker);
    if (code != MQTTASYNC_SUCCESS)
        return code;
    will.topicName = will_topic;
    will.payload.data = will_payload.data;
    will.payload.len = (int)will_payload.size;
    will.qos = 1;
    ssl.trustStore = client->options.broker_ca_path;
    ssl.keyStore = client->options.cert_path;
    ssl.privateKey = client->options.key_path;
    ssl.sslVersion = MQTT_SSL_VERSION_TLS_1_2; /* the least */
    ssl.verify = 1;
    ssl.ssl_error_cb = on_tls_error;
    ssl.ssl_error_context = client;
    connect.keepAliveInterval = KEEP_ALIVE_S;
    connect.connectTimeout = CONNECT_TIMEOUT_S;
    connect.cleanstart = 1;
    connect.automaticReconnect = 0;
    connect.will = &will;
    connect.ssl = &ssl;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    connect.context = client;
    return MQTTAsync_connect(client->paho, &connect);
}

bool client_subscribe(struct client *client, const char *filter)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;

    response.onSuccess5 = on_subscribed;
    response.onFailure5 = on_failed;
    response.context = client;
    return MQTTAsync_subscribe(client->paho, filter, 1, &response) == MQTTASYNC_SUCCESS;
}

void client_publish(struct client *client, const char *topic, unsigned qos, struct span payload)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;

    response.onSuccess5 = on_sent;
    response.onFailure5 = on_send_failed;
    response.context = client;
    atomic_fetch_add(&client->unsent, 1);
    if (MQTTAsync_send(client->paho, topic, (int)payload.size, payload.data, (int)qos, 0,
                       &response) != MQTTASYNC_SUCCESS)
        atomic_fetch_sub(&client->unsent, 1);
}

void client_leave(struct client *client)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
    const int64_t until_ms = clock_mono_ms() + LEAVE_TIMEOUT_MS;

    if (!client_is_connected(client))
        return;
    options.timeout = LEAVE_TIMEOUT_MS;
    options.reasonCode = MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE;
    if (MQTTAsync_disconnect(client->paho, &options) != MQTTASYNC_SUCCESS)
        return;
    while (client_is_connected(client) && clock_mono_ms() < until_ms)
        clock_sleep_ms(10);
}

bool client_is_connected(const struct client *client)
{
    return client->paho && MQTTAsync_isConnected(client->paho);
}

uint32_t client_connection(const struct client *client)
{
    return atomic_load(&client->connection);
}

unsigned client_failed_handshakes(const struct client *client)
{
    return atomic_load(&client->failed_handshakes);
}

void client_forget_failures(struct client *client)
{
    atomic_store(&client->failed_handshakes, 0);
}

int client_unsent(const struct client *client)
{
    return atomic_load(&client->unsent);
}

enum status client_create(struct client **out, const struct client_options *options)
{
    struct client *client = calloc(1, sizeof *client);

    if (!client)
        return STATUS_MEMORY;
    client->options = *options;
    *out = client;
    return STATUS_OK;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    client_drop(client);
    free(client);
}
