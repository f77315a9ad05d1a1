#include "tests/vendors/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "tests/support/agenda.h"

#define MAX_HEADERS     6
#define IDLE_TIMEOUT_S  300
#define LOOK_AGAIN_MS   500 /* how often a waiting stream looks whether its client is still there */
#define FAREWELL_MS     2000
#define STREAM_BLOCK    4096
#define SPARE_FILES     64
#define MAX_CONNECTIONS 65536

struct header {
    char name[40];
    char value[120];
};

struct service {
    struct MHD_Daemon *daemon;
    struct service_options options;
    struct agenda *agenda;
    size_t calls;
    bool stopping;
};

struct service_call {
    struct agenda_item pause; /* first: the agenda gives it back */
    struct service *service;
    struct MHD_Connection *connection;
    const char *method, *path;
    struct buffer body;
    struct header headers[MAX_HEADERS];
    size_t header_count;
    struct service_source source; /* next NULL: none */
    enum MHD_Result result;
};

static bool client_is_gone(const struct service_call *call)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    ssize_t size = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

/* Takes the connection out of the loop until wake_ms, or sooner to look after its client. */
static ssize_t pause_call(struct service_call *call, int64_t now_ms, int64_t wake_ms)
{
    int64_t look_ms = now_ms + LOOK_AGAIN_MS;

    if (agenda_put(call->service->agenda, &call->pause, wake_ms < look_ms ? wake_ms : look_ms) !=
        STATUS_OK)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    MHD_suspend_connection(call->connection);
    return 0;
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t room)
{
    struct service_call *call = context;
    int64_t now_ms = clock_mono_ms(), wake_ms = 0;
    size_t size = 0;

    (void)position;
    if (call->service->stopping || client_is_gone(call))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    switch (
        call->source.next(call->source.context, now_ms, (uint8_t *)out, room, &size, &wake_ms)) {
    case STREAM_GIVE:
        return (ssize_t)size;
    case STREAM_WAIT:
        return pause_call(call, now_ms, wake_ms);
    case STREAM_END:
        return MHD_CONTENT_READER_END_OF_STREAM;
    case STREAM_CUT:
        break;
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct service_call *begin_call(struct service *service, struct MHD_Connection *connection,
                                       const char *method, const char *path)
{
    struct service_call *call = calloc(1, sizeof *call);

    if (call == NULL)
        return NULL;
    call->service = service;
    call->connection = connection;
    call->method = method;
    call->path = path;
    buffer_init(&call->body, SERVICE_MAX_BODY_BYTES);
    service->calls++;
    return call;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct service *service = context;
    struct service_call *call = *state;

    (void)connection;
    (void)code;
    if (call == NULL)
        return;
    agenda_drop(service->agenda, &call->pause);
    if (call->source.free)
        call->source.free(call->source.context);
    buffer_release(&call->body);
    free(call);
    service->calls--;
    *state = NULL;
}

static void dispatch(struct service_call *call)
{
    const struct service_options *options = &call->service->options;

    for (size_t i = 0; i < options->route_count; i++) {
        const struct service_route *route = &options->routes[i];

        if (strcmp(route->method, call->method) == 0 && strcmp(route->path, call->path) == 0) {
            route->handle(options->context, call);
            return;
        }
    }
    options->handle_unknown(options->context, call);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *data_size, void **state)
{
    struct service_call *call = *state;

    (void)version;
    if (call == NULL) {
        *state = begin_call(context, connection, method, path);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*data_size > 0) {
        buffer_add(&call->body, span_of(data, *data_size));
        *data_size = 0;
        return MHD_YES;
    }
    call->path = path;
    call->method = method;
    call->result = MHD_NO;
    dispatch(call);
    return call->result;
}

/* As many connections as the system lets us have. */
static unsigned connection_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 512;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) < 0)
        return 512;
    if (files.rlim_cur > MAX_CONNECTIONS + SPARE_FILES)
        return MAX_CONNECTIONS;
    return files.rlim_cur > 2 * SPARE_FILES ? (unsigned)files.rlim_cur - SPARE_FILES : SPARE_FILES;
}

static enum status listen_at(struct service *service, const struct sockaddr *address)
{
    service->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                                           (address->sa_family == AF_INET6 ? MHD_USE_IPv6 : 0),
                                       0, NULL, NULL, on_request, service, MHD_OPTION_SOCK_ADDR,
                                       address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, service,
                                       MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
                                       MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,
                                       MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u,
                                       MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
    return service->daemon != NULL ? STATUS_OK : STATUS_IO;
}

static enum status start(struct service *service, char problem[256])
{
    const struct service_options *options = &service->options;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(options->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(options->port)};
    const struct sockaddr *address = NULL;

