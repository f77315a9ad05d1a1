/* extent.h - how far somebody may go, as a body says it: levels in areas, groups, vendors
 *
 * Of own roles, and of what narrows an API key down.
 */
#ifndef SERVER_API_EXTENT_H
#define SERVER_API_EXTENT_H

#include "server/http/reply.h"
#include "server/http/request.h"

/* Borrowed; NULL: not said. */
struct extent {
    const struct json *may;     /* {"devices": "operator"} */
    const struct json *groups;  /* ["lab"], or null for all */
    const struct json *vendors; /* likewise */
};

/* The members of a body that is one or has one. */
#define EXTENT_FIELDS(type)                                                                        \
    {.name = "may", .kind = JSON_FIELD_ANY, .offset = offsetof(struct type, extent.may)},          \
        {.name = "groups",                                                                         \
         .kind = JSON_FIELD_ANY,                                                                   \
         .offset = offsetof(struct type, extent.groups)},                                          \
    {                                                                                              \
        .name = "vendors", .kind = JSON_FIELD_ANY, .offset = offsetof(struct type, extent.vendors) \
    }

/* An own role names each area; what narrows down may also say "*", every area that it does not
 * name. False: a problem was answered. */
enum extent_kind { EXTENT_ROLE, EXTENT_SCOPE };
bool extent_check(const struct extent *extent, enum extent_kind kind, struct request *request,
                  struct reply *reply);

/* JSON in the request's arena; empty for what is not said. */
struct span extent_dump(struct request *request, const struct json *json);

#endif
