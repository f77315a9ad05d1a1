#include "server/notify/post.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS       5000L
#define TOTAL_MS         15000L
#define ANSWER_MAX_BYTES 65536
#define RETRY_AFTER_S    3600
#define NO_PROXY_BYTES   1024

struct transfer {
    CURL *easy; /* NULL: the slot is free */
    struct curl_slist *headers;
    struct curl_slist *to;
    struct span unsent; /* of a mail */
    bool is_off_limits; /* the address that the name stands for */
    size_t answer_bytes;
    char answer[POST_ANSWER];
};

struct post {
    CURLM *multi;
    char *ca_file;
    struct transfer transfers[POST_SLOTS];
};

enum status post_create(struct post **out, const char *ca_file)
{
    struct post *post = calloc(1, sizeof *post);

    if (post == NULL)
        return STATUS_MEMORY;
    /* counted by curl, and safe from several threads since 7.84 */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(post);
        return STATUS_MEMORY;
    }
    post->multi = curl_multi_init();
    post->ca_file = ca_file != NULL ? strdup(ca_file) : NULL;
    if (post->multi == NULL || (ca_file != NULL && post->ca_file == NULL)) {
        post_free(post);
        return STATUS_MEMORY;
    }
    *out = post;
    return STATUS_OK;
}

static void end(struct post *post, struct transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_multi_remove_handle(post->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->to);
    *transfer = (struct transfer){0};
}

void post_free(struct post *post)
{
    if (post == NULL)
        return;
    for (unsigned i = 0; i < POST_SLOTS; i++)
        end(post, &post->transfers[i]);
    curl_multi_cleanup(post->multi);
    curl_global_cleanup();
    free(post->ca_file);
    free(post);
}

/* Keeps the beginning; an answer that does not end is cut off. */
static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t bytes = size * count;

    if (transfer->answer_bytes + bytes > ANSWER_MAX_BYTES)
        return 0;
    if (transfer->answer_bytes < POST_ANSWER - 1) {
        size_t room = POST_ANSWER - 1 - transfer->answer_bytes;

        memcpy(transfer->answer + transfer->answer_bytes, data, bytes < room ? bytes : room);
    }
    transfer->answer_bytes += bytes;
    return bytes;
}

static size_t on_mail(char *out, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t room = size * count;
    size_t bytes = transfer->unsent.size < room ? transfer->unsent.size : room;

    memcpy(out, transfer->unsent.data, bytes);
    transfer->unsent = span_of(transfer->unsent.data + bytes, transfer->unsent.size - bytes);
    return bytes;
}

static enum status append(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (longer == NULL)
        return STATUS_MEMORY;
    *list = longer;
    return STATUS_OK;
}

/* 169.254.0.0/16 and fe80::/10: where clouds give each machine its credentials, and no receiver is.
 */
static bool is_link_local(const struct sockaddr *to)
{
    static const uint8_t mapped[14] = {[10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254};

    if (to->sa_family == AF_INET) {
        const uint32_t address = ntohl(((const struct sockaddr_in *)to)->sin_addr.s_addr);

        return address >> 16 == 0xa9feu;
    }
    if (to->sa_family != AF_INET6)
        return false;
    const uint8_t *address = ((const struct sockaddr_in6 *)to)->sin6_addr.s6_addr;
    return (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) ||
           memcmp(address, mapped, sizeof mapped) == 0;
}

/* Looked at after the name was resolved, however the address is written. */
static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;

    (void)purpose;
    transfer->is_off_limits = is_link_local(&address->addr);
    return transfer->is_off_limits
               ? CURL_SOCKET_BAD
               : socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void set_proxy_exceptions(CURL *easy)
{
    char hosts[NO_PROXY_BYTES];
    const char *more = getenv("no_proxy");

    if (more == NULL)
        more = getenv("NO_PROXY");
    int size = snprintf(hosts, sizeof hosts, "localhost,127.0.0.1,::1%s%s", more != NULL ? "," : "",
                        more != NULL ? more : "");
    if (size < (int)sizeof hosts)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, hosts);
}

/* What is the same for every request. */
static void set_manners(const struct post *post, struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TOTAL_MS);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)transfer);
    if (post->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, post->ca_file);
    set_proxy_exceptions(easy);
}