    if (inet_pton(AF_INET, options->address, &v4.sin_addr) == 1)
        address = (const struct sockaddr *)&v4;
    else if (inet_pton(AF_INET6, options->address, &v6.sin6_addr) == 1)
        address = (const struct sockaddr *)&v6;
    if (address == NULL) {
        snprintf(problem, 256, "cannot listen on \"%.60s\": not a numeric address",
                 options->address);
        return STATUS_INVALID;
    }
    if (listen_at(service, address) != STATUS_OK) {
        snprintf(problem, 256, "cannot listen on \"%.60s\" port %u: %s (hint: is it taken?)",
                 options->address, options->port, strerror(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

enum status service_create(struct service **out, const struct service_options *options,
                           char problem[256])
{
    struct service *service = calloc(1, sizeof *service);
    enum status status = STATUS_MEMORY;

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (service == NULL)
        return STATUS_MEMORY;
    service->options = *options;
    status = agenda_create(&service->agenda);
    if (status == STATUS_OK)
        status = start(service, problem);
    if (status != STATUS_OK) {
        service_free(service);
        return status;
    }
    *out = service;
    return STATUS_OK;
}

uint16_t service_port(const struct service *service)
{
    return MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static void resume_due(struct service *service, int64_t now_ms)
{
    struct agenda_item *item;

    while ((item = agenda_take_due(service->agenda, now_ms)) != NULL)
        MHD_resume_connection(((struct service_call *)item)->connection);
}

static int64_t wait_ms(struct service *service, int64_t now_ms)
{
    int64_t wait = agenda_next_ms(service->agenda);
    MHD_UNSIGNED_LONG_LONG daemon_ms;

    wait = wait == INT64_MAX ? 1000 : wait - now_ms;
    if (MHD_get_timeout(service->daemon, &daemon_ms) == MHD_YES && (int64_t)daemon_ms < wait)
        wait = (int64_t)daemon_ms;
    if (wait > 1000)
        return 1000;
    return wait > 0 ? wait : 0;
}

static enum status turn(struct service *service, const sigset_t *while_waiting)
{
    int64_t wait = wait_ms(service, clock_mono_ms());
    struct timespec timeout = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
    struct pollfd ready = {
        .fd = MHD_get_daemon_info(service->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
        .events = POLLIN,
    };

    if (ppoll(&ready, 1, &timeout, while_waiting) < 0 && errno != EINTR)
        return STATUS_IO;
    resume_due(service, clock_mono_ms());
    return MHD_run(service->daemon) == MHD_YES ? STATUS_OK : STATUS_IO;
}

enum status service_run(struct service *service, const volatile sig_atomic_t *stop,
                        const sigset_t *while_waiting)
{
    enum status status = STATUS_OK;

    while (!*stop && status == STATUS_OK)
        status = turn(service, while_waiting);
    return status;
}

void service_free(struct service *service)
{
    if (service == NULL)
        return;
    if (service->daemon != NULL) {
        int64_t until_ms = clock_mono_ms() + FAREWELL_MS;

        /* The library does not stop while a connection is suspended. */
        service->stopping = true;
        resume_due(service, INT64_MAX);
        while (service->calls > 0 && clock_mono_ms() < until_ms)
            if (turn(service, NULL) != STATUS_OK)
                break;
        MHD_stop_daemon(service->daemon);
    }
    agenda_free(service->agenda);
    free(service);
}

const char *service_header(const struct service_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name);
}

const char *service_argument(const struct service_call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *service_path(const struct service_call *call)
{
    return call->path;
}

const char *service_method(const struct service_call *call)
{
    return call->method;
}

struct span service_body(const struct service_call *call)
{
    return buffer_span(&call->body);
}

bool service_body_is_whole(const struct service_call *call)
{
    return buffer_status(&call->body) == STATUS_OK;
}

void service_add_header(struct service_call *call, const char *name, const char *value)
{
    if (call->header_count == MAX_HEADERS)
        return;
    struct header *header = &call->headers[call->header_count++];
    snprintf(header->name, sizeof header->name, "%s", name);
    snprintf(header->value, sizeof header->value, "%s", value);
}

static void send_reply(struct service_call *call, unsigned status, const char *type,
                       struct MHD_Response *response)
{
    if (response == NULL)
        return;
    bool complete = MHD_add_response_header(response, "Content-Type", type) == MHD_YES;

    for (size_t i = 0; complete && i < call->header_count; i++)
        complete = MHD_add_response_header(response, call->headers[i].name,
                                           call->headers[i].value) == MHD_YES;
    if (complete)
        call->result = MHD_queue_response(call->connection, status, response);
    MHD_destroy_response(response);
}

void service_reply(struct service_call *call, unsigned status, const char *type, struct span body)
{
    /* The library only reads the bytes; its parameter lacks a const. */
    send_reply(call, status, type,
               MHD_create_response_from_buffer(body.size, (void *)(uintptr_t)body.data,
                                               MHD_RESPMEM_MUST_COPY));
}

void service_reply_file(struct service_call *call, const char *type, int fd, uint64_t size)
{
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(size, fd, 0);

    if (response == NULL)
        close(fd);
    send_reply(call, 200, type, response);
}

static void reply_source(struct service_call *call, const char *type, struct service_source source,
                         uint64_t size)
{
    call->source = source;
    send_reply(call, 200, type,
               MHD_create_response_from_callback(size, STREAM_BLOCK, read_stream, call, NULL));
}

static enum stream_step next_of_stream(void *context, int64_t now_ms, uint8_t *out, size_t room,
                                       size_t *size, int64_t *wake_ms)
{
    return stream_next(context, now_ms, out, room, size, wake_ms);
}

static void free_stream(void *context)
{
    stream_free(context);
}

void service_reply_stream(struct service_call *call, const char *type, struct stream *stream)
{
    uint64_t size = MHD_SIZE_UNKNOWN;

    stream_has_length(stream, &size);
    reply_source(call, type, (struct service_source){stream, next_of_stream, free_stream}, size);
}

void service_reply_source(struct service_call *call, const char *type, struct service_source source)
{
    reply_source(call, type, source, MHD_SIZE_UNKNOWN);
}
