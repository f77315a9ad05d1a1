#include "server/http/http.h"

#include <assert.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/http/admission.h"
#include "server/http/crew.h"
#include "server/http/chorus.h"
#include "server/http/guests.h"
#include "server/http/listen.h"
#include "server/http/mhd_events.h"
#include "server/http/mhd_reply.h"
#include "server/http/mhd_request.h"
#include "server/http/recorder.h"
#include "server/http/spool.h"

#define HTTP_THREADS_MAX    2u
#define IDLE_TIMEOUT_S      120u
#define BODY_TIMEOUT_S      10u /* between two pieces of a body */
#define PATIENCE_MS         10
#define WAITING_REQUESTS    512u
#define REQUEST_MEMORY      ((size_t)24 << 20)
#define URL_SIZE            96
#define WRITTEN_PIECE_BYTES ((size_t)64 << 10)
#define BYTES_PER_MS        16 /* a body or an answer that is slower runs out of time */
#define RETIRED_MAX         8

/* What the bodies under way may take together: they are read before anybody is asked who he is. */
static const size_t bodies_max[] = {
    [ROUTE_BODY_NORMAL] = 128 * ROUTE_BODY_BYTES,
    [ROUTE_BODY_LARGE] = 2 * ROUTE_LARGE_BODY_BYTES,
};

#define BODY_KINDS (sizeof bodies_max / sizeof *bodies_max)

struct http {
    struct MHD_Daemon *daemon;
    struct MHD_Daemon *retired[RETIRED_MAX]; /* of earlier certificates: they accept no more */
    size_t retired_count;
    struct guests *guests;
    struct crew *crew;
    struct chorus *chorus;
    struct http_options options;
    int fd;
    unsigned port;
    char url[URL_SIZE];
    atomic_uint_fast64_t answers[6];
    atomic_uint_fast64_t refused;
    atomic_size_t bodies[BODY_KINDS]; /* bytes */
    atomic_uint writing;              /* workers that write an answer which is under way */
    atomic_bool is_stopping;
};

enum exchange_state { READING, WORKING, ANSWERED };

/* One request from its headers to the last byte of its answer. */
struct exchange {
    struct chorus_one asking; /* first, so that it tells the exchange */
    struct http *http;
    atomic_uint owners; /* the connection, and a worker that writes while it is read */
    struct MHD_Connection *connection;
    struct guest *guest;
    enum exchange_state state;
    struct arena *arena;
    struct buffer body;
    size_t body_bytes; /* counted in http->bodies */
    struct request request;
    struct reply reply;
    struct spool *spool; /* of REPLY_WRITTEN */
    struct spool_reader reader;
};

/* How long the one at the other end may take */

static void expect(struct exchange *exchange, int64_t more_ms)
{
    const struct http *http = exchange->http;

    guests_expect(http->guests, exchange->guest,
                  clock_mono_ms() + http->options.request_timeout_ms + more_ms);
}

static void expect_nothing(struct exchange *exchange)
{
    guests_expect(exchange->http->guests, exchange->guest, GUESTS_ANY_TIME);
}

static struct guest *guest_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

static void exchange_drop(struct exchange *exchange)
{
    if (exchange == NULL || atomic_fetch_sub(&exchange->owners, 1) > 1)
        return;
    spool_free(exchange->spool);
    /* a file that was never handed to the library */
    if (exchange->reply.fd >= 0)
        close(exchange->reply.fd);
    if (exchange->body_bytes > 0)
        atomic_fetch_sub(&exchange->http->bodies[exchange->request.route->body],
                         exchange->body_bytes);
    request_release(&exchange->request);
    buffer_release(&exchange->body);
    arena_free(exchange->arena);
    free(exchange);
}

static struct exchange *exchange_create(struct http *http, struct MHD_Connection *connection)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL)
        return NULL;
    if (arena_create(&exchange->arena, REQUEST_MEMORY) != STATUS_OK) {
        free(exchange);
        return NULL;
    }
    exchange->http = http;
    exchange->connection = connection;
    exchange->guest = guest_of(connection);
    atomic_init(&exchange->owners, 1);
    buffer_init(&exchange->body, ROUTE_BODY_BYTES);
    reply_init(&exchange->reply, exchange->arena);
    return exchange;
}

