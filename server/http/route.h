/* route.h - a row of the table that says who may do what by which path */
#ifndef SERVER_HTTP_ROUTE_H
#define SERVER_HTTP_ROUTE_H

#include <stddef.h>

#include "schema/base/span.h"

struct request;
struct reply;

/* Each role may do all that the ones before it may. The words stand in the database. */
enum route_role {
    ROUTE_ANYONE = 0,
    ROUTE_VIEWER = 1,
    ROUTE_SUPPORT = 2,
    ROUTE_OPERATOR = 3,
    ROUTE_APPROVER = 4,
    ROUTE_ADMIN = 5,
};

/* "viewer" ...; "nobody" for ROUTE_ANYONE. */
const char *route_role_name(enum route_role role);
/* STATUS_NOT_FOUND for any other word, "nobody" included. */
MUST_CHECK enum status route_role_from_name(struct span name, enum route_role *role);

/* context is what http_start() was given. A handler fills reply and returns. */
typedef void (*route_handler)(void *context, struct request *request, struct reply *reply);

#define ROUTE_BODY_BYTES       ((size_t)1 << 20)
#define ROUTE_LARGE_BODY_BYTES ((size_t)64 << 20)

enum route_body { ROUTE_BODY_NORMAL, ROUTE_BODY_LARGE };

struct route {
    const char *method;
    const char *pattern; /* "/api/v1/devices/{id}"; a last segment "*" takes the rest of the path */
    enum route_role role;
    route_handler handler;
    enum route_body body;
};

struct route_table {
    const struct route *routes;
    size_t count;
};

/* What a pattern's parameters matched: parts of path and pattern, borrowed. */
struct route_param {
    struct span name;
    struct span value;
};

/* Whether path fits pattern; sets params[0..*count), at most max. */
bool route_matches(const char *pattern, const char *path, struct route_param *params, size_t max,
                   size_t *count);

#endif
