#include "tests/robots/connection.h"

#include <math.h>

#include "agent/link/peer.h"
#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "tests/robots/mqtt.h"

#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS   60000
#define RETRY_FLOOR_MS 100
#define OFFLINE_MAX_MS 30000 /* after a cut on purpose */

struct connection {
    struct connection_options options;
    struct mqtt *mqtt; /* NULL: between two sessions */
    bool up;
    wire_Session session;
    uint8_t presence[PEER_PRESENCE_SIZE];
    size_t presence_size;
    char will_topic[TOPIC_SIZE], filter[TOPIC_SIZE];
    uint64_t floor;
    struct backoff backoff;
    int64_t offline_until_ms;
    struct loop_timer begin, cut;
};

static void at(struct connection *connection, struct loop_timer *timer, int64_t at_ms)
{
    if (loop_at(connection->options.loop, timer, at_ms) != STATUS_OK)
        log_error("robots", "out of memory: robot \"%s\" stays offline",
                  connection->options.device_id);
}

static void end_session(struct connection *connection)
{
    bool was_up = connection->up;

    connection->up = false;
    mqtt_free(connection->mqtt);
    connection->mqtt = NULL;
    if (was_up)
        connection->options.on_down(connection->options.context);
}

static void begin_later(struct connection *connection)
{
    uint64_t random = dice_next(&connection->options.dice);
    int64_t at_ms = clock_mono_ms() + backoff_next(&connection->backoff, random);
    int64_t until_ms = connection->offline_until_ms;

    at(connection, &connection->begin, at_ms > until_ms ? at_ms : until_ms);
}

static void on_connected(void *context)
{
    struct connection *connection = context;

    connection->up = true;
    backoff_reset(&connection->backoff);
    connection->options.on_up(connection->options.context, &connection->session);
}

static void on_message(void *context, struct span topic, struct span payload)
{
    const struct connection_options *options = &((struct connection *)context)->options;

    options->on_message(options->context, topic, payload);
}

static void on_closed(void *context, const char *reason)
{
    struct connection *connection = context;

    log_debug("robots", "robot \"%s\" lost its connection: %s", connection->options.device_id,
              reason);
    end_session(connection);
    begin_later(connection);
}

/* The number is on disk before anybody sees it, so that no two sessions share one. */
static enum status number_session(struct connection *connection)
{
    struct notebook_facts *facts = notebook_facts(connection->options.notebook);

    if (facts->session_number < connection->floor)
        facts->session_number = connection->floor;
    connection->session.number = ++facts->session_number;
    crypto_random(connection->session.id, sizeof connection->session.id);
    enum status status = notebook_write(connection->options.notebook);
    if (status != STATUS_OK)
        return status;
    return peer_make_presence(&connection->session, connection->presence,
                              &connection->presence_size);
}

static void on_begin(void *context)
{
    struct connection *connection = context;
    struct connection_options *options = &connection->options;
    struct mqtt_options mqtt = {
        .loop = options->loop,
        .client_id = options->device_id,
        .root_path = options->root_path,
        .cert_path = options->cert_path,
        .key_path = options->key_path,
        .filter = connection->filter,
        .will_topic = connection->will_topic,
        .context = connection,
        .on_connected = on_connected,
        .on_message = on_message,
        .on_closed = on_closed,
    };
    char problem[256] = "its session's number cannot be kept";

    end_session(connection);
    enum status status = number_session(connection);
    if (status == STATUS_OK) {
        mqtt.broker = options->next_broker(options->context);
        mqtt.will = span_of(connection->presence, connection->presence_size);
        status = mqtt_open(&connection->mqtt, &mqtt, problem);
    }
    if (status == STATUS_OK)
        return;
    log_debug("robots", "robot \"%s\" cannot connect: %s", options->device_id, problem);
    begin_later(connection);
}

static void plan_cut(struct connection *connection)
{
    double hours;

    if (connection->options.cuts_per_hour <= 0)
        return;
    hours = -log(1 - dice_fraction(&connection->options.dice)) /
            (double)connection->options.cuts_per_hour;
    at(connection, &connection->cut, clock_mono_ms() + (int64_t)(hours * 3600000));
}

static void on_cut(void *context)
{
    struct connection *connection = context;

    connection->offline_until_ms =
        clock_mono_ms() + (int64_t)dice_below(&connection->options.dice, OFFLINE_MAX_MS);
    if (connection->mqtt != NULL)
        mqtt_cut(connection->mqtt);
    plan_cut(connection);
}

enum status connection_open(struct connection **out, const struct connection_options *options,
                            int64_t at_ms)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return STATUS_MEMORY;
    connection->options = *options;
    topic_make(connection->will_topic, options->device_id, TOPIC_PRESENCE);
    topic_make_down_filter(connection->filter, options->device_id);
    backoff_init(&connection->backoff, RETRY_FIRST_MS, RETRY_MAX_MS, RETRY_FLOOR_MS);
    connection->begin.on_due = on_begin;
    connection->cut.on_due = on_cut;
    connection->begin.context = connection->cut.context = connection;
    at(connection, &connection->begin, at_ms);
    plan_cut(connection);
    *out = connection;
    return STATUS_OK;
}

void connection_close(struct connection *connection)
{
    if (connection == NULL)
        return;
    mqtt_free(connection->mqtt);
    loop_cancel(connection->options.loop, &connection->begin);
    loop_cancel(connection->options.loop, &connection->cut);
    free(connection);
}

void connection_renew(struct connection *connection, uint64_t floor)
{
    connection->floor = floor;
    at(connection, &connection->begin, clock_mono_ms());
}

bool connection_is_up(const struct connection *connection)
{
    return connection->up;
}

void connection_publish(struct connection *connection, enum topic_kind kind, unsigned qos,
                        struct span payload)
{
    char topic[TOPIC_SIZE];

    topic_make(topic, connection->options.device_id, kind);
    if (connection->up && mqtt_publish(connection->mqtt, topic, qos, payload) != STATUS_OK)
        log_debug("robots", "robot \"%s\" could not send a message", connection->options.device_id);
}
