/* filtering.h - filters of robots in requests */
#ifndef SERVER_API_FILTERING_H
#define SERVER_API_FILTERING_H

#include "server/http/reply.h"
#include "server/http/request.h"
#include "server/store/groups.h"

/* What a filter is for decides what it may ask: see schema/FILTER.md. */
enum filtering_use { FILTERING_LIST, FILTERING_GROUP };

/* Reads text into *out, which is in the request's arena. False: a problem was answered, which names
 * the place; pointer is where the text came from ("?filter", "/filter"). */
bool filtering_read(struct request *request, struct reply *reply, struct store *store,
                    const char *text, const char *pointer, enum filtering_use use,
                    struct groups_filter *out);

#endif
