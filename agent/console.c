#include "agent/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "schema/base/buffer.h"
#include "schema/base/json.h"
#include "schema/base/log.h"

#define MAX_UNREAD_BYTES (256 * 1024)

struct client {
    int fd; /* -1: free */
    uint64_t id;
    bool overrun; /* did not read: to be dropped */
    struct buffer in;
    struct buffer out;
};

struct console {
    console_request_fn on_request;
    void *context;
    int listener;
    int wake[2]; /* a byte makes the thread look at out and stopping */
    pthread_t thread;
    pthread_mutex_t lock; /* of clients' fd, id and out, and of stopping */
    bool stopping;
    bool stopped; /* joined; of whoever stops and closes */
    uint64_t last_id;
    struct client clients[CONSOLE_MAX_CLIENTS];
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

static void wake(const struct console *console)
{
    /* a full pipe wakes as well */
    if (write(console->wake[1], "", 1) < 0)
        return;
}

static struct client *find(struct console *console, uint64_t id)
{
    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++)
        if (console->clients[i].fd >= 0 && console->clients[i].id == id)
            return &console->clients[i];
    return NULL;
}

void console_send(struct console *console, uint64_t id, struct span line)
{
    pthread_mutex_lock(&console->lock);
    struct client *client = find(console, id);
    if (client) {
        buffer_add(&client->out, line);
        buffer_byte(&client->out, '\n');
        client->overrun = buffer_status(&client->out) != STATUS_OK;
    }
    pthread_mutex_unlock(&console->lock);
    wake(console);
}

static void drop(struct console *console, struct client *client)
{
    const uint64_t id = client->id;

    pthread_mutex_lock(&console->lock);
    close(client->fd);
    client->fd = -1;
    buffer_release(&client->in);
    buffer_release(&client->out);
    pthread_mutex_unlock(&console->lock);
    console->on_request(console->context, id, CONSOLE_GONE, span_of(NULL, 0));
}

static void accept_client(struct console *console)
{
    int fd = accept(console->listener, NULL, NULL);
    struct client *client = NULL;

    if (fd < 0)
        return;
    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS && !client; i++)
        if (console->clients[i].fd < 0)
            client = &console->clients[i];
    if (!client || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        close(fd);
        return;
    }
    pthread_mutex_lock(&console->lock);
    *client = (struct client){.fd = fd, .id = ++console->last_id};
    buffer_init(&client->in, CONSOLE_MAX_LINE_BYTES);
    buffer_init(&client->out, MAX_UNREAD_BYTES);
    pthread_mutex_unlock(&console->lock);
}

static void refuse(struct console *console, const struct client *client, const char *why)
{
    char line[96];

    snprintf(line, sizeof line, "{\"error\":\"%s\"}", why);
    console_send(console, client->id, span_text(line));
}

/* What a member asks for: a text, or true, or false where that means something. */
static const struct {
    const char *member;
    enum json_type type;
    bool value;
    enum console_request request;
} requests[] = {
    {"ask", JSON_TEXT, false, CONSOLE_ASK},
    {"hear", JSON_TEXT, false, CONSOLE_HEAR},
    {"forget", JSON_BOOL, true, CONSOLE_FORGET},
    {"interrupt", JSON_BOOL, true, CONSOLE_INTERRUPT},
    {"status", JSON_BOOL, true, CONSOLE_STATUS},
    {"listen", JSON_BOOL, true, CONSOLE_LISTEN},
    {"button", JSON_BOOL, true, CONSOLE_PRESS},
    {"button", JSON_BOOL, false, CONSOLE_LET_GO},
    {"mute", JSON_BOOL, true, CONSOLE_MUTE},
    {"mute", JSON_BOOL, false, CONSOLE_UNMUTE},
    {"consent", JSON_BOOL, true, CONSOLE_CONSENT},
    {"consent", JSON_BOOL, false, CONSOLE_DECLINE},
};

