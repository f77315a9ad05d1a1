/* fanout.c - the broker's own limit for a change that reaches a whole fleet: one message to each of
 * N clients, one answer from each, both at QoS 1, nothing else. Speaks MQTT 3.1.1 by itself: the
 * clients of a library cost more than the broker. Prints the milliseconds until the last answer,
 * the median of the rounds.
 *
 * usage: fanout PORT CLIENTS BYTES ANSWER_BYTES ROUNDS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/span.h"

#define CLIENTS_MAX   19000 /* one file each */
#define PAYLOAD_MAX   4096
#define IN_BYTES      8192
#define OUT_BYTES     65536
#define WINDOW        1000 /* messages of the publisher under way */
#define READY_MAX     256
#define CONNECTING    200 /* at once: the broker's backlog is short */
#define PATIENCE_MS   60000
#define ROUNDS_MAX    64
#define ANSWERS_TOPIC "bench/up"

/* First bytes of packets, MQTT 3.1.1 section 2.2.1 */
enum packet {
    CONNECT = 0x10,
    PUBLISH = 0x30,
    PUBLISH_QOS1 = 0x32,
    PUBACK = 0x40,
    SUBSCRIBE = 0x82,
    SUBACK = 0x90,
};

struct client {
    int fd;
    size_t in_size;
    uint8_t in[IN_BYTES];
};

struct fanout {
    int epoll_fd;
    struct client *clients; /* count, then the publisher */
    size_t count, subscribed;
    int payload_bytes, answer_bytes;
    size_t sent, in_flight, answered; /* of this round */
    size_t out_size;                  /* what the publisher's socket has not taken */
    uint8_t out[OUT_BYTES];
    bool failed;
};

static size_t put_text(uint8_t *out, const char *text)
{
    const size_t size = strlen(text);

    out[0] = (uint8_t)(size >> 8);
    out[1] = (uint8_t)size;
    memcpy(out + 2, text, size);
    return size + 2;
}

/* A packet of this body into out; the size of all of it. */
static size_t put_packet(uint8_t *out, uint8_t first, const uint8_t *body, size_t size)
{
    size_t at = 0;
    size_t left = size;

    out[at++] = first;
    do {
        out[at++] = (uint8_t)(left % 128 | (left >= 128 ? 128 : 0));
        left /= 128;
    } while (left > 0);
    memcpy(out + at, body, size);
    return at + size;
}

static size_t put_connect(uint8_t *out, size_t number)
{
    uint8_t body[64] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0}; /* clean session, no keep-alive */
    char id[32];

    snprintf(id, sizeof id, "bench-%zu", number);
    return put_packet(out, CONNECT, body, 10 + put_text(body + 10, id));
}

static size_t put_subscribe(uint8_t *out, const char *topic)
{
    uint8_t body[64] = {0, 1};
    size_t size = 2 + put_text(body + 2, topic);

    body[size++] = 1;
    return put_packet(out, SUBSCRIBE, body, size);
}

static size_t put_publish(uint8_t *out, const char *topic, uint16_t id, int bytes)
{
    uint8_t body[PAYLOAD_MAX + 64] = {0};
    size_t size = put_text(body, topic);

    body[size++] = (uint8_t)(id >> 8);
    body[size++] = (uint8_t)id;
    return put_packet(out, PUBLISH_QOS1, body, size + (size_t)bytes);
}

static void topic_of(const struct fanout *fanout, size_t number, char out[32])
{
    if (number == fanout->count)
        snprintf(out, 32, ANSWERS_TOPIC);
    else
        snprintf(out, 32, "bench/%zu", number);
}

static struct client *publisher(struct fanout *fanout)
{
    return &fanout->clients[fanout->count];
}

/* What a client says is small, and its socket empty: taken at once or not at all. */
static void say(struct fanout *fanout, const struct client *client, const uint8_t *data,
                size_t size)
{
    if (send(client->fd, data, size, MSG_NOSIGNAL) != (ssize_t)size)
        fanout->failed = true;
}

static void watch(struct fanout *fanout, struct client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};

    epoll_ctl(fanout->epoll_fd, operation, client->fd, &event);
}

/* As many messages as window and socket take. */
static void publish_some(struct fanout *fanout)
{
    struct client *client = publisher(fanout);
    const bool was_full = fanout->out_size > 0;

    for (;;) {
        while (fanout->sent < fanout->count && fanout->in_flight < WINDOW &&
               fanout->out_size + PAYLOAD_MAX + 128 <= OUT_BYTES) {
            char topic[32];

            topic_of(fanout, fanout->sent++, topic);
            fanout->in_flight++;
            fanout->out_size +=
                put_publish(fanout->out + fanout->out_size, topic,
                            (uint16_t)(fanout->sent % 60000 + 1), fanout->payload_bytes);
        }
        if (fanout->out_size == 0)
            break;
        const ssize_t taken = send(client->fd, fanout->out, fanout->out_size, MSG_NOSIGNAL);
        if (taken < 0 && errno != EAGAIN)
            fanout->failed = true;
        if (taken <= 0)
            break;
        fanout->out_size -= (size_t)taken;
        memmove(fanout->out, fanout->out + taken, fanout->out_size);
    }
    if (was_full != (fanout->out_size > 0))
        watch(fanout, client, EPOLL_CTL_MOD, EPOLLIN | (fanout->out_size > 0 ? EPOLLOUT : 0));
}

