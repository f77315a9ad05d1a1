#include "schema/base/log.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/metrics.h"
#include "server/api/routes.h"
#include "server/bus/bus.h"
#include "server/store/store.h"

#define METRICS_BYTES ((size_t)64 << 10)

/* The process answers: that is all it says. */
static void health(void *context, struct request *request, struct reply *reply)
{
    (void)context;
    (void)request;
    reply_bytes(reply, 200, "text/plain; charset=utf-8", span_text("ok\n"));
}

/* Whether a balancer should send requests here: the database answers. A broker that is away is told
 * but makes no instance unready, for then all would be. */
static void ready(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;

    if (store_ping(api->store) != STATUS_OK) {
        reply_header(reply, "Retry-After", "2");
        reply_problem(reply, 503, "the database cannot be reached");
        return;
    }
    struct bus_stats stats = {.brokers = 1};
    char text[96] = "ready\n";

    if (api->bus != NULL)
        bus_read_stats(api->bus, &stats);
    if (stats.brokers == 1 && stats.connected == 0)
        snprintf(text, sizeof text, "ready, but the broker is away\n");
    else if (stats.connected < stats.brokers)
        snprintf(text, sizeof text, "ready, but %zu of %zu brokers are away\n",
                 (size_t)(stats.brokers - stats.connected), (size_t)stats.brokers);
    reply_bytes(reply, 200, "text/plain; charset=utf-8",
                arena_copy(request->arena, span_text(text)));
}

/* What they tell, a stranger who attacks wants to know: whether he was noticed. And each costs the
 * database a look at the fleet, all of it: who is bound to a part gets none. False: a problem was
 * answered. */
static bool may_measure(void *context, struct request *request, struct reply *reply)
{
    if (request_is_from_here(request))
        return true;
    enum status status = api_prove(context, request);
    if (status != STATUS_OK)
        reply_status(reply, status, "metrics");
    else if (request->actor.name[0] == '\0')
        reply_problem(reply, 401, "from another machine, metrics take an API key of a viewer");
    else if (request->actor.role < ROUTE_VIEWER)
        reply_problem(reply, 403,
                      "metrics tell of everything: they take a viewer, or a key whose scope names "
                      "every area (*)");
    else
        return api_hooks()->admit(context, request, reply);
    return false;
}

static void metrics(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct buffer out;

    if (!may_measure(context, request, reply))
        return;
    buffer_init(&out, METRICS_BYTES);
    metrics_write(api, request->arena, &out);
    if (buffer_status(&out) == STATUS_OK)
        reply_bytes(reply, 200, "text/plain; version=0.0.4; charset=utf-8",
                    arena_copy(request->arena, buffer_span(&out)));
    else
        reply_status(reply, buffer_status(&out), "metrics");
    buffer_release(&out);
}

static const struct route rows[] = {
    {"GET", "/healthz", ROUTE_ANYONE, health, ROUTE_BODY_NORMAL},
    {"GET", "/readyz", ROUTE_ANYONE, ready, ROUTE_BODY_NORMAL},
    {"GET", "/metrics", ROUTE_ANYONE, metrics, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_health, rows);
