#include "server/http/mhd_request.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>

/* Pairs of one kind on their way into the request. */
struct taking {
    struct request_pair *pairs;
    size_t *count;
    bool is_full;
};

static enum MHD_Result on_pair(void *context, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    struct taking *taking = context;

    (void)kind;
    taking->is_full = *taking->count == REQUEST_PAIRS;
    if (taking->is_full)
        return MHD_NO;
    taking->pairs[(*taking->count)++] = (struct request_pair){name, value};
    return MHD_YES;
}

/* False: there are more than a request has room for, and what is left out might be the one that
 * matters. */
static bool take_pairs(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                       struct request_pair pairs[REQUEST_PAIRS], size_t *count)
{
    struct taking taking = {pairs, count, false};

    MHD_get_connection_values(connection, kind, on_pair, &taking);
    return !taking.is_full;
}

static void read_address(struct MHD_Connection *connection, char out[REQUEST_ADDRESS])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;

    out[0] = '\0';
    if (peer != NULL && peer->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)peer)->sin_addr, out, REQUEST_ADDRESS);
    if (peer != NULL && peer->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)peer)->sin6_addr, out, REQUEST_ADDRESS);
}

unsigned mhd_request_fill(struct MHD_Connection *connection, const char *url, const char *method,
                          struct request *request)
{
    request->method = method;
    request->path = url;
    read_address(connection, request->address);
    if (!take_pairs(connection, MHD_HEADER_KIND, request->headers, &request->header_count) ||
        !take_pairs(connection, MHD_COOKIE_KIND, request->cookies, &request->cookie_count))
        return 431;
    if (!take_pairs(connection, MHD_GET_ARGUMENT_KIND, request->query, &request->query_count))
        return 414;
    return 0;
}