/* The work, on a worker's thread */

/* Once it is admitted. */
static void serve(struct http *http, struct request *request, struct reply *reply)
{
    const struct http_hooks *hooks = http->options.hooks;
    bool keyed = strcmp(request->method, "POST") == 0 && hooks != NULL && hooks->before != NULL &&
                 request_header(request, "Idempotency-Key") != NULL;

    if (keyed && hooks->before(http->options.context, request, reply))
        return;
    request->route->handler(http->options.context, request, reply);
    if (keyed)
        hooks->after(http->options.context, request, reply);
}

/* A failure that no handler saw, and a word to the operator about those of our own. */
static void settle(struct exchange *exchange)
{
    const struct request *request = &exchange->request;

    if (arena_failed(exchange->arena))
        reply_problem(&exchange->reply, 500, "the answer is too large: ask for less of it");
    if (exchange->reply.status == 500)
        log_warning("http", "a request failed method=%s path=%s address=%s", request->method,
                    request->path, request->address);
}

/* An answer that is sent while it is written, and those who write */

static void suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* The library does not look at the socket of a connection that is suspended. Who says no more has
 * gone: while a file comes there is nothing to say. */
static bool has_gone(void *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd look = {.fd = info != NULL ? info->connect_fd : -1, .events = POLLRDHUP};

    return poll(&look, 1, 0) > 0;
}

/* A file may take a minute, and others want to be served meanwhile. */
static unsigned most_writers(const struct http *http)
{
    return http->options.workers < 4 ? 1 : http->options.workers / 4;
}

/* False: a problem is the answer. */
static bool begin_writing(struct exchange *exchange)
{
    struct http *http = exchange->http;

    if (atomic_fetch_add(&http->writing, 1) >= most_writers(http)) {
        exchange->reply.header_count = 0;
        reply_header(&exchange->reply, "Retry-After", "10");
        reply_problem(&exchange->reply, 503, "%u files are being written already: try again soon",
                      most_writers(http));
    } else if (spool_create(&exchange->spool) != STATUS_OK) {
        exchange->reply.header_count = 0;
        reply_problem(&exchange->reply, 503,
                      "the server has no room for the file: free some in /var/tmp");
    } else {
        exchange->reader = (struct spool_reader){suspend, resume, has_gone, exchange->connection};
        atomic_fetch_add(&exchange->owners, 1);
        return true;
    }
    atomic_fetch_sub(&http->writing, 1);
    return false;
}

static enum status add_text(void *context, struct span text)
{
    struct exchange *exchange = context;

    return atomic_load(&exchange->http->is_stopping) ? STATUS_CLOSED
                                                     : spool_add(exchange->spool, text);
}

/* The connection is answering meanwhile and may end at any moment: the reply is its own now. */
static void write_body(struct exchange *exchange, reply_write write, void *job)
{
    struct http *http = exchange->http;
    enum status status = write(job, add_text, exchange);

    spool_end(exchange->spool, status == STATUS_OK);
    if (status != STATUS_OK && status != STATUS_CLOSED)
        log_warning("http", "an answer was cut short: %s", status_text(status));
    exchange_drop(exchange);
    atomic_fetch_sub(&http->writing, 1);
}

static void finish(struct exchange *exchange)
{
    const reply_write write = exchange->reply.write;
    void *job = exchange->reply.job;
    const bool writes = exchange->reply.kind == REPLY_WRITTEN && begin_writing(exchange);

    exchange->state = ANSWERED;
    MHD_resume_connection(exchange->connection);
    if (writes)
        write_body(exchange, write, job);
}

/* Those who ask along with first get its answer. */
static void answer_along(struct exchange *first)
{
    struct chorus_one *next = chorus_along(&first->asking);

    for (struct chorus_one *one = next; one != NULL; one = next) {
        struct exchange *exchange = (struct exchange *)one;

        next = chorus_along(one); /* who is answered is gone */
        reply_copy(&exchange->reply, &first->reply);
        settle(exchange);
        finish(exchange);
    }
}

