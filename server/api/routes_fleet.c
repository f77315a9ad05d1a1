#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/store/fleet_parts.h"
#include "server/store/usage_report.h"

static enum status count_fleet(void *context, struct arena *arena, struct span *json,
                               int64_t *robots)
{
    return usage_report_fleet(context, arena, json, robots);
}

static enum status count_parts(void *context, struct arena *arena, struct span *json,
                               int64_t *robots)
{
    return fleet_parts_read(context, arena, json, robots);
}

static void fleet(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *role = reach_of(request);
    enum status status;
    struct span json;

    if (role != NULL)
        status = usage_report_part(api->store, role, request->arena, &json);
    else
        status = counts_read(api->counts, COUNTS_FLEET, clock_mono_ms(), count_fleet, api->store,
                             request->arena, &json);

    answer_json(reply, status, json, "the fleet");
}

static void parts(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = counts_read(api->counts, COUNTS_PARTS, clock_mono_ms(), count_parts,
                                     api->store, request->arena, &json);

    answer_json(reply, status, json, "the fleet");
}

/* Whoever is bound to some groups or vendors learns that something changed, and asks for what it
 * may see of that. */
static void events(void *context, struct request *request, struct reply *reply)
{
    (void)context;
    /* proxies that collect an answer before they pass it on would hold back events for ever */
    reply_header(reply, "X-Accel-Buffering", "no");
    reply_events(reply, reach_of(request) == NULL ? HUB_SEES_ALL : HUB_SEES_KINDS,
                 request->actor.until_ms);
}

static const struct route rows[] = {
    {"GET", "/api/v1/fleet", ROUTE_VIEWER, fleet, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/fleet/parts", ROUTE_VIEWER, parts, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/events", ROUTE_VIEWER, events, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_fleet, rows);
