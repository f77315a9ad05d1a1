/* fanout.c - the broker's own limit for a change that reaches a whole fleet: one message to each of
 * N clients, one answer from each, nothing else. Prints the milliseconds until the last answer.
 *
 * usage: fanout HOST PORT CLIENTS BYTES ROUNDS
 */
#include <mosquitto.h>
#include <poll.h>

#include "schema/base/clock.h"
#include "schema/base/span.h"

#define CLIENTS_MAX  10000
#define ANSWER_BYTES 200

struct fanout {
    struct mosquitto *publisher;
    struct mosquitto **clients;
    struct pollfd *polls;
    size_t count;
    size_t subscribed;
    size_t answered;
};

static void on_subscribed(struct mosquitto *client, void *context, int id, int qos_count,
                          const int *granted)
{
    struct fanout *fanout = context;

    (void)client;
    (void)id;
    (void)qos_count;
    (void)granted;
    fanout->subscribed++;
}

static void on_down(struct mosquitto *client, void *context,
                    const struct mosquitto_message *message)
{
    static const char answer[ANSWER_BYTES] = {0};

    (void)context;
    (void)message;
    mosquitto_publish(client, NULL, "bench/up", ANSWER_BYTES, answer, 1, false);
}

static void on_answer(struct mosquitto *client, void *context,
                      const struct mosquitto_message *message)
{
    struct fanout *fanout = context;

    (void)client;
    (void)message;
    fanout->answered++;
}

static struct mosquitto *at(struct fanout *fanout, size_t i)
{
    return i == fanout->count ? fanout->publisher : fanout->clients[i];
}

/* One turn of every client's loop. */
static void turn(struct fanout *fanout)
{
    for (size_t i = 0; i <= fanout->count; i++) {
        fanout->polls[i].fd = mosquitto_socket(at(fanout, i));
        fanout->polls[i].events =
            (short)(POLLIN | (mosquitto_want_write(at(fanout, i)) ? POLLOUT : 0));
    }
    poll(fanout->polls, fanout->count + 1, 10);
    for (size_t i = 0; i <= fanout->count; i++) {
        if (fanout->polls[i].revents & POLLIN)
            mosquitto_loop_read(at(fanout, i), 1);
        if (fanout->polls[i].revents & POLLOUT)
            mosquitto_loop_write(at(fanout, i), 1);
        mosquitto_loop_misc(at(fanout, i));
    }
}

static struct mosquitto *connect_one(struct fanout *fanout, const char *host, int port,
                                     const char *topic, bool publisher)
{
    struct mosquitto *client = mosquitto_new(NULL, true, fanout);

    if (!client)
        return NULL;
    mosquitto_subscribe_callback_set(client, on_subscribed);
    mosquitto_message_callback_set(client, publisher ? on_answer : on_down);
    if (mosquitto_connect(client, host, port, 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_subscribe(client, NULL, topic, 1) != MOSQ_ERR_SUCCESS) {
        mosquitto_destroy(client);
        return NULL;
    }
    return client;
}

static bool connect_all(struct fanout *fanout, const char *host, int port)
{
    fanout->publisher = connect_one(fanout, host, port, "bench/up", true);
    if (!fanout->publisher)
        return false;
    for (size_t i = 0; i < fanout->count; i++) {
        char topic[32];

        snprintf(topic, sizeof topic, "bench/%zu", i);
        fanout->clients[i] = connect_one(fanout, host, port, topic, false);
        if (!fanout->clients[i])
            return false;
    }
    int64_t end_ms = clock_mono_ms() + 20000;
    while (fanout->subscribed < fanout->count + 1 && clock_mono_ms() < end_ms)
        turn(fanout);
    return fanout->subscribed == fanout->count + 1;
}

/* Milliseconds of one round, negative when it did not end. */
static double round_ms(struct fanout *fanout, const void *payload, int bytes)
{
    int64_t start_ns = clock_mono_ns();

    fanout->answered = 0;
    for (size_t i = 0; i < fanout->count; i++) {
        char topic[32];

        snprintf(topic, sizeof topic, "bench/%zu", i);
        mosquitto_publish(fanout->publisher, NULL, topic, bytes, payload, 1, false);
    }
    while (fanout->answered < fanout->count) {
        if (clock_mono_ns() - start_ns > 20000000000)
            return -1;
        turn(fanout);
    }
    return (double)(clock_mono_ns() - start_ns) / 1e6;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    int64_t numbers[4];
    struct fanout fanout = {0};
    double rounds[64];

    if (argc != 6)
        return 2;
    for (int i = 0; i < 4; i++)
        if (span_to_int64(span_text(argv[i + 2]), &numbers[i]) != STATUS_OK)
            return 2;
    fanout.count = (size_t)numbers[1];
    if (fanout.count > CLIENTS_MAX || numbers[3] < 1 || numbers[3] > 64)
        return 2;
    mosquitto_lib_init();
    fanout.clients = calloc(fanout.count, sizeof *fanout.clients);
    fanout.polls = calloc(fanout.count + 1, sizeof *fanout.polls);
    void *payload = calloc(1, (size_t)numbers[2]);
    if (!fanout.clients || !fanout.polls || !payload ||
        !connect_all(&fanout, argv[1], (int)numbers[0])) {
        fputs("fanout: the clients could not connect\n", stderr);
        return 1;
    }
    for (int64_t i = 0; i < numbers[3]; i++)
        rounds[i] = round_ms(&fanout, payload, (int)numbers[2]);
    qsort(rounds, (size_t)numbers[3], sizeof *rounds, compare);
    printf("%.3f\n", rounds[numbers[3] / 2]);
    return rounds[0] < 0;
}