/* As long as others ask the same meanwhile. */
static void answer_together(struct exchange *exchange)
{
    struct http *http = exchange->http;

    for (struct exchange *next = NULL; exchange != NULL; exchange = next) {
        serve(http, &exchange->request, &exchange->reply);
        settle(exchange);
        next = (struct exchange *)chorus_next(http->chorus, &exchange->asking);
        answer_along(exchange);
        finish(exchange);
    }
}

static void work(void *job)
{
    struct exchange *exchange = job;
    struct http *http = exchange->http;
    const struct http_hooks *hooks = http->options.hooks;
    const struct request *request = &exchange->request;
    const bool may_pass = admission_check(&http->options, &exchange->request, &exchange->reply);
    const char *question =
        may_pass && hooks != NULL && hooks->question != NULL ? hooks->question(request) : NULL;

    if (question != NULL) {
        if (chorus_join(http->chorus, &exchange->asking, question))
            answer_together(exchange);
        return;
    }
    if (may_pass)
        serve(http, &exchange->request, &exchange->reply);
    settle(exchange);
    finish(exchange);
}

/* Answers, on the library's threads */

static ssize_t read_written(void *context, uint64_t position, char *out, size_t max)
{
    struct exchange *exchange = context;
    const ssize_t size =
        spool_read(exchange->spool, position, (uint8_t *)out, max, &exchange->reader);

    if (size > 0) /* it has room for more: what it was given before has gone */
        expect(exchange, size / BYTES_PER_MS);
    else
        expect_nothing(exchange); /* the writer's turn */
    if (size == SPOOL_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return size < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : size;
}

static struct MHD_Response *make_response(struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;

    if (reply->kind == REPLY_EVENTS) {
        struct MHD_Response *response =
            mhd_events_response(exchange->http->options.hub, reply->sight, reply->events_until_ms,
                                exchange->connection);
        if (response != NULL)
            return response;
        reply_header(reply, "Retry-After", "30");
        reply_problem(reply, 503, "too many event streams are open");
    }
    if (reply->kind == REPLY_WRITTEN)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, WRITTEN_PIECE_BYTES,
                                                 read_written, exchange, NULL);
    if (reply->kind == REPLY_FILE) {
        struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(
            reply->file_size, reply->fd, reply->file_offset);
        if (response != NULL)
            reply->fd = -1; /* the library closes it now */
        return response;
    }
    /* the bytes live in the exchange, which outlives its answer */
    return MHD_create_response_from_buffer(reply->body.size, (void *)(uintptr_t)reply->body.data,
                                           MHD_RESPMEM_PERSISTENT);
}

/* Who reads slowly keeps the answer in memory meanwhile. */
static void expect_reading(struct exchange *exchange)
{
    const struct reply *reply = &exchange->reply;
    const uint64_t bytes = reply->kind == REPLY_FILE ? reply->file_size : reply->body.size;

    if (reply->kind == REPLY_EVENTS)
        expect_nothing(exchange); /* that is as long as the hub holds it */
    else
        expect(exchange, (int64_t)(bytes / BYTES_PER_MS));
}

static enum MHD_Result answer(struct exchange *exchange)
{
    struct MHD_Response *response = make_response(exchange);
    unsigned status = exchange->reply.status;

    if (response == NULL)
        return MHD_NO;
    expect_reading(exchange);
    recorder_note(&exchange->request, &exchange->reply);
    mhd_reply_headers(response, &exchange->reply, exchange->request.secure);
    enum MHD_Result result = MHD_queue_response(exchange->connection, status, response);
    MHD_destroy_response(response);
    atomic_fetch_add(&exchange->http->answers[status / 100 <= 5 ? status / 100 : 5], 1);
    return result;
}

/* Requests, on the library's threads */

static enum MHD_Result refuse(struct exchange *exchange, unsigned status, const char *detail)
{
    reply_problem(&exchange->reply, status, "%s", detail);
    exchange->state = ANSWERED;
    return answer(exchange);
}

