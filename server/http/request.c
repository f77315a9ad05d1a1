#include "server/http/request.h"

#include <assert.h>
#include <strings.h>

static enum status take_params(struct request *request, const struct route_param *params,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *value = arena_text(request->arena, params[i].value);

        if (value == NULL)
            return STATUS_MEMORY;
        request->params[i] = value;
        request->param_names[i] = (const char *)params[i].name.data;
        request->param_name_sizes[i] = params[i].name.size;
    }
    request->param_count = count;
    return STATUS_OK;
}

static bool method_fits(const char *asked, const char *offered)
{
    return strcmp(asked, offered) == 0 ||
           (strcmp(asked, "HEAD") == 0 && strcmp(offered, "GET") == 0);
}

enum status request_match(struct request *request, const struct route_table *const *tables,
                          size_t count)
{
    struct route_param params[REQUEST_PARAMS];
    enum status status = STATUS_NOT_FOUND;

    for (size_t t = 0; t < count; t++)
        for (size_t r = 0; r < tables[t]->count; r++) {
            const struct route *route = &tables[t]->routes[r];
            size_t found;

            if (!route_matches(route->pattern, request->path, params, REQUEST_PARAMS, &found))
                continue;
            if (method_fits(request->method, route->method)) {
                request->route = route;
                return take_params(request, params, found);
            }
            status = STATUS_DENIED;
        }
    return status;
}

const char *request_param(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->param_count; i++)
        if (span_equal_text(span_of(request->param_names[i], request->param_name_sizes[i]), name))
            return request->params[i];
    assert(false); /* the pattern has such a parameter */
    return "";
}

static const char *find(const struct request_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(pairs[i].name, name) == 0)
            return pairs[i].value != NULL ? pairs[i].value : "";
    return NULL;
}

const char *request_header(const struct request *request, const char *name)
{
    return find(request->headers, request->header_count, name);
}

const char *request_query(const struct request *request, const char *name)
{
    const char *value = find(request->query, request->query_count, name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *request_cookie(const struct request *request, const char *name)
{
    return find(request->cookies, request->cookie_count, name);
}

enum status request_query_int(const struct request *request, const char *name, int64_t fallback,
                              int64_t min, int64_t max, int64_t *out)
{
    const char *text = request_query(request, name);
    int64_t value = fallback;

    if (text != NULL && span_to_int64(span_text(text), &value) != STATUS_OK)
        return STATUS_INVALID;
    if (text != NULL && (value < min || value > max))
        return STATUS_INVALID;
    *out = value;
    return STATUS_OK;
}

enum status request_decode(struct request *request, const struct json_field *fields, size_t count,
                           void *target, struct json_problem *problem)
{
    const struct json *document;
    enum status status = request_json(request, &document, problem);

    if (status != STATUS_OK)
        return status;
    return json_decode(document, fields, count, target, request->arena, problem);
}

enum status request_json(struct request *request, const struct json **out,
                         struct json_problem *problem)
{
    if (request->document == NULL) {
        problem->pointer[0] = '\0';
        enum status status = json_parse(request->body, &request->document, problem->detail);
        if (status != STATUS_OK)
            return status;
    }
    if (json_type(request->document) != JSON_OBJECT) {
        *problem = (struct json_problem){.detail = "must be a JSON object"};
        return STATUS_INVALID;
    }
    *out = request->document;
    return STATUS_OK;
}

void request_release(struct request *request)
{
    json_free(request->document);
    request->document = NULL;
}

enum status request_if_match(const struct request *request, int64_t *version)
{
    const char *text = request_header(request, "If-Match");

    if (text == NULL || strcmp(text, "*") == 0) {
        *version = -1;
        return STATUS_OK;
    }
    struct span span = span_text(text);
    if (span.size < 3 || span.data[0] != '"' || span.data[span.size - 1] != '"')
        return STATUS_INVALID;
    int64_t number;
    if (span_to_int64(span_of(span.data + 1, span.size - 2), &number) != STATUS_OK || number < 0)
        return STATUS_INVALID;
    *version = number;
    return STATUS_OK;
}

bool request_is_write(const struct request *request)
{
    return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

bool request_is_from_here(const struct request *request)
{
    static const char *const of_proxies[] = {"X-Forwarded-For",  "X-Forwarded-Proto",
                                             "X-Forwarded-Host", "X-Real-IP",
                                             "Forwarded",        "Via"};
    static const char *const here[] = {"127.", "::ffff:127."};
    bool is_here = strcmp(request->address, "::1") == 0;

    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        is_here = is_here || strncmp(request->address, here[i], strlen(here[i])) == 0;
    for (size_t i = 0; i < sizeof of_proxies / sizeof *of_proxies; i++)
        is_here = is_here && request_header(request, of_proxies[i]) == NULL;
    return is_here;
}

/* Scheme and host of the page that sent the request. */
static bool is_origin(const struct request *request, const char *scheme)
{
    const char *origin = request_header(request, "Origin");
    const char *host = request_header(request, "Host");
    const size_t size = strlen(scheme);

    return origin != NULL && host != NULL && strncmp(origin, scheme, size) == 0 &&
           strcmp(origin + size, host) == 0;
}

#define BY_TLS   "https://"
#define IN_CLEAR "http://"

bool request_differs_in_scheme(const struct request *request)
{
    return is_origin(request, request->secure ? IN_CLEAR : BY_TLS);
}

bool request_same_origin(const struct request *request)
{
    const char *site = request_header(request, "Sec-Fetch-Site");

    if (request_header(request, "Origin") != NULL)
        return is_origin(request, request->secure ? BY_TLS : IN_CLEAR);
    return site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}
