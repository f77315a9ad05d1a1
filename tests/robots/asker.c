#include "tests/robots/asker.h"

#include <curl/curl.h>
#include <sys/epoll.h>

#include "schema/base/clock.h"

#define CONNECT_TIMEOUT_MS 4000
#define STALL_TIMEOUT_MS   15000
#define KEEP_CONNECTIONS   1024
#define MAX_IDLE_S         55L
#define MAX_HEADER_BYTES   512

/* One socket of curl's. */
struct place {
    struct loop_watch watch;
    struct asker *asker;
    struct place *next, **link;
};

struct asker {
    CURLM *multi;
    struct loop *loop;
    struct loop_timer timer;
    struct place *places;
    struct ask *asks;
};

struct ask {
    struct asker *asker;
    CURL *easy;
    struct curl_slist *headers;
    struct ask_listener listener;
    struct loop_timer stall;
    int64_t stall_ms;
    enum status verdict; /* why a callback stopped it; STATUS_OK: none did */
    bool sent;
    bool informational; /* the headers belong to a 1xx answer */
    struct ask *next, **link;
};

static void release_ask(struct ask *ask)
{
    struct asker *asker = ask->asker;

    if (ask->link != NULL) {
        *ask->link = ask->next;
        if (ask->next != NULL)
            ask->next->link = ask->link;
    }
    loop_cancel(asker->loop, &ask->stall);
    if (ask->easy != NULL) {
        curl_multi_remove_handle(asker->multi, ask->easy);
        curl_easy_cleanup(ask->easy);
    }
    curl_slist_free_all(ask->headers);
    free(ask);
}

static void end_ask(struct ask *ask, enum status status)
{
    const struct ask_listener listener = ask->listener;
    const struct ask_end end = {status, ask->sent};

    release_ask(ask);
    listener.on_done(listener.http.context, &end);
}

static enum status status_of_code(CURLcode code, bool sent)
{
    switch (code) {
    case CURLE_OK:
        return STATUS_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return STATUS_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION:
        return STATUS_FORGED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return STATUS_INVALID;
    default:
        return sent ? STATUS_IO : STATUS_UNREACHABLE;
    }
}

static void collect_done(struct asker *asker)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(asker->multi, &left)) != NULL) {
        struct ask *ask = NULL;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&ask);
        enum status status = ask->verdict != STATUS_OK
                                 ? ask->verdict
                                 : status_of_code(message->data.result, ask->sent);
        end_ask(ask, status);
    }
}

