#include "tests/simulation/network.h"

#include <stdio.h>
#include <string.h>

#define KEEP_ALIVE_MS 45000 /* one and a half times the robots' 30 s */
#define DIAL_LIMIT_MS 10000
#define TAPE          128

struct tape {
    const struct network_message *messages[TAPE];
    size_t count;
};

struct network {
    struct timeline *timeline;
    const struct profile *profile;
    bool calm;
    bool up;
    uint64_t life; /* of the broker: what was sent in an earlier one is lost */
    struct network_client *clients;
    struct network_server *servers[NETWORK_SERVERS];
    size_t server_count;
    struct tape up_tape, down_tape;
};

/* One message on its way to one end. */
struct flight {
    struct network *network;
    const struct network_message *message;
};

/* Something about one robot's line. */
struct call {
    struct network *network;
    struct network_client *client;
};

void network_open(struct network **out, struct timeline *timeline, const struct profile *profile)
{
    struct network *network = timeline_take(timeline, sizeof *network);

    network->timeline = timeline;
    network->profile = profile;
    network->up = true;
    *out = network;
}

void network_add_client(struct network *network, struct network_client *client)
{
    client->next = network->clients;
    network->clients = client;
}

void network_add_server(struct network *network, struct network_server *server)
{
    network->servers[network->server_count++] = server;
    server->subscribed = true;
}

void network_calm(struct network *network)
{
    network->calm = true;
    for (struct network_client *client = network->clients; client; client = client->next)
        client->cut_until_ms = 0;
}

bool network_is_up(const struct network *network)
{
    return network->up;
}

/* ---- chance ---- */

static bool happens(struct network *network, unsigned per_mille)
{
    return !network->calm && timeline_chance(network->timeline, per_mille);
}

static int64_t draw_delay(struct network *network)
{
    if (happens(network, network->profile->very_slow))
        return timeline_between(network->timeline, 20000, 90000);
    if (happens(network, network->profile->slow))
        return timeline_between(network->timeline, 500, 15000);
    return timeline_between(network->timeline, 2, 80);
}

static bool is_cut(const struct network *network, const struct network_client *client)
{
    return network->timeline->now_ms < client->cut_until_ms;
}

/* ---- delivery ---- */

static struct network_client *find_client(const struct network *network, const char *device_id)
{
    for (struct network_client *client = network->clients; client; client = client->next) {
        if (client->connected && strcmp(client->device_id, device_id) == 0)
            return client;
    }
    return NULL;
}

static struct network_server *pick_server(struct network *network)
{
    struct network_server *up[NETWORK_SERVERS];
    size_t count = 0;

    for (size_t i = 0; i < network->server_count; i++) {
        if (network->servers[i]->subscribed)
            up[count++] = network->servers[i];
    }
    return count > 0 ? up[dice_below(&network->timeline->dice, count)] : NULL;
}

static void deliver(struct network *network, const struct network_message *message)
{
    timeline_note(network->timeline, message->payload.size * 32 + (uint64_t)message->kind);
    if (topic_kind_is_up(message->kind)) {
        struct network_server *server = pick_server(network);

        if (server)
            server->on_message(server->context, message);
        return;
    }
    struct network_client *client = find_client(network, message->device_id);
    if (client && !is_cut(network, client))
        client->on_message(client->context, message);
}

static void arrive(void *context, uint64_t life)
{
    const struct flight *flight = context;

    if (flight->network->up && flight->network->life == life)
        deliver(flight->network, flight->message);
}

static void send_once(struct network *network, const struct network_message *message,
                      int64_t delay_ms)
{
    struct flight *flight = timeline_take(network->timeline, sizeof *flight);

    *flight = (struct flight){network, message};
    timeline_after(network->timeline, delay_ms, arrive, flight, network->life);
}

static struct network_message *make(struct network *network, const char *device_id,
                                    enum topic_kind kind, struct span payload)
{
    struct network_message *message = timeline_take(network->timeline, sizeof *message);
    uint8_t *bytes = timeline_take(network->timeline, payload.size + 1);

    memcpy(bytes, payload.data, payload.size);
    *message = (struct network_message){
        .kind = kind,
        .sent_ms = network->timeline->now_ms,
        .payload = span_of(bytes, payload.size),
    };
    snprintf(message->device_id, sizeof message->device_id, "%s", device_id);
    return message;
}

static void record(struct tape *tape, const struct network_message *message)
{
    tape->messages[tape->count++ % TAPE] = message;
}

