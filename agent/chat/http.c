#include "agent/chat/http.h"

#include <curl/curl.h>
#include <strings.h>

#include "agent/chat/tls_dates.h"
#include "schema/base/clock.h"

#define CONNECT_TIMEOUT_MS 5000
#define STALL_TIMEOUT_MS   15000
#define FETCH_TIMEOUT_MS   15000
#define WARM_TIMEOUT_MS    3000
#define KEEP_CONNECTIONS   8
/* Vendors and their balancers close idle connections after a minute and more; an older one would
 * often break under the first request. */
#define MAX_IDLE_S       55L
#define POLL_MS          50
#define MAX_HEADER_BYTES 8192
#define MAX_PROXY_BYTES  4096

struct http {
    CURLM *multi;
    CURL *easy;
};

/* One request under way. */
struct exchange {
    const struct http_request *request;
    const struct http_listener *listener;
    struct http_result *result;
    CURL *easy;
    enum status verdict; /* why a callback stopped it; STATUS_OK: none did */
    bool informational;  /* the headers belong to a 1xx answer */
    bool is_waiting;     /* for the source to have more */
    int64_t heard_ms;    /* when the last byte arrived */
};

static bool is_cancelled(const struct exchange *exchange)
{
    return exchange->request->cancel && atomic_load(exchange->request->cancel);
}

static struct span trim(struct span text)
{
    while (text.size && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = span_of(text.data + 1, text.size - 1);
    while (text.size && strchr(" \t\r\n", text.data[text.size - 1]))
        text.size--;
    return text;
}

/* The status of "HTTP/1.1 200 OK"; 0: not such a line. */
static int status_of_line(struct span line)
{
    if (!span_starts_with(line, "HTTP/"))
        return 0;

    const uint8_t *blank = memchr(line.data, ' ', line.size);
    int64_t status;
    if (!blank || line.data + line.size - blank < 4 ||
        span_to_int64(span_of(blank + 1, 3), &status) != STATUS_OK)
        return 0;
    return (int)status;
}

static void take_header(struct exchange *exchange, struct span line)
{
    const struct http_listener *listener = exchange->listener;
    int http_status = status_of_line(line);

    if (http_status) {
        exchange->informational = http_status < 200;
        if (exchange->informational)
            return;
        exchange->result->http_status = http_status;
        if (listener->on_status)
            listener->on_status(listener->context, http_status);
        return;
    }
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (!colon || exchange->informational || !listener->on_header)
        return;
    size_t name_size = (size_t)(colon - line.data);
    listener->on_header(listener->context, trim(span_of(line.data, name_size)),
                        trim(span_of(colon + 1, line.size - name_size - 1)));
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;

    exchange->heard_ms = clock_mono_ms();
    take_header(exchange, span_of(data, size * count));
    return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct http_listener *listener = exchange->listener;

    exchange->heard_ms = clock_mono_ms();
    if (is_cancelled(exchange)) {
        exchange->verdict = STATUS_CLOSED;
        return CURL_WRITEFUNC_ERROR;
    }
    if (listener->on_body)
        exchange->verdict = listener->on_body(listener->context, span_of(data, size * count));
    /* A listener that made us wait is no silence of the server. */
    exchange->heard_ms = clock_mono_ms();
    return exchange->verdict == STATUS_OK ? size * count : CURL_WRITEFUNC_ERROR;
}

static size_t on_upload(char *out, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    const struct http_source *source = exchange->request->source;
    size_t taken = 0;

    exchange->heard_ms = clock_mono_ms(); /* a body that still goes out is no silence */
    switch (exchange->verdict =
                source->read(source->context, (uint8_t *)out, size * count, &taken)) {
    case STATUS_OK:
        return taken;
    case STATUS_CLOSED:
        exchange->verdict = STATUS_OK;
        return 0;
    case STATUS_AGAIN:
        exchange->verdict = STATUS_OK;
        exchange->is_waiting = true;
        return CURL_READFUNC_PAUSE;
    default:
        return CURL_READFUNC_ABORT;
    }
}

/* Called when the connection stands and the request comes next. A second call means that curl is
 * about to repeat the request on another connection: the first may have been served and billed. */
static int on_ready(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct exchange *exchange = context;

    (void)remote, (void)local, (void)remote_port, (void)local_port;
    if (exchange->result->sent)
        exchange->verdict = STATUS_IO;
    else if (is_cancelled(exchange))
        exchange->verdict = STATUS_CLOSED;
    if (exchange->verdict != STATUS_OK)
        return CURL_PREREQFUNC_ABORT;
    exchange->result->sent = true;
    exchange->heard_ms = clock_mono_ms();
    return CURL_PREREQFUNC_OK;
}

static void say(struct http_result *result, const char *problem)
{
    snprintf(result->problem, sizeof result->problem, "%s", problem);
}

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static enum status add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[MAX_HEADER_BYTES];