static void on_timer(void *context)
{
    struct asker *asker = context;
    int running;

    curl_multi_socket_action(asker->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_done(asker);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct asker *asker = context;

    (void)multi;
    if (timeout_ms < 0) {
        loop_cancel(asker->loop, &asker->timer);
        return 0;
    }
    return loop_at(asker->loop, &asker->timer, clock_mono_ms() + timeout_ms) == STATUS_OK ? 0 : -1;
}

static void on_socket(void *context, uint32_t events)
{
    struct place *place = context;
    struct asker *asker = place->asker;
    int running, action = 0;

    if (events & (EPOLLIN | EPOLLHUP))
        action |= CURL_CSELECT_IN;
    if (events & EPOLLOUT)
        action |= CURL_CSELECT_OUT;
    if (events & EPOLLERR)
        action |= CURL_CSELECT_ERR;
    curl_multi_socket_action(asker->multi, place->watch.fd, action, &running);
    collect_done(asker);
}

static struct place *new_place(struct asker *asker, curl_socket_t fd)
{
    struct place *place = calloc(1, sizeof *place);

    if (place == NULL)
        return NULL;
    *place = (struct place){.watch = {.on_ready = on_socket, .context = place},
                            .asker = asker,
                            .next = asker->places,
                            .link = &asker->places};
    if (asker->places != NULL)
        asker->places->link = &place->next;
    asker->places = place;
    curl_multi_assign(asker->multi, fd, place);
    return place;
}

static void free_place(struct place *place)
{
    *place->link = place->next;
    if (place->next != NULL)
        place->next->link = place->link;
    loop_unwatch(place->asker->loop, &place->watch);
    free(place);
}

/* curl tells what it wants to know about a socket. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    struct asker *asker = context;
    struct place *place = socket_context;
    uint32_t events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (place != NULL)
            free_place(place);
        curl_multi_assign(asker->multi, fd, NULL);
        return 0;
    }
    if (place == NULL)
        place = new_place(asker, fd);
    if (place == NULL)
        return -1;
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    return loop_watch(asker->loop, &place->watch, fd, events) == STATUS_OK ? 0 : -1;
}

enum status asker_create(struct asker **out, struct loop *loop)
{
    struct asker *asker = calloc(1, sizeof *asker);

    if (asker == NULL)
        return STATUS_MEMORY;
    asker->loop = loop;
    asker->timer.on_due = on_timer;
    asker->timer.context = asker;
    asker->multi = curl_multi_init();
    if (asker->multi == NULL) {
        free(asker);
        return STATUS_MEMORY;
    }
    curl_multi_setopt(asker->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(asker->multi, CURLMOPT_SOCKETDATA, asker);
    curl_multi_setopt(asker->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(asker->multi, CURLMOPT_TIMERDATA, asker);
    curl_multi_setopt(asker->multi, CURLMOPT_MAXCONNECTS, (long)KEEP_CONNECTIONS);
    *out = asker;
    return STATUS_OK;
}

void asker_free(struct asker *asker)
{
    if (asker == NULL)
        return;
    while (asker->asks != NULL)
        release_ask(asker->asks);
    curl_multi_cleanup(asker->multi);
    while (asker->places != NULL)
        free_place(asker->places);
    loop_cancel(asker->loop, &asker->timer);
    free(asker);
}

static void heard(struct ask *ask)
{
    if (loop_at(ask->asker->loop, &ask->stall, clock_mono_ms() + ask->stall_ms) != STATUS_OK)
        ask->verdict = STATUS_MEMORY;
}

static void on_stall(void *context)
{
    end_ask(context, STATUS_TIMEOUT);
}

/* Called when the connection stands and the request comes next. A second call means that curl is
 * about to repeat the request on another connection: the first may have been served and billed. */
static int on_send(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct ask *ask = context;

    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    if (ask->sent) {
        ask->verdict = STATUS_IO;
        return CURL_PREREQFUNC_ABORT;
    }
    ask->sent = true;
    heard(ask);
    return CURL_PREREQFUNC_OK;
}

/* The status of "HTTP/1.1 200 OK"; 0: not such a line. */
static int status_of_line(struct span line)
{
    const uint8_t *blank = memchr(line.data, ' ', line.size);
    int64_t status;

    if (!span_starts_with(line, "HTTP/") || blank == NULL || line.data + line.size - blank < 4 ||
        span_to_int64(span_of(blank + 1, 3), &status) != STATUS_OK)
        return 0;
    return (int)status;
}

static struct span trim(struct span text)
{
    while (text.size > 0 && strchr(" \t", text.data[0]) != NULL)
        text = span_of(text.data + 1, text.size - 1);
    while (text.size > 0 && strchr(" \t\r\n", text.data[text.size - 1]) != NULL)
        text.size--;
    return text;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct ask *ask = context;
    const struct http_listener *http = &ask->listener.http;
    struct span line = span_of(data, size * count);
    const uint8_t *colon = memchr(line.data, ':', line.size);
    int status = status_of_line(line);

    heard(ask);
    if (status != 0) {
        ask->informational = status < 200;
        if (!ask->informational)
            http->on_status(http->context, status);
    } else if (colon != NULL && !ask->informational) {
        size_t name_size = (size_t)(colon - line.data);

        http->on_header(http->context, trim(span_of(line.data, name_size)),
                        trim(span_of(colon + 1, line.size - name_size - 1)));
    }
    return line.size;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct ask *ask = context;
    const struct http_listener *http = &ask->listener.http;

    heard(ask);
    if (ask->verdict == STATUS_OK)
        ask->verdict = http->on_body(http->context, span_of(data, size * count));
    return ask->verdict == STATUS_OK ? size * count : CURL_WRITEFUNC_ERROR;
}

static enum status add_header(struct ask *ask, const char *name, const char *value)
{
    char line[MAX_HEADER_BYTES];

    if (snprintf(line, sizeof line, "%s: %s", name, value) >= (int)sizeof line)
        return STATUS_INVALID;
    struct curl_slist *longer = curl_slist_append(ask->headers, line);
    if (longer == NULL)
        return STATUS_MEMORY;
    ask->headers = longer;
    return STATUS_OK;
}

static enum status set_headers(struct ask *ask, const struct http_request *request)
{
    enum status status = STATUS_OK;

    /* Waiting for "100 Continue" would cost a round trip before each answer. */
    ask->headers = curl_slist_append(NULL, "Expect:");
    if (ask->headers == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; status == STATUS_OK && i < request->header_count; i++)
        status = add_header(ask, request->headers[i].name, request->headers[i].value);
    curl_easy_setopt(ask->easy, CURLOPT_HTTPHEADER, ask->headers);
    return status;
}

static void set_request(struct ask *ask, const struct http_request *request)
{
    CURL *easy = ask->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, ask);
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body.data);
    curl_easy_setopt(
        easy, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(request->connect_timeout_ms > 0 ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "myna-robots/" MYNA_VERSION);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, ask);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, ask);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, ask);
}

enum status asker_ask(struct asker *asker, const struct http_request *request,
                      const struct ask_listener *listener, struct ask **out)
{
    struct ask *ask = calloc(1, sizeof *ask);
    enum status status = STATUS_MEMORY;

    if (ask == NULL)
        return STATUS_MEMORY;
    ask->asker = asker;
    ask->listener = *listener;
    ask->stall.on_due = on_stall;
    ask->stall.context = ask;
    ask->stall_ms = request->stall_timeout_ms > 0 ? request->stall_timeout_ms : STALL_TIMEOUT_MS;
    ask->easy = curl_easy_init();
    if (ask->easy != NULL)
        status = set_headers(ask, request);
    if (status == STATUS_OK) {
        set_request(ask, request);
        if (curl_multi_add_handle(asker->multi, ask->easy) != CURLM_OK)
            status = STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        release_ask(ask);
        return status;
    }
    ask->next = asker->asks;
    ask->link = &asker->asks;
    if (ask->next != NULL)
        ask->next->link = &ask->next;
    asker->asks = ask;
    *out = ask;
    return STATUS_OK;
}

void asker_cancel(struct asker *asker, struct ask *ask, bool *sent)
{
    (void)asker;
    *sent = ask->sent;
    release_ask(ask);
}