/* A message arrived: acknowledged, and answered by all but the publisher. */
static void on_publish(struct fanout *fanout, struct client *client, const uint8_t *body,
                       size_t size)
{
    const size_t topic = (size_t)body[0] << 8 | body[1];
    uint8_t out[PAYLOAD_MAX + 128];
    size_t out_size;

    if (topic + 4 > size) {
        fanout->failed = true;
        return;
    }
    out_size = put_packet(out, PUBACK, body + 2 + topic, 2);
    if (client == publisher(fanout))
        fanout->answered++;
    else
        out_size += put_publish(out + out_size, ANSWERS_TOPIC, 7, fanout->answer_bytes);
    say(fanout, client, out, out_size);
}

static void on_packet(struct fanout *fanout, struct client *client, uint8_t first,
                      const uint8_t *body, size_t size)
{
    if ((first & 0xf0) == PUBLISH)
        on_publish(fanout, client, body, size);
    else if (first == SUBACK)
        fanout->subscribed++;
    else if (first == PUBACK && client == publisher(fanout))
        fanout->in_flight--;
}

/* The whole packets of what has come; false: the last one is not whole. */
static bool take_packet(struct fanout *fanout, struct client *client, size_t *at)
{
    const uint8_t *in = client->in + *at;
    const size_t left = client->in_size - *at;
    size_t size = 0;
    size_t head = 1;

    do {
        if (head >= left)
            return false;
        size |= (size_t)(in[head] & 127) << (7 * (head - 1));
    } while (in[head++] & 128);
    if (head + size > left)
        return false;
    on_packet(fanout, client, in[0], in + head, size);
    *at += head + size;
    return true;
}

static void on_ready(struct fanout *fanout, struct client *client)
{
    size_t at = 0;
    const ssize_t size = read(client->fd, client->in + client->in_size, IN_BYTES - client->in_size);

    if (size <= 0) {
        fanout->failed |= size == 0 || errno != EAGAIN;
        return;
    }
    client->in_size += (size_t)size;
    while (take_packet(fanout, client, &at))
        ;
    client->in_size -= at;
    memmove(client->in, client->in + at, client->in_size);
}

static void turn(struct fanout *fanout)
{
    struct epoll_event ready[READY_MAX];
    const int count = epoll_wait(fanout->epoll_fd, ready, READY_MAX, 10);

    for (int i = 0; i < count; i++)
        if (ready[i].events & ~(uint32_t)EPOLLOUT)
            on_ready(fanout, ready[i].data.ptr);
    publish_some(fanout);
}

static bool connect_one(struct fanout *fanout, size_t number, int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct client *client = &fanout->clients[number];
    const int on = 1;
    uint8_t out[256];
    char topic[32];

    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        fcntl(client->fd, F_SETFL, O_NONBLOCK) < 0)
        return false;
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    topic_of(fanout, number, topic);
    size_t size = put_connect(out, number);
    size += put_subscribe(out + size, topic);
    say(fanout, client, out, size);
    watch(fanout, client, EPOLL_CTL_ADD, EPOLLIN);
    return true;
}

static bool connect_all(struct fanout *fanout, int port)
{
    const int64_t end_ms = clock_mono_ms() + PATIENCE_MS;
    size_t begun = 0;

    fanout->sent = fanout->count; /* nothing to publish yet */
    while (fanout->subscribed <= fanout->count && clock_mono_ms() < end_ms && !fanout->failed) {
        for (; begun <= fanout->count && begun < fanout->subscribed + CONNECTING; begun++)
            if (!connect_one(fanout, begun, port))
                return false;
        turn(fanout);
    }
    return fanout->subscribed > fanout->count;
}

/* Milliseconds of one round, negative when it did not end. */
static double round_ms(struct fanout *fanout)
{
    const int64_t start_ns = clock_mono_ns();

    fanout->answered = fanout->sent = fanout->in_flight = 0;
    while (fanout->answered < fanout->count || fanout->in_flight > 0) {
        if (fanout->failed || clock_mono_ns() - start_ns > PATIENCE_MS * INT64_C(1000000))
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

static bool read_numbers(int argc, char **argv, int64_t numbers[5])
{
    static const struct {
        const char *name;
        int64_t most;
    } arguments[] = {{"PORT", 65535},
                     {"CLIENTS", CLIENTS_MAX},
                     {"BYTES", PAYLOAD_MAX},
                     {"ANSWER_BYTES", PAYLOAD_MAX},
                     {"ROUNDS", ROUNDS_MAX}};

    for (int i = 0; i < 5; i++) {
        if (argc == 6 && span_to_int64(span_text(argv[i + 1]), &numbers[i]) == STATUS_OK &&
            numbers[i] >= 1 && numbers[i] <= arguments[i].most)
            continue;
        fprintf(stderr, "fanout: %s must be a number from 1 to %lld%s%s\n", arguments[i].name,
                (long long)arguments[i].most, argc == 6 ? ", and is " : "",
                argc == 6 ? argv[i + 1] : "");
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct fanout fanout;
    int64_t numbers[5];
    double rounds[ROUNDS_MAX];

    if (!read_numbers(argc, argv, numbers))
        return 2;
    fanout.count = (size_t)numbers[1];
    fanout.payload_bytes = (int)numbers[2];
    fanout.answer_bytes = (int)numbers[3];
    fanout.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    fanout.clients = calloc(fanout.count + 1, sizeof *fanout.clients);
    if (!fanout.clients || fanout.epoll_fd < 0 || !connect_all(&fanout, (int)numbers[0])) {
        fprintf(stderr, "fanout: of %zu clients %zu are subscribed (hint: ulimit -n)\n",
                fanout.count + 1, fanout.subscribed);
        return 1;
    }
    for (int64_t i = 0; i < numbers[4]; i++)
        rounds[i] = round_ms(&fanout);
    qsort(rounds, (size_t)numbers[4], sizeof *rounds, compare);
    printf("%.3f\n", rounds[numbers[4] / 2]);
    return rounds[0] < 0;
}
