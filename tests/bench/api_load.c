/* api_load.c - the API benchmark's clients: connections that ask again as soon as they are answered
 *
 * One thread, kept-alive connections on loopback; each takes the next path in turn. For the first
 * WARM seconds nothing is counted. Prints one line of JSON: answers a second and their times. An
 * answer that is not 200 ends the program, for its speed would mean nothing.
 *
 * usage: api_load PORT CONNECTIONS SECONDS [TOKEN] < PATHS
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "tests/bench/times.h"

#define MAX_PATHS       100000
#define MAX_CONNECTIONS 256
#define MAX_ANSWER      (4u << 20)
#define WARM_NS         ((int64_t)2000000000)

struct connection {
    int fd;
    int64_t asked_ns;
    char *answer;
    size_t have;
    size_t want; /* 0: the header is not complete */
};

struct load {
    char *paths[MAX_PATHS];
    size_t path_count, next_path;
    const char *token;
    int poll;
    struct connection connections[MAX_CONNECTIONS];
    struct times *times;
    int64_t count_from_ns;
};

static int fail(const char *what, const char *detail)
{
    fprintf(stderr, "api_load: %s: %s\n", what, detail);
    return 1;
}

static int read_paths(struct load *load)
{
    char line[4096];

    while (load->path_count < MAX_PATHS && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        load->paths[load->path_count] = strdup(line);
        if (!load->paths[load->path_count++])
            return fail("no memory", line);
    }
    return load->path_count > 0 ? 0 : fail("standard input", "no paths");
}

static int ask(struct load *load, struct connection *c)
{
    char text[8192];
    int size = snprintf(text, sizeof text,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                        "Authorization: Bearer %s\r\n\r\n",
                        load->paths[load->next_path], load->token);

    load->next_path = (load->next_path + 1) % load->path_count;
    c->have = c->want = 0;
    c->asked_ns = clock_mono_ns();
    return write(c->fd, text, (size_t)size) == size ? 0 : fail("write", strerror(errno));
}

static int dial(struct load *load, struct connection *c, unsigned port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    const int yes = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->answer = malloc(MAX_ANSWER + 1);
    if (c->fd < 0 || !c->answer || connect(c->fd, (const struct sockaddr *)&to, sizeof to) < 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0 ||
        epoll_ctl(load->poll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        return fail("connect", strerror(errno));
    return ask(load, c);
}

/* Where the answer ends, once its header is there. */
static int measure(struct connection *c)
{
    c->answer[c->have] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strstr(c->answer, "Content-Length: ");

    if (!end)
        return 0;
    if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0 || !length || length > end)
        return fail("an answer that is not 200 with a length", c->answer);
    c->want = (size_t)(end + 4 - c->answer) + strtoul(length + 16, NULL, 10);
    return c->want <= MAX_ANSWER ? 0 : fail("an answer", "too large");
}

static int hear(struct load *load, struct connection *c)
{
    ssize_t size = read(c->fd, c->answer + c->have, MAX_ANSWER - c->have);

    if (size <= 0)
        return fail("read", size < 0 ? strerror(errno) : "the server hung up");
    c->have += (size_t)size;
    if (c->want == 0 && measure(c) != 0)
        return 1;
    if (c->want == 0 || c->have < c->want)
        return 0;
    if (c->asked_ns >= load->count_from_ns)
        times_add(load->times, clock_mono_ns() - c->asked_ns);
    return ask(load, c);
}

static int run(struct load *load, int64_t until_ns)
{
    struct epoll_event events[64];

    while (clock_mono_ns() < until_ns) {
        int count = epoll_wait(load->poll, events, 64, 100);
        for (int i = 0; i < count; i++)
            if (hear(load, events[i].data.ptr) != 0)
                return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct load load;

    if (argc < 4)
        return fail("usage", "api_load PORT CONNECTIONS SECONDS [TOKEN] < PATHS");
    const unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
    const int64_t span_ns = strtoll(argv[3], NULL, 10) * 1000000000;

    load.token = argc > 4 ? argv[4] : "none";
    load.poll = epoll_create1(EPOLL_CLOEXEC);
    load.times = times_create();
    if (load.poll < 0 || !load.times || count == 0 || count > MAX_CONNECTIONS)
        return fail("start", strerror(errno));
    if (read_paths(&load) != 0)
        return 1;
    load.count_from_ns = clock_mono_ns() + WARM_NS;
    for (unsigned i = 0; i < count; i++)
        if (dial(&load, &load.connections[i], (unsigned)strtoul(argv[1], NULL, 10)) != 0)
            return 1;
    if (run(&load, load.count_from_ns + span_ns) != 0)
        return 1;
    times_print(load.times, (double)span_ns / 1e9);
    return 0;
}