/* False: the line asks for nothing that there is. */
static bool hand_on(struct console *console, const struct client *client, const struct json *json)
{
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct json *value = json_member(json, requests[i].member);

        if (!value || json_type(value) != requests[i].type)
            continue;
        if (requests[i].type == JSON_BOOL && json_bool(value, false) != requests[i].value)
            continue;
        console->on_request(console->context, client->id, requests[i].request,
                            span_text(json_text(value, NULL)));
        return true;
    }
    return false;
}

static void handle_line(struct console *console, const struct client *client, struct span line)
{
    struct json *json = NULL;

    if (json_parse(line, &json, NULL) != STATUS_OK) {
        refuse(console, client, "not a JSON object on one line");
        return;
    }
    if (!hand_on(console, client, json))
        refuse(
            console, client,
            "ask, forget, interrupt, status, listen, button, hear, mute or consent, nothing else");
    json_free(json);
}

/* Handles the whole lines that have come. */
static void handle_input(struct console *console, struct client *client)
{
    struct span input = buffer_span(&client->in);
    size_t used = 0;

    while (used < input.size) {
        const uint8_t *start = input.data + used;
        const uint8_t *end = memchr(start, '\n', input.size - used);

        if (!end)
            break;
        if (end > start)
            handle_line(console, client, span_of(start, (size_t)(end - start)));
        used += (size_t)(end - start) + 1;
    }
    buffer_consume(&client->in, used);
}

/* False: the client is gone, or sent a line that is too long. */
static bool receive(struct console *console, struct client *client)
{
    uint8_t bytes[4096];
    ssize_t got = recv(client->fd, bytes, sizeof bytes, 0);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    buffer_add(&client->in, span_of(bytes, (size_t)got));
    if (buffer_status(&client->in) != STATUS_OK)
        return false;
    handle_input(console, client);
    return true;
}

static bool transmit(struct console *console, struct client *client)
{
    bool alive = true;

    pthread_mutex_lock(&console->lock);
    const struct span out = buffer_span(&client->out);
    if (out.size > 0) {
        ssize_t sent = send(client->fd, out.data, out.size, MSG_NOSIGNAL);
        if (sent > 0)
            buffer_consume(&client->out, (size_t)sent);
        alive = sent >= 0 || errno == EAGAIN || errno == EINTR;
    }
    pthread_mutex_unlock(&console->lock);
    return alive;
}

/* Fills polls: wake, listener, then one per client. */
static bool prepare(struct console *console, struct pollfd polls[CONSOLE_MAX_CLIENTS + 2])
{
    polls[0] = (struct pollfd){.fd = console->wake[0], .events = POLLIN};
    polls[1] = (struct pollfd){.fd = console->listener, .events = POLLIN};
    pthread_mutex_lock(&console->lock);
    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++) {
        const struct client *client = &console->clients[i];
        bool writes = client->fd >= 0 && client->out.size > 0;

        polls[i + 2] = (struct pollfd){.fd = client->fd,
                                       .events = (short)(writes ? POLLIN | POLLOUT : POLLIN)};
    }
    const bool stopping = console->stopping;
    pthread_mutex_unlock(&console->lock);
    return !stopping;
}

static void serve(struct console *console, struct client *client, short events)
{
    bool alive = !(events & POLLERR);

    if (alive && (events & (POLLIN | POLLHUP)))
        alive = receive(console, client);
    if (alive && (events & POLLOUT))
        alive = transmit(console, client);
    if (!alive)
        drop(console, client);
}

/* Its socket takes no more, so poll() will not tell. */
static void drop_overrun(struct console *console)
{
    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++) {
        struct client *client = &console->clients[i];

        pthread_mutex_lock(&console->lock);
        const bool overrun = client->fd >= 0 && client->overrun;
        pthread_mutex_unlock(&console->lock);
        if (overrun)
            drop(console, client);
    }
}

