#include "server/sso/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 3000L
#define WHOLE_MS   5000L

static size_t take(char *data, size_t size, size_t count, void *context)
{
    struct buffer *body = context;

    buffer_add(body, span_of(data, size * count));
    return buffer_status(body) == STATUS_OK ? size * count : 0;
}

static void set_up(CURL *curl, const struct fetch_request *request, struct buffer *body,
                   char error[CURL_ERROR_SIZE])
{
    curl_easy_setopt(curl, CURLOPT_URL, request->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, WHOLE_MS);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (request->ca_file != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
    if (request->form != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->form);
    if (request->login != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERNAME, request->login);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, request->password);
    }
}

enum status fetch_run(const struct fetch_request *request, struct buffer *body,
                      char problem[FETCH_PROBLEM])
{
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;
    CURL *curl = curl_easy_init();

    if (curl == NULL) {
        snprintf(problem, FETCH_PROBLEM, "out of memory");
        return STATUS_MEMORY;
    }
    set_up(curl, request, body, error);
    const CURLcode result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_cleanup(curl);
    if (result != CURLE_OK) {
        snprintf(problem, FETCH_PROBLEM, "%.150s", error[0] ? error : curl_easy_strerror(result));
        return STATUS_UNREACHABLE;
    }
    snprintf(problem, FETCH_PROBLEM, "it answered %ld", code);
    return code == 200 ? STATUS_OK : STATUS_DENIED;
}

void fetch_escape(struct buffer *out, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            buffer_byte(out, (uint8_t)*text);
        else
            buffer_format(out, "%%%02X", (unsigned)(uint8_t)*text);
    }
}