/* To loopback a mail may go in clear; to anywhere else only by TLS, from the start or begun by
 * STARTTLS. */
static bool is_local(const char *url)
{
    return strncmp(url, "smtp://127.0.0.1:", 17) == 0 ||
           strncmp(url, "smtp://localhost:", 17) == 0 || strncmp(url, "smtp://[::1]:", 13) == 0;
}

static enum status set_mail(struct transfer *transfer, const struct post_request *request)
{
    CURL *easy = transfer->easy;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < request->to_count; i++)
        status = append(&transfer->to, request->to[i]);
    transfer->unsent = request->body;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     (long)(is_local(request->url) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, request->from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->to);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_mail);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    if (request->login != NULL && request->login[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_USERNAME, request->login);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, request->password ? request->password : "");
    }
    return status;
}

static enum status set_http(struct transfer *transfer, const struct post_request *request)
{
    CURL *easy = transfer->easy;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < request->header_count; i++)
        status = append(&transfer->headers, request->headers[i]);
    if (status == STATUS_OK && request->method == POST_JSON)
        status = append(&transfer->headers, "Content-Type: application/json; charset=utf-8");
    if (status == STATUS_OK)
        status = append(&transfer->headers, "Expect:"); /* no waiting for 100 */
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mynad/" MYNA_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    if (request->method == POST_JSON) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)request->body.data);
    }
    return status;
}

enum status post_send(struct post *post, unsigned slot, const struct post_request *request)
{
    struct transfer *transfer = &post->transfers[slot];

    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        return STATUS_MEMORY;
    set_manners(post, transfer);
    enum status status =
        request->method == POST_MAIL ? set_mail(transfer, request) : set_http(transfer, request);
    if (status == STATUS_OK &&
        (curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url) != CURLE_OK ||
         curl_multi_add_handle(post->multi, transfer->easy) != CURLM_OK))
        status = STATUS_MEMORY;
    if (status != STATUS_OK)
        end(post, transfer);
    return status;
}

static enum status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return STATUS_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return STATUS_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
        return STATUS_FORGED;
    case CURLE_OPERATION_TIMEDOUT:
        return STATUS_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return STATUS_MEMORY;
    default:
        return STATUS_IO;
    }
}

static void read_result(struct transfer *transfer, CURLcode code, struct post_result *out)
{
    curl_off_t retry_after_s = 0;

    *out = (struct post_result){.status = status_of(code)};
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &out->code);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    if (retry_after_s > RETRY_AFTER_S)
        retry_after_s = RETRY_AFTER_S;
    out->retry_after_ms = (int64_t)retry_after_s * 1000;
    memcpy(out->answer, transfer->answer, sizeof out->answer);
    /* curl's general texts: its particular ones may quote the address, which may be a secret */
    if (code != CURLE_OK && transfer->is_off_limits)
        snprintf(out->problem, sizeof out->problem,
                 "its address is of the machine's own link, where no receiver is");
    else if (code == CURLE_WRITE_ERROR)
        snprintf(out->problem, sizeof out->problem, "its answer did not end");
    else if (code != CURLE_OK && out->code != 0)
        snprintf(out->problem, sizeof out->problem, "it answered %ld (%s)", out->code,
                 curl_easy_strerror(code));
    else if (code != CURLE_OK)
        snprintf(out->problem, sizeof out->problem, "%s", curl_easy_strerror(code));
}

bool post_collect(struct post *post, unsigned *slot, struct post_result *out)
{
    struct transfer *transfer = NULL;
    CURLMsg *message;
    int left;

    do {
        message = curl_multi_info_read(post->multi, &left);
    } while (message != NULL && message->msg != CURLMSG_DONE);
    if (message == NULL)
        return false;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
    read_result(transfer, code, out);
    *slot = (unsigned)(transfer - post->transfers);
    end(post, transfer);
    return true;
}

void post_wait(struct post *post, int64_t timeout_ms)
{
    int running = 0;

    if (curl_multi_perform(post->multi, &running) != CURLM_OK)
        return;
    curl_multi_poll(post->multi, NULL, 0, (int)timeout_ms, NULL);
    curl_multi_perform(post->multi, &running);
}

void post_wake(struct post *post)
{
    curl_multi_wakeup(post->multi);
}
