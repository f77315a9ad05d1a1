/* ingest_load.c - robots that have much to tell: enrols them into a stack's database, seals their
 * usage batches beforehand, then sends them as robots do: the next one when the state that counts
 * the last one has come. Prints the seconds from the first batch to the last such state.
 *
 * usage: ingest_load STATE_DIR DATABASE PORT PREFIX ROBOTS BATCHES RECORDS [raw]
 *
 * raw: the same messages to ingest_raw, whose answers are a number in clear.
 */
#include <mosquitto.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "server/envelope.h"
#include "tests/integration/server/robot.h"

#define SERVER     "9" /* the instance whose certificate we borrow; its owner does not run */
#define PATIENCE_S 40
#define SLOWEST    2000 /* records a second; below it we give up */

struct talker {
    struct robot robot;
    struct bus_message hello;
    struct bus_message *batches;
    uint64_t counted; /* the watermark that it was told */
    bool greeted;
    int64_t next;
};

struct load {
    struct mosquitto *client;
    struct talker *talkers;
    int64_t robots, batches, records;
    const char *prefix;
    bool raw;
    bool subscribed;
    int64_t ready; /* hellos answered */
    int64_t done;  /* robots whose last batch was counted */
};

/* ---- the robots ---- */

static void prepare(struct load *load, struct talker *talker)
{
    static wire_UsageBatch batch;

    talker->hello = robot_hello(&talker->robot);
    talker->batches = calloc((size_t)load->batches, sizeof *talker->batches);
    for (int64_t i = 0; i < load->batches; i++) {
        robot_begin_batch(&talker->robot, &batch);
        for (int64_t k = 0; k < load->records; k++)
            robot_use(&talker->robot, &batch, wire_Provenance_VENDOR_FINAL, 200 + (uint64_t)k, 100);
        talker->batches[i] = robot_usage(&talker->robot, &batch);
    }
}

static void enrol_all(struct load *load, struct store *store, const uint8_t *master_key)
{
    for (int64_t i = 0; i < load->robots; i++) {
        struct talker *talker = &load->talkers[i];
        char id[LIMIT_SLUG + 1];

        snprintf(id, sizeof id, "%s-%06lld", load->prefix, (long long)i);
        robot_enrol(&talker->robot, store, id, master_key);
        talker->robot.generation = 1; /* up to date: nothing but usage moves */
        robot_connect(&talker->robot);
        prepare(load, talker);
    }
}

static void send(struct load *load, const struct bus_message *message)
{
    char topic[TOPIC_SIZE];

    topic_make(topic, message->device_id, message->kind);
    mosquitto_publish(load->client, NULL, topic, (int)message->payload.size, message->payload.data,
                      1, false);
}

/* ---- what they are told ---- */

static struct talker *find(struct load *load, const char *topic)
{
    char id[LIMIT_SLUG + 1];
    enum topic_kind kind;
    const size_t prefix = strlen(load->prefix) + 1;
    int64_t place;

    if (topic_parse(span_text(topic), id, &kind) != STATUS_OK || kind != TOPIC_STATE ||
        strncmp(id, load->prefix, prefix - 1) != 0 ||
        span_to_int64(span_text(id + prefix + strspn(id + prefix, "0")), &place) != STATUS_OK)
        place = 0;
    struct talker *talker = place < load->robots ? &load->talkers[place] : NULL;
    return talker && strcmp(talker->robot.pair.device_id, id) == 0 ? talker : NULL;
}

static bool open_state(const struct talker *talker, struct span box, wire_State *state)
{
    static uint8_t plain[LIMIT_MESSAGE_BYTES];
    size_t size;

    return box_open(&talker->robot.pair, BOX_DOWN, TOPIC_STATE, box, plain, &size) == STATUS_OK &&
           message_decode(MESSAGE_STATE, span_of(plain, size), state) == STATUS_OK;
}

/* The watermark that an answer tells; false: it tells none. */
static bool read_answer(const struct load *load, const struct talker *talker, struct span answer,
                        uint64_t *counted)
{
    static wire_State state;

    if (load->raw) {
        if (answer.size == sizeof *counted)
            memcpy(counted, answer.data, sizeof *counted);
        return answer.size == sizeof *counted;
    }
    if (!open_state(talker, answer, &state))
        return false;
    *counted = state.acknowledged_seq;
    return true;
}

static void go_on(struct load *load, struct talker *talker, uint64_t counted)
{
    if (!talker->greeted) {
        talker->greeted = true;
        load->ready++;
    }
    if (counted <= talker->counted)
        return;
    talker->counted = counted;
    if (counted == talker->robot.head_seq)
        load->done++;
    else
        send(load, &talker->batches[talker->next++]);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message)
{
    struct load *load = context;
    struct talker *talker = find(load, message->topic);
    const struct span answer = span_of(message->payload, (size_t)message->payloadlen);
    uint64_t counted;

    (void)client;
    if (talker && read_answer(load, talker, answer, &counted))
        go_on(load, talker, counted);
}