static void *run(void *context)
{
    struct console *console = context;
    struct pollfd polls[CONSOLE_MAX_CLIENTS + 2];
    uint8_t bytes[64];

    pthread_mutex_lock(&console->lock); /* until console_open() has given the console out */
    pthread_mutex_unlock(&console->lock);
    while (prepare(console, polls)) {
        if (poll(polls, CONSOLE_MAX_CLIENTS + 2, -1) < 0)
            continue;
        if (polls[0].revents && read(console->wake[0], bytes, sizeof bytes) < 0)
            continue;
        for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++)
            if (polls[i + 2].revents)
                serve(console, &console->clients[i], polls[i + 2].revents);
        drop_overrun(console);
        if (polls[1].revents & POLLIN)
            accept_client(console);
    }
    return NULL;
}

/* Somebody answers on a socket that is in use; one that a killed agent left behind is removed. */
static enum status clear_path(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return STATUS_IO;
    int code = connect(fd, (const struct sockaddr *)address, sizeof *address);
    close(fd);
    if (code == 0)
        return STATUS_EXISTS;
    return unlink(address->sun_path) < 0 && errno != ENOENT ? STATUS_IO : STATUS_OK;
}

static enum status listen_at(struct console *console, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (span_to_text(span_text(path), address.sun_path, sizeof address.sun_path) != STATUS_OK)
        return STATUS_INVALID;
    memcpy(console->path, address.sun_path, sizeof console->path);
    enum status status = clear_path(&address);
    if (status != STATUS_OK)
        return status;
    console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (console->listener < 0 ||
        bind(console->listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(path, 0600) < 0 || listen(console->listener, CONSOLE_MAX_CLIENTS) < 0)
        return STATUS_IO;
    return STATUS_OK;
}

static void release(struct console *console)
{
    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++) {
        struct client *client = &console->clients[i];

        if (client->fd < 0)
            continue;
        close(client->fd);
        buffer_release(&client->in);
        buffer_release(&client->out);
    }
    if (console->listener >= 0)
        close(console->listener);
    for (size_t i = 0; i < 2; i++)
        if (console->wake[i] >= 0)
            close(console->wake[i]);
    pthread_mutex_destroy(&console->lock);
    free(console);
}

enum status console_open(struct console **out, const char *path, console_request_fn on_request,
                         void *context)
{
    struct console *console = calloc(1, sizeof *console);
    enum status status = STATUS_IO;

    if (!console)
        return STATUS_MEMORY;
    pthread_mutex_init(&console->lock, NULL);
    console->on_request = on_request;
    console->context = context;
    console->listener = console->wake[0] = console->wake[1] = -1;
    for (size_t i = 0; i < CONSOLE_MAX_CLIENTS; i++)
        console->clients[i].fd = -1;
    if (pipe(console->wake) < 0)
        goto fail;
    for (size_t i = 0; i < 2; i++)
        if (fcntl(console->wake[i], F_SETFL, O_NONBLOCK) < 0 ||
            fcntl(console->wake[i], F_SETFD, FD_CLOEXEC) < 0)
            goto fail;
    status = listen_at(console, path);
    if (status != STATUS_OK)
        goto fail;
    pthread_mutex_lock(&console->lock);
    if (pthread_create(&console->thread, NULL, run, console) != 0)
        status = STATUS_MEMORY;
    else
        *out = console;
    pthread_mutex_unlock(&console->lock);
    if (status == STATUS_OK)
        return STATUS_OK;

fail:
    release(console);
    return status;
}

void console_stop(struct console *console)
{
    if (!console || console->stopped)
        return;
    pthread_mutex_lock(&console->lock);
    console->stopping = true;
    pthread_mutex_unlock(&console->lock);
    wake(console);
    pthread_join(console->thread, NULL);
    console->stopped = true;
}

void console_close(struct console *console)
{
    if (!console)
        return;
    console_stop(console);
    if (unlink(console->path) < 0)
        log_debug("console", "the socket \"%s\" was gone already", console->path);
    release(console);
}