static size_t body_limit(const struct route *route)
{
    return route->body == ROUTE_BODY_LARGE ? ROUTE_LARGE_BODY_BYTES : ROUTE_BODY_BYTES;
}

static void set_timeout(struct MHD_Connection *connection, unsigned seconds)
{
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, seconds);
}

/* Headers are here: what can be refused now is refused before any body is read. */
static enum MHD_Result begin(struct exchange *exchange, const char *url, const char *method)
{
    struct request *request = &exchange->request;
    const struct http_options *options = &exchange->http->options;
    int64_t announced = 0;

    request->arena = exchange->arena;
    request->secure = options->cert_pem != NULL;
    const unsigned refusal = mhd_request_fill(exchange->connection, url, method, request);
    if (refusal != 0)
        return refuse(exchange, refusal,
                      "at most 64 headers, 64 cookies and 64 parameters are taken");
    if (options->proxies != NULL)
        proxies_look_through(options->proxies, request);
    enum status status = request_match(request, options->tables, options->table_count);
    if (status == STATUS_NOT_FOUND)
        return refuse(exchange, 404, "there is nothing at this path");
    if (status == STATUS_DENIED)
        return refuse(exchange, 405, "this path does not take that method");
    if (status != STATUS_OK)
        return refuse(exchange, 503, status_text(status));

    size_t limit = body_limit(request->route);
    const char *length = request_header(request, "Content-Length");
    if (length != NULL && span_to_int64(span_text(length), &announced) == STATUS_OK &&
        announced > (int64_t)limit)
        return refuse(exchange, 413, "the body is larger than this path takes");
    const char *packed = request_header(request, "Content-Encoding");
    if (packed != NULL && strcasecmp(packed, "identity") != 0)
        return refuse(exchange, 415, "a body is taken as it is: leave out Content-Encoding");
    buffer_init(&exchange->body, limit);
    /* The library may miss the end of a connection that comes together with data: a sender who goes
     * away in mid-body would keep its share of bodies_max for the whole idle time. */
    set_timeout(exchange->connection, BODY_TIMEOUT_S);
    expect(exchange, 0);
    return MHD_YES;
}

static enum MHD_Result read_body(struct exchange *exchange, const char *data, size_t *size)
{
    const enum route_body kind = exchange->request.route->body;
    const size_t before = atomic_fetch_add(&exchange->http->bodies[kind], *size);
    const bool fits = before + *size <= bodies_max[kind];

    exchange->body_bytes += *size;
    guests_extend(exchange->http->guests, exchange->guest, (int64_t)(*size / BYTES_PER_MS));
    if (fits)
        buffer_add(&exchange->body, span_of(data, *size));
    else
        atomic_fetch_add(&exchange->http->refused, 1);
    *size = 0;
    /* too large, alone or with the others: nothing can be answered while data comes, so hang up */
    return fits && buffer_status(&exchange->body) == STATUS_OK ? MHD_YES : MHD_NO;
}

/* Who is known already and asks what is being answered needs no worker. True: the exchange is
 * another thread's now. */
static bool join_at_once(struct exchange *exchange)
{
    const struct http *http = exchange->http;
    const struct http_hooks *hooks = http->options.hooks;
    struct request *request = &exchange->request;
    const char *question = hooks != NULL && hooks->question != NULL && hooks->recognise != NULL
                               ? hooks->question(request)
                               : NULL;

    return question != NULL && !request_is_write(request) &&
           hooks->recognise(http->options.context, request) &&
           request->actor.role >= request->route->role &&
           chorus_follow(http->chorus, &exchange->asking, question);
}

