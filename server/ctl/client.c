#include "server/ctl/client.h"

#include <curl/curl.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_LIMIT_BYTES (64u << 20)
#define PATIENCE_MS        120000L
#define PROBLEM_FROM       400

struct client {
    CURL *curl;
    const struct session *session;
    struct buffer body;
    const struct client_request *request; /* under way, and its answer */
    struct client_answer *answer;
    long patience_ms;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct client *client = context;
    const struct client_request *request = client->request;
    long status = 0;

    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (request->take != NULL && status < PROBLEM_FROM)
        return request->take(request->take_context, span_of(data, size * count)) ? size * count : 0;
    buffer_add(&client->body, span_of(data, size * count));
    return buffer_status(&client->body) == STATUS_OK ? size * count : 0;
}

/* Copies the value of a header line without the blanks around it. */
static void copy_value(const char *line, size_t length, size_t name, char *out, size_t out_size)
{
    const char *from = line + name;
    const char *end = line + length;

    while (from < end && isspace((unsigned char)*from))
        from++;
    while (end > from && isspace((unsigned char)end[-1]))
        end--;
    snprintf(out, out_size, "%.*s", (int)(end - from), from);
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    static const char etag[] = "etag:";
    static const char cookie[] = "set-cookie:";
    struct client *client = context;
    size_t length = size * count;

    if (length > sizeof etag && strncasecmp(line, etag, sizeof etag - 1) == 0) {
        copy_value(line, length, sizeof etag - 1, client->answer->etag,
                   sizeof client->answer->etag);
    } else if (length > sizeof cookie && strncasecmp(line, cookie, sizeof cookie - 1) == 0) {
        copy_value(line, length, sizeof cookie - 1, client->answer->cookie,
                   sizeof client->answer->cookie);
        client->answer->cookie[strcspn(client->answer->cookie, ";")] = '\0';
    }
    return length;
}

enum status client_create(struct client **out, const struct session *session)
{
    struct client *client = calloc(1, sizeof *client);

    if (!client)
        return STATUS_MEMORY;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        goto fail;
    client->curl = curl_easy_init();
    if (!client->curl)
        goto fail;
    client->session = session;
    client->patience_ms = PATIENCE_MS;
    buffer_init(&client->body, ANSWER_LIMIT_BYTES);
    *out = client;
    return STATUS_OK;

fail:
    free(client);
    return STATUS_MEMORY;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    buffer_release(&client->body);
    curl_easy_cleanup(client->curl);
    curl_global_cleanup();
    free(client);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[640];

    snprintf(line, sizeof line, "%s: %s", name, value);
    return curl_slist_append(list, line);
}

static struct curl_slist *make_headers(const struct client *client,
                                       const struct client_request *request)
{
    const struct session *session = client->session;
    struct curl_slist *list = add_header(NULL, "Accept", "application/json");

    if (request->body.size)
        list = add_header(list, "Content-Type",
                          request->body_type ? request->body_type : "application/json");
    if (request->if_match)
        list = add_header(list, "If-Match", request->if_match);
    if (session->key[0]) {
        char bearer[300];

        snprintf(bearer, sizeof bearer, "Bearer %s", session->key);
        list = add_header(list, "Authorization", bearer);
    } else if (session->cookie[0]) {
        list = add_header(list, "Cookie", session->cookie);
        list = add_header(list, "Origin", session->url);
    }
    return list;
}

static void set_options(struct client *client, const struct client_request *request,
                        const char *url, struct curl_slist *headers)
{
    CURL *curl = client->curl;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    if (request->take != NULL) { /* a long answer may take its time as long as some of it comes */
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, client->patience_ms / 1000);
    } else {
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, client->patience_ms);
    }
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (client->session->ca_path[0])
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->session->ca_path);
    if (request->body.size) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)request->body.data);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    }
}

enum status client_send(struct client *client, const struct client_request *request,
                        struct client_answer *answer, char reason[256])
{
    char url[2048];
    char cause[CURL_ERROR_SIZE] = "";

    if (snprintf(url, sizeof url, "%s%s", client->session->url, request->path) >= (int)sizeof url) {
        snprintf(reason, 256, "the address is too long");
        return STATUS_UNREACHABLE;
    }
    memset(answer, 0, sizeof *answer);
    buffer_clear(&client->body);
    client->request = request;
    client->answer = answer;

    struct curl_slist *headers = make_headers(client, request);
    set_options(client, request, url, headers);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, cause);
    CURLcode code = curl_easy_perform(client->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        snprintf(reason, 256, "%s", cause[0] ? cause : curl_easy_strerror(code));
        return STATUS_UNREACHABLE;
    }
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    answer->body = buffer_span(&client->body);
    return STATUS_OK;
}

void client_hurry(struct client *client, long patience_ms)
{
    client->patience_ms = patience_ms;
}

void client_escape(struct buffer *url, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (isalnum(byte) || strchr("-._~", byte))
            buffer_byte(url, byte);
        else
            buffer_format(url, "%%%02X", byte);
    }
}