    if (!is_clean(name) || !is_clean(value))
        return STATUS_INVALID;
    if (snprintf(line, sizeof line, "%s: %s", name, value) >= (int)sizeof line)
        return STATUS_INVALID;

    struct curl_slist *longer = curl_slist_append(*list, line);
    if (!longer)
        return STATUS_MEMORY;
    *list = longer;
    return STATUS_OK;
}

static enum status make_headers(const struct http_request *request, struct curl_slist **list)
{
    /* the length is not known; and no vendor is waited for before the first chunk goes out */
    if (request->source) {
        enum status status = add_header(list, "Transfer-Encoding", "chunked");
        if (status == STATUS_OK)
            status = add_header(list, "Expect", "");
        if (status != STATUS_OK)
            return status;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        enum status status = add_header(list, request->headers[i].name, request->headers[i].value);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void set_proxy_exceptions(CURL *easy)
{
    char hosts[MAX_PROXY_BYTES];
    const char *more = getenv("NO_PROXY");

    if (!more)
        more = getenv("no_proxy");
    int size = snprintf(hosts, sizeof hosts, "localhost,127.0.0.1,::1%s%s", more ? "," : "",
                        more ? more : "");
    if (size < (int)sizeof hosts)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, hosts);
}

static CURLcode ignore_dates(CURL *easy, void *tls, void *context)
{
    (void)easy, (void)context;
    tls_dates_ignore(tls);
    return CURLE_OK;
}

static void set_trust(CURL *easy, struct span ca_pem)
{
    struct curl_blob blob = {(void *)ca_pem.data, ca_pem.size, CURL_BLOB_COPY};

    if (!ca_pem.size)
        return;
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
    /* The system's folder of certificates would be trusted beside the blob. */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void set_request(CURL *easy, const struct http_request *request)
{
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    if (request->body.size) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
    }
    if (request->method)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(
        easy, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(request->connect_timeout_ms ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)request->max_bytes_per_s);
}

/* What is the same for every request. */
static void set_manners(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "myna-agent/" MYNA_VERSION);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 20L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, MAX_IDLE_S);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set_proxy_exceptions(easy);
}

static void set_callbacks(CURL *easy, struct exchange *exchange)
{
    if (exchange->request->source) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
}

static enum status status_of_code(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return STATUS_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
        return STATUS_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return STATUS_FORGED;
    case CURLE_OPERATION_TIMEDOUT:
        return STATUS_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return STATUS_INVALID;
    case CURLE_OUT_OF_MEMORY:
        return STATUS_MEMORY;
    default:
        return STATUS_IO;
    }
}

/* STATUS_AGAIN: nothing to object to yet. */
static enum status check_limits(const struct exchange *exchange)
{
    const struct http_request *request = exchange->request;
    int64_t stall_ms = request->stall_timeout_ms ? request->stall_timeout_ms : STALL_TIMEOUT_MS;

    if (is_cancelled(exchange))
        return STATUS_CLOSED;
    /* Before the connection stands curl's own limit holds. */
    if (exchange->result->sent && clock_mono_ms() - exchange->heard_ms > stall_ms)
        return STATUS_TIMEOUT;
    return STATUS_AGAIN;
}

static enum status finish(CURLM *multi, struct exchange *exchange)
{
    int left;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    CURLcode code =
        message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_RECV_ERROR;

    if (exchange->verdict != STATUS_OK)
        return exchange->verdict;
    enum status status = status_of_code(code);
    if (status != STATUS_OK)
        say(exchange->result, curl_easy_strerror(code));
    /* A TLS handshake that failed for another reason than the certificate: nobody to talk to. */
    return status == STATUS_IO && !exchange->result->sent ? STATUS_UNREACHABLE : status;
}

static void go_on_sending(CURL *easy, struct exchange *exchange)
{
    if (!exchange->is_waiting)
        return;
    exchange->is_waiting = false;
    exchange->heard_ms = clock_mono_ms();
    curl_easy_pause(easy, CURLPAUSE_CONT); /* calls on_upload() */
}