static enum MHD_Result dispatch(struct exchange *exchange)
{
    exchange->request.body = buffer_span(&exchange->body);
    exchange->state = WORKING;
    set_timeout(exchange->connection, IDLE_TIMEOUT_S);
    expect_nothing(exchange);
    MHD_suspend_connection(exchange->connection);
    if (join_at_once(exchange))
        return MHD_YES;
    if (crew_put(exchange->http->crew, exchange) == STATUS_OK)
        return MHD_YES;
    atomic_fetch_add(&exchange->http->refused, 1);
    reply_header(&exchange->reply, "Retry-After", "1");
    reply_problem(&exchange->reply, 503, "the server is busy: try again");
    exchange->state = ANSWERED;
    MHD_resume_connection(exchange->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **slot)
{
    struct exchange *exchange = *slot;

    (void)version;
    if (exchange == NULL) {
        exchange = exchange_create(context, connection);
        *slot = exchange;
        return exchange != NULL ? begin(exchange, url, method) : MHD_NO;
    }
    if (*size > 0)
        return read_body(exchange, data, size);
    if (exchange->state == READING)
        return dispatch(exchange);
    return answer(exchange);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *slot;

    (void)context;
    (void)connection;
    (void)code;
    if (exchange != NULL && exchange->spool != NULL)
        spool_leave(exchange->spool);
    /* the library counts how long it then says nothing; this, how long it begins the next */
    if (exchange != NULL)
        expect(exchange, IDLE_TIMEOUT_S * 1000);
    exchange_drop(exchange);
    *slot = NULL;
}

/* Connections, on the library's threads */

static enum MHD_Result on_accept(void *context, const struct sockaddr *from, socklen_t size)
{
    const struct http *http = context;

    (void)size;
    return guests_admit(http->guests, from) ? MHD_YES : MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    const struct http *http = context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        guests_leave(http->guests, *slot);
        *slot = NULL;
        return;
    }
    const struct sockaddr *from =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    const int fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    /* the handshake is within the time of the first request */
    *slot =
        guests_enter(http->guests, from, fd, clock_mono_ms() + http->options.request_timeout_ms);
}

static __attribute__((format(printf, 2, 0))) void on_log(void *context, const char *format,
                                                         va_list args)
{
    char line[256];

    (void)context;
    vsnprintf(line, sizeof line, format, args);
    log_debug("http", "%s", line);
}

/* Start and stop */

/* Every key is forgotten with its connection, and every cipher authenticates what it hides. */
static const char tls_priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD";

static struct MHD_Daemon *start_daemon(struct http *http, int fd)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    bool tls = http->options.cert_pem != NULL;
    const struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)http->options.cert_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)http->options.key_pem},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    const struct MHD_OptionItem no_options[] = {{MHD_OPTION_END, 0, NULL}};
    /* the library shares its own limit out among threads, and those who come do not come evenly */
    const unsigned limit = http_threads() * (http->options.limits.total + 1);

    return MHD_start_daemon(flags | (tls ? MHD_USE_TLS : 0), 0, on_accept, http, on_request, http,
                            MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_THREAD_POOL_SIZE, http_threads(),
                            MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT,
                            IDLE_TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_ARRAY,
                            tls ? tls_options : no_options, MHD_OPTION_END);
}

unsigned http_threads(void)
{
    const unsigned half = crew_processors() / 2;

    return half < 1 ? 1 : half > HTTP_THREADS_MAX ? HTTP_THREADS_MAX : half;
}

enum status http_start(struct http **out, const struct http_options *options, char problem[256])
{
    struct http *http = calloc(1, sizeof *http);
    char host[LISTEN_HOST];
    char port[8];

    if (http == NULL)
        return STATUS_MEMORY;
    http->options = *options;
    http->fd = -1;
    enum status status = listen_open(options->address, &http->fd, &http->port, problem);
    if (status != STATUS_OK)
        goto fail;
    snprintf(problem, 256, "cannot start the listener on \"%.80s\"%s", options->address,
             options->cert_pem != NULL ? " (do certificate and key belong together?)" : "");
    const struct crew_options crew = {.work = work,
                                      .workers = options->workers,
                                      .patience_ms = PATIENCE_MS,
                                      .waiting_max = WAITING_REQUESTS};
    status = guests_create(&http->guests, &options->limits);
    if (status == STATUS_OK)
        status = chorus_create(&http->chorus);
    if (status == STATUS_OK)
        status = crew_start(&http->crew, &crew);
    if (status != STATUS_OK)
        goto fail;
    http->daemon = start_daemon(http, http->fd);
    if (http->daemon == NULL) {
        status = STATUS_UNREACHABLE;
        goto fail;
    }
    if (listen_split(options->address, host, port) == STATUS_OK)
        snprintf(http->url, URL_SIZE, strchr(host, ':') != NULL ? "%s://[%s]:%u" : "%s://%s:%u",
                 options->cert_pem != NULL ? "https" : "http", host, http->port);
    http->options.address = NULL;
    *out = http;
    return STATUS_OK;
fail:
    http_stop(http);
    return status;
}