static void send(struct network *network, const struct network_message *message)
{
    record(topic_kind_is_up(message->kind) ? &network->up_tape : &network->down_tape, message);
    if (!network->up || happens(network, network->profile->lost))
        return;
    const int64_t delay_ms = draw_delay(network);
    send_once(network, message, delay_ms);
    if (happens(network, network->profile->doubled))
        send_once(network, message, delay_ms + draw_delay(network));
}

void network_publish_up(struct network *network, struct network_client *client,
                        enum topic_kind kind, struct span payload)
{
    if (client->connected && !is_cut(network, client))
        send(network, make(network, client->device_id, kind, payload));
}

void network_publish_down(struct network *network, const char *device_id, enum topic_kind kind,
                          struct span payload)
{
    send(network, make(network, device_id, kind, payload));
}

/* ---- connections ---- */

/* The broker ends a connection: the will goes out, and the robot hears of it if it can. */
static void end_connection(struct network *network, struct network_client *client)
{
    client->connected = false;
    client->connection++;
    send(network, client->will);
    client->on_lost(client->context);
}

static void accept_client(struct network *network, struct network_client *client)
{
    struct network_client *older = find_client(network, client->device_id);

    if (older)
        end_connection(network, older);
    client->connected = true;
    client->cut_until_ms = 0;
    client->on_up(client->context);
}

static struct call *make_call(struct network *network, struct network_client *client)
{
    struct call *call = timeline_take(network->timeline, sizeof *call);

    *call = (struct call){network, client};
    return call;
}

static void answer_dial(void *context, uint64_t connection)
{
    const struct call *call = context;
    struct network_client *client = call->client;
    struct network *network = call->network;

    if (client->connection != connection || client->connected)
        return;
    if (network->up && !is_cut(network, client))
        accept_client(network, client);
    else
        client->on_lost(client->context);
}

void network_dial(struct network *network, struct network_client *client, struct span will)
{
    struct call *call = make_call(network, client);
    const bool answered = network->up && !is_cut(network, client);

    client->connection++;
    client->connected = false;
    client->will = make(network, client->device_id, TOPIC_PRESENCE, will);
    timeline_after(network->timeline,
                   answered ? timeline_between(network->timeline, 30, 400) : DIAL_LIMIT_MS,
                   answer_dial, call, client->connection);
}

static void notice_death(void *context, uint64_t life)
{
    const struct flight *flight = context;

    if (flight->network->up && flight->network->life == life)
        send(flight->network, flight->message);
}

void network_drop(struct network *network, struct network_client *client)
{
    struct flight *flight = timeline_take(network->timeline, sizeof *flight);

    client->connection++;
    if (!client->connected)
        return;
    client->connected = false;
    *flight = (struct flight){network, client->will};
    /* a killed process closes its socket, a dead machine does not */
    timeline_after(network->timeline, timeline_chance(network->timeline, 500) ? 1 : KEEP_ALIVE_MS,
                   notice_death, flight, network->life);
}

static void notice_cut(void *context, uint64_t connection)
{
    const struct call *call = context;
    struct network_client *client = call->client;

    if (client->connected && client->connection == connection && is_cut(call->network, client))
        end_connection(call->network, client);
}

void network_cut(struct network *network, struct network_client *client, int64_t duration_ms)
{
    client->cut_until_ms = network->timeline->now_ms + duration_ms;
    timeline_after(network->timeline, KEEP_ALIVE_MS, notice_cut, make_call(network, client),
                   client->connection);
}

/* ---- the broker ---- */

static void start_broker(void *context, uint64_t life)
{
    struct network *network = context;

    if (network->life != life)
        return;
    network->up = true;
    for (size_t i = 0; i < network->server_count; i++)
        network->servers[i]->subscribed = true;
}

void network_restart_broker(struct network *network, int64_t duration_ms)
{
    network->up = false;
    network->life++;
    for (size_t i = 0; i < network->server_count; i++)
        network->servers[i]->subscribed = false;
    timeline_after(network->timeline, duration_ms, start_broker, network, network->life);
    for (struct network_client *client = network->clients; client; client = client->next) {
        if (!client->connected)
            continue;
        client->connected = false; /* the wills die with the broker */
        client->connection++;
        client->on_lost(client->context);
    }
}

/* ---- the attacker ---- */

const struct network_message *network_overhear(struct network *network, bool up)
{
    const struct tape *tape = up ? &network->up_tape : &network->down_tape;
    const size_t kept = tape->count < TAPE ? tape->count : TAPE;

    return kept > 0 ? tape->messages[dice_below(&network->timeline->dice, kept)] : NULL;
}

void network_inject(struct network *network, const struct network_message *message)
{
    deliver(network, message);
}