static enum status run(CURLM *multi, CURL *easy, struct exchange *exchange)
{
    for (;;) {
        int running = 0;

        go_on_sending(easy, exchange);
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return STATUS_IO;
        if (!running)
            return finish(multi, exchange);

        enum status status = check_limits(exchange);
        if (status != STATUS_AGAIN)
            return status;
        if (exchange->listener->on_idle)
            exchange->listener->on_idle(exchange->listener->context);
        if (curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
            return STATUS_IO;
    }
}

/* easy is set up but for the request itself. */
static enum status perform(struct http *http, struct exchange *exchange)
{
    struct curl_slist *headers = NULL;
    enum status status = make_headers(exchange->request, &headers);

    if (status != STATUS_OK)
        goto out;
    curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, headers);
    set_manners(http->easy);
    set_request(http->easy, exchange->request);
    set_callbacks(http->easy, exchange);
    exchange->heard_ms = clock_mono_ms();

    if (curl_multi_add_handle(http->multi, http->easy) != CURLM_OK) {
        status = STATUS_IO;
        goto out;
    }
    status = run(http->multi, http->easy, exchange);
    curl_multi_remove_handle(http->multi, http->easy);
out:
    curl_slist_free_all(headers);
    /* Forgets the request, its key among the headers included; connections stay. */
    curl_easy_reset(http->easy);
    if (status != STATUS_OK && !exchange->result->problem[0])
        say(exchange->result, status_text(status));
    return status;
}

enum status http_create(struct http **out)
{
    struct http *http = calloc(1, sizeof *http);

    if (!http)
        return STATUS_MEMORY;
    /* Counted by curl, and safe from several threads since 7.84. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return STATUS_MEMORY;
    }
    http->multi = curl_multi_init();
    http->easy = curl_easy_init();
    if (!http->multi || !http->easy) {
        http_free(http);
        return STATUS_MEMORY;
    }
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)KEEP_CONNECTIONS);
    *out = http;
    return STATUS_OK;
}

void http_free(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->easy);
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}

enum status http_send(struct http *http, const struct http_request *request,
                      const struct http_listener *listener, struct http_result *result)
{
    struct exchange exchange = {.request = request, .listener = listener, .result = result};

    *result = (struct http_result){0};
    set_trust(http->easy, request->ca_pem);
    if (request->ignores_dates)
        curl_easy_setopt(http->easy, CURLOPT_SSL_CTX_FUNCTION, ignore_dates);
    return perform(http, &exchange);
}

static enum status collect(void *context, struct span bytes)
{
    struct buffer *answer = context;

    buffer_add(answer, bytes);
    return buffer_status(answer);
}

enum status http_fetch(struct http *http, const struct http_request *request, struct buffer *answer,
                       struct http_result *result)
{
    const struct http_listener listener = {.context = answer, .on_body = collect};

    return http_send(http, request, &listener, result);
}

enum status http_fetch_unverified(struct http *http, const char *url, struct buffer *answer,
                                  struct http_result *result)
{
    const struct http_request request = {.url = url, .total_timeout_ms = FETCH_TIMEOUT_MS};
    const struct http_listener listener = {.context = answer, .on_body = collect};
    struct exchange exchange = {.request = &request, .listener = &listener, .result = result};

    *result = (struct http_result){0};
    curl_easy_setopt(http->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(http->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(http->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(http->easy, CURLOPT_FRESH_CONNECT, 1L);
    return perform(http, &exchange);
}

void http_warm(struct http *http, const char *url, struct span ca_pem, const atomic_bool *cancel)
{
    const struct http_request request = {.url = url,
                                         .connect_timeout_ms = WARM_TIMEOUT_MS,
                                         .total_timeout_ms = WARM_TIMEOUT_MS,
                                         .cancel = cancel};
    const struct http_listener listener = {.context = NULL};
    struct http_result result = {0};
    struct exchange exchange = {.request = &request, .listener = &listener, .result = &result};

    /* another trust than the request's own would be another connection */
    set_trust(http->easy, ca_pem);
    curl_easy_setopt(http->easy, CURLOPT_NOBODY, 1L);
    /* Whatever comes of it, the request that follows is none the worse. */
    enum status status = perform(http, &exchange);
    (void)status;
}

void http_wake(struct http *http)
{
    curl_multi_wakeup(http->multi);
}