/* The library takes a certificate when it starts and never again: so another daemon takes the place
 * at the listening socket, and the one before goes on with the connections that it has. */

/* Ends those that have no connection any more. */
static void drop_retired(struct http *http)
{
    size_t kept = 0;

    for (size_t i = 0; i < http->retired_count; i++) {
        struct MHD_Daemon *daemon = http->retired[i];
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

        if (info != NULL && info->num_connections == 0)
            MHD_stop_daemon(daemon);
        else
            http->retired[kept++] = daemon;
    }
    http->retired_count = kept;
}

/* Where the library failed to start it may have closed the socket or not. */
static void close_if_same(int fd, int original)
{
    struct stat left, of;

    if (fstat(fd, &left) == 0 && fstat(original, &of) == 0 && left.st_dev == of.st_dev &&
        left.st_ino == of.st_ino)
        close(fd);
}

enum status http_change_certificate(struct http *http, const char *cert_pem, const char *key_pem,
                                    char problem[256])
{
    const struct http_options before = http->options;
    int fd;

    drop_retired(http);
    if (http->retired_count == RETIRED_MAX) {
        snprintf(problem, 256, "connections of %d earlier certificates are still open: restart",
                 RETIRED_MAX);
        return STATUS_FULL;
    }
    fd = fcntl(http->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        snprintf(problem, 256, "there are too many open files: raise the limit (LimitNOFILE=)");
        return STATUS_FULL;
    }
    http->options.cert_pem = cert_pem;
    http->options.key_pem = key_pem;
    struct MHD_Daemon *daemon = start_daemon(http, fd);
    if (daemon == NULL) {
        http->options = before;
        close_if_same(fd, http->fd);
        snprintf(problem, 256, "they are no certificate with its key, or do not belong together");
        return STATUS_INVALID;
    }
    if (MHD_quiesce_daemon(http->daemon) == MHD_INVALID_SOCKET)
        log_debug("http", "the listener was already quiet");
    close(http->fd);
    http->retired[http->retired_count++] = http->daemon;
    http->daemon = daemon;
    http->fd = fd;
    return STATUS_OK;
}

void http_stop(struct http *http)
{
    if (http == NULL)
        return;
    atomic_store(&http->is_stopping, true);
    if (http->options.hub != NULL)
        hub_shut(http->options.hub);
    if (http->daemon != NULL && MHD_quiesce_daemon(http->daemon) == MHD_INVALID_SOCKET)
        log_debug("http", "the listener was already quiet");
    /* the library cannot stop while a connection is suspended: let the workers finish theirs */
    if (http->crew != NULL)
        crew_stop(http->crew);
    if (http->daemon != NULL)
        MHD_stop_daemon(http->daemon);
    for (size_t i = 0; i < http->retired_count; i++)
        MHD_stop_daemon(http->retired[i]);
    guests_free(http->guests);
    crew_free(http->crew);
    chorus_free(http->chorus);
    if (http->fd >= 0)
        close(http->fd);
    free(http);
}

unsigned http_port(const struct http *http)
{
    return http->port;
}

const char *http_url(const struct http *http)
{
    return http->url;
}

void http_tick(struct http *http)
{
    guests_sweep(http->guests, http->options.name, clock_mono_ms());
}

void http_counts(struct http *http, struct http_counts *counts)
{
    guests_count(http->guests, &counts->connections);
    for (int i = 0; i < 6; i++)
        counts->answers[i] = atomic_load(&http->answers[i]);
    counts->refused = atomic_load(&http->refused);
    counts->queued = crew_waiting(http->crew);
}
