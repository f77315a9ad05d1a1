/* request.h - one HTTP request as handlers see it
 *
 * Everything a request points to lives until its answer has been sent: in its arena, its body or
 * the connection. Built by http.c, or by a test; nothing here knows the HTTP library. One thread at
 * a time.
 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include "schema/base/json.h"
#include "server/http/route.h"

#define REQUEST_PARAMS  4
#define REQUEST_PAIRS   64
#define REQUEST_ACTOR   80
#define REQUEST_ADDRESS 64
#define REQUEST_ROLE    49

/* Who asks: "operator:anna", "api-key:7"; empty when nobody proved anything. Plain data. */
struct request_actor {
    char name[REQUEST_ACTOR];
    char role_name[REQUEST_ROLE];
    enum route_role role; /* that the request's route gives; ROUTE_ANYONE: an own role without it */
    bool by_groups, by_vendors; /* bound to some of them: see the hook admit */
    bool has_scope;             /* a key's: then role may be less than role_name gives */
    bool is_bound_itself;       /* a key: by_groups or by_vendors not by its role alone */
    bool must_enrol;            /* a second factor, before anything else */
    bool by_cookie;             /* then another site may have caused the request */
    int64_t until_ms;           /* clock_mono_ms() when what was proved ends; 0: never */
};

struct request_pair {
    const char *name;
    const char *value;
};

/* Plain data, filled by whoever receives the request. */
struct request {
    const char *method;
    const char *path;
    const struct route *route;
    const char *param_names[REQUEST_PARAMS]; /* borrowed from the pattern; not NUL-terminated */
    size_t param_name_sizes[REQUEST_PARAMS];
    const char *params[REQUEST_PARAMS];
    size_t param_count;
    struct request_pair headers[REQUEST_PAIRS];
    size_t header_count;
    struct request_pair query[REQUEST_PAIRS];
    size_t query_count;
    struct request_pair cookies[REQUEST_PAIRS];
    size_t cookie_count;
    struct span body;
    struct arena *arena;
    struct request_actor actor;
    char address[REQUEST_ADDRESS]; /* of whoever asks, without port: see proxies.h */
    bool secure;                   /* asked by TLS */
    struct json *document;         /* of the body, once parsed */
};

/* Finds the row for method and path, fills the path parameters (copied into the arena) and sets
 * request->route. HEAD finds GET. STATUS_NOT_FOUND: no such path; STATUS_DENIED: not that method.
 */
MUST_CHECK enum status request_match(struct request *request,
                                     const struct route_table *const *tables, size_t count);

/* The parameter {name} of the pattern; the pattern must have it. */
const char *request_param(const struct request *request, const char *name);

/* NULL when absent; an empty query value ("?after=") counts as absent. Header names in any case. */
const char *request_header(const struct request *request, const char *name);
const char *request_query(const struct request *request, const char *name);
const char *request_cookie(const struct request *request, const char *name);

/* A whole number in [min, max] from the query; fallback when absent. STATUS_INVALID otherwise. */
MUST_CHECK enum status request_query_int(const struct request *request, const char *name,
                                         int64_t fallback, int64_t min, int64_t max, int64_t *out);

/* Decodes the body, a JSON object, by the table. STATUS_INVALID: *problem says why. */
MUST_CHECK enum status request_decode(struct request *request, const struct json_field *fields,
                                      size_t count, void *target, struct json_problem *problem);

/* The same for a body whose members are data, not fields. The document lives as long as the
 * request: see request_release(). */
MUST_CHECK enum status request_json(struct request *request, const struct json **out,
                                    struct json_problem *problem);

/* Frees the parsed document; the rest belongs to the receiver. */
void request_release(struct request *request);

/* The version named by If-Match: "7". -1 when the header is absent or "*". STATUS_INVALID: it is no
 * version of ours. */
MUST_CHECK enum status request_if_match(const struct request *request, int64_t *version);

/* Whether it may change anything. */
bool request_is_write(const struct request *request);

/* True when it comes from this machine, and no proxy on it says that it passes on another's. */
bool request_is_from_here(const struct request *request);

/* True when the page that sent it is of this host, and came by TLS where the request did not, or
 * the other way round. */
bool request_differs_in_scheme(const struct request *request);

/* True unless a browser says that another site's page sent this. */
bool request_same_origin(const struct request *request);

#endif