static void on_subscribed(struct mosquitto *client, void *context, int id, int qos_count,
                          const int *granted)
{
    struct load *load = context;

    (void)client;
    (void)id;
    load->subscribed = qos_count == 1 && granted[0] < 3;
}

/* ---- the connection ---- */

static bool connect_to(struct load *load, const char *state_dir, int port)
{
    char ca[512], cert[512], key[512];

    snprintf(ca, sizeof ca, "%s/root.pem", state_dir);
    snprintf(cert, sizeof cert, "%s/mynad-" SERVER ".pem", state_dir);
    snprintf(key, sizeof key, "%s/mynad-" SERVER ".key", state_dir);
    load->client = mosquitto_new("Mynad_" SERVER, true, load);
    if (!load->client)
        return false;
    mosquitto_int_option(load->client, MOSQ_OPT_SEND_MAXIMUM, 1000);
    mosquitto_subscribe_callback_set(load->client, on_subscribed);
    mosquitto_message_callback_set(load->client, on_message);
    return mosquitto_tls_set(load->client, ca, NULL, cert, key, NULL) == MOSQ_ERR_SUCCESS &&
           mosquitto_connect(load->client, "127.0.0.1", port, 60) == MOSQ_ERR_SUCCESS &&
           mosquitto_subscribe(load->client, NULL, "myna/1/d/+/down/state", 1) == MOSQ_ERR_SUCCESS;
}

/* Until *counter reaches target; false: it did not. */
static bool wait_for(struct load *load, const int64_t *counter, int64_t target)
{
    const int64_t rows = load->robots * load->batches * load->records;
    const int64_t until_ms = clock_mono_ms() + PATIENCE_S * 1000 + rows * 1000 / SLOWEST;

    while (*counter < target && clock_mono_ms() < until_ms) {
        if (mosquitto_loop(load->client, 50, 1) != MOSQ_ERR_SUCCESS)
            return false;
    }
    return *counter >= target;
}

static bool wait_subscribed(struct load *load)
{
    const int64_t until_ms = clock_mono_ms() + 10000;

    while (!load->subscribed && clock_mono_ms() < until_ms &&
           mosquitto_loop(load->client, 50, 1) == MOSQ_ERR_SUCCESS)
        ;
    return load->subscribed;
}

static bool run(struct load *load)
{
    for (int64_t i = 0; i < load->robots; i++)
        send(load, &load->talkers[i].hello);
    if (!wait_for(load, &load->ready, load->robots))
        return false;

    int64_t start_ns = clock_mono_ns();
    for (int64_t i = 0; i < load->robots; i++)
        send(load, &load->talkers[i].batches[load->talkers[i].next++]);
    if (!wait_for(load, &load->done, load->robots))
        return false;
    printf("%.6f\n", (double)(clock_mono_ns() - start_ns) / 1e9);
    return true;
}

static bool read_numbers(struct load *load, char **words, int64_t *port)
{
    int64_t *const numbers[] = {port, NULL, &load->robots, &load->batches, &load->records};

    load->prefix = words[1];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i] &&
            (span_to_int64(span_text(words[i]), numbers[i]) != STATUS_OK || *numbers[i] < 1))
            return false;
    }
    return load->robots <= 100000 && load->batches <= 10000 && load->records <= LIMIT_BATCH_RECORDS;
}

int main(int argc, char **argv)
{
    struct load load = {0};
    struct authority *authority;
    struct store *store;
    char problem[256];
    int64_t port;

    load.raw = argc == 9 && strcmp(argv[8], "raw") == 0;
    if (argc != 8 + load.raw || !read_numbers(&load, argv + 3, &port))
        return 2;
    if (authority_open(&authority, argv[1], problem) != STATUS_OK ||
        store_open(&store, argv[2], 1, "ingest_load", problem) != STATUS_OK ||
        envelope_enter(store, authority, argv[1], &(struct master_keys){0}, problem) != STATUS_OK) {
        fprintf(stderr, "ingest_load: %s\n", problem);
        return 1;
    }
    mosquitto_lib_init();
    load.talkers = calloc((size_t)load.robots, sizeof *load.talkers);
    if (!load.talkers)
        return 1;
    enrol_all(&load, store, authority_data_key(authority));
    bool done = connect_to(&load, argv[1], (int)port) && wait_subscribed(&load) && run(&load);
    if (!done)
        fprintf(stderr, "ingest_load: of %lld robots %lld were greeted, %lld counted to the end\n",
                (long long)load.robots, (long long)load.ready, (long long)load.done);
    return !done;
}
