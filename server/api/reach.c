#include "server/api/reach.h"

#include "server/store/roles.h"

/* What stands in a path, and what is asked of whoever is bound. */
enum by {
    REFUSED, /* not for bound roles */
    ANY,     /* nothing of it is one group's or one vendor's; or the list leaves out the rest */
    DEVICE,  /* {id} is a robot */
    GROUP,
    COMMAND,
    BUNDLE,
    VENDOR,
    CONTRACT,
    ALERT,
};

struct reach {
    const char *method;
    const char *pattern;
    enum by by_group;
    enum by by_vendor;
};

/* Who is bound to vendors writes no settings: they name vendors. Who is bound to groups changes
 * nothing of a vendor: it serves robots of all groups. A robot's labels decide about its groups, so
 * they are not for those who have some. */
static const struct reach rows[] = {
    {"GET", "/api/v1/attempts", ANY, ANY},
    {"GET", "/api/v1/devices", ANY, ANY},
    {"GET", "/api/v1/devices/{id}", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/effective", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/usage", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/health", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/timeline", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/why", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/face", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/video", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/bundles", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/transfers", DEVICE, ANY},
    {"GET", "/api/v1/devices/{id}/commands", DEVICE, ANY},
    {"POST", "/api/v1/devices/{id}/commands", DEVICE, ANY},
    {"GET", "/api/v1/commands/{id}", COMMAND, ANY},
    /* commands to robots of its groups, and its own jobs alone: routes_jobs.c */
    {"GET", "/api/v1/jobs", ANY, ANY},
    {"POST", "/api/v1/jobs", ANY, ANY},
    {"POST", "/api/v1/jobs/preview", ANY, ANY},
    {"GET", "/api/v1/jobs/{id}", ANY, ANY},
    {"GET", "/api/v1/jobs/{id}/devices", ANY, ANY},
    {"POST", "/api/v1/jobs/{id}/stop", ANY, ANY},
    {"POST", "/api/v1/jobs/{id}/resume", ANY, ANY},
    {"GET", "/api/v1/bundles/{id}", BUNDLE, ANY},
    {"GET", "/api/v1/groups", ANY, ANY},
    {"GET", "/api/v1/groups/{id}", GROUP, ANY},
    {"GET", "/api/v1/groups/{id}/devices", GROUP, ANY},
    {"GET", "/api/v1/layers/group/{id}", GROUP, ANY},
    {"PUT", "/api/v1/layers/group/{id}", GROUP, REFUSED},
    {"GET", "/api/v1/layers/group/{id}/revisions", GROUP, ANY},
    {"GET", "/api/v1/layers/group/{id}/diff", GROUP, ANY},
    {"POST", "/api/v1/layers/group/{id}/restore", GROUP, REFUSED},
    {"GET", "/api/v1/layers/device/{id}", DEVICE, ANY},
    {"PUT", "/api/v1/layers/device/{id}", DEVICE, REFUSED},
    {"GET", "/api/v1/layers/device/{id}/revisions", DEVICE, ANY},
    {"GET", "/api/v1/layers/device/{id}/diff", DEVICE, ANY},
    {"POST", "/api/v1/layers/device/{id}/restore", DEVICE, REFUSED},
    {"GET", "/api/v1/fleet", ANY, ANY},
    {"GET", "/api/v1/events", ANY, ANY},
    {"GET", "/api/v1/alerts", ANY, ANY},
    {"GET", "/api/v1/alerts/{id}", ALERT, ALERT},
    {"POST", "/api/v1/alerts/{id}/acknowledge", ALERT, ALERT},
    {"POST", "/api/v1/alerts/{id}/assign", ALERT, ALERT},
    {"POST", "/api/v1/alerts/{id}/silence", ALERT, ALERT},
    {"POST", "/api/v1/alerts/{id}/clear", ALERT, ALERT},
    {"GET", "/api/v1/settings", ANY, ANY},
    {"GET", "/api/v1/dialects", ANY, ANY},
    {"GET", "/api/v1/filters/fields", ANY, ANY},
    {"GET", "/api/v1/doctor/codes", ANY, ANY},
    {"GET", "/api/v1/regions", ANY, ANY},
    {"GET", "/api/v1/regions/{id}", ANY, ANY},
    {"GET", "/api/v1/vendors", ANY, ANY},
    {"GET", "/api/v1/vendors/{id}", ANY, VENDOR},
    {"PATCH", "/api/v1/vendors/{id}", REFUSED, VENDOR},
    {"GET", "/api/v1/vendors/{id}/health", ANY, VENDOR},
    {"GET", "/api/v1/vendors/{id}/pack", REFUSED, VENDOR},
    {"GET", "/api/v1/vendors/{id}/key", ANY, VENDOR},
    {"GET", "/api/v1/vendors/{id}/key/devices", ANY, VENDOR},
    {"PUT", "/api/v1/vendors/{id}/key/next", REFUSED, VENDOR},
    {"DELETE", "/api/v1/vendors/{id}/key/next", REFUSED, VENDOR},
    {"POST", "/api/v1/vendors/{id}/key/switch", REFUSED, VENDOR},
    {"POST", "/api/v1/vendors/{id}/key/finish", REFUSED, VENDOR},
    {"GET", "/api/v1/vendors/{id}/drains", ANY, VENDOR},
    {"GET", "/api/v1/vendors/{id}/drains/{drain}", ANY, VENDOR},
    {"POST", "/api/v1/vendors/{id}/usage", REFUSED, VENDOR},
    {"POST", "/api/v1/vendors/{id}/usage-imports", REFUSED, VENDOR},
    {"POST", "/api/v1/vendors/{id}/invoices", REFUSED, VENDOR},
    {"GET", "/api/v1/contracts/{id}", REFUSED, CONTRACT},
    {"GET", "/api/v1/contracts/{id}/burndown", REFUSED, CONTRACT},
    {"GET", "/api/v1/contracts/{id}/burndown/devices", REFUSED, CONTRACT},
    {"GET", "/api/v1/contracts/{id}/bill", REFUSED, CONTRACT},
    {"GET", "/api/v1/contracts/{id}/statements", REFUSED, CONTRACT},
    {"GET", "/api/v1/contracts/{id}/statements/{month}", REFUSED, CONTRACT},
};

static const struct reach *find(const struct route *route)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].method, route->method) == 0 &&
            strcmp(rows[i].pattern, route->pattern) == 0)
            return &rows[i];
    return NULL;
}

/* By which the database knows how far one goes: of a key that is bound itself, its own. */
static const char *name(const struct request_actor *actor)
{
    return actor->is_bound_itself ? actor->name : actor->role_name;
}

/* *reached stays as it is when the database cannot be asked. */
static enum status ask(const struct api *api, const struct request *request, enum by by,
                       bool *reached)
{
    typedef enum status (*question)(struct store *, const char *, const char *, bool *);
    static const question questions[] = {
        [DEVICE] = roles_reach_device,   [GROUP] = roles_reach_group,
        [COMMAND] = roles_reach_command, [BUNDLE] = roles_reach_bundle,
        [VENDOR] = roles_reach_vendor,   [CONTRACT] = roles_reach_contract,
        [ALERT] = roles_reach_alert,
    };

    if (by <= ANY) {
        *reached = by == ANY;
        return STATUS_OK;
    }
    return questions[by](api->store, name(&request->actor), request_param(request, "id"), reached);
}

static void refuse(const struct request_actor *actor, struct reply *reply, const char *things)
{
    if (actor->is_bound_itself)
        reply_problem(reply, 403, "your API key is bound to some %s, and this is outside of it",
                      things);
    else
        reply_problem(reply, 403, "your role %s is bound to some %s, and this is outside of it",
                      actor->role_name, things);
}

bool reach_allows(const struct api *api, struct request *request, struct reply *reply)
{
    const struct request_actor *actor = &request->actor;
    const struct reach *row = find(request->route);
    enum status status = STATUS_OK;
    bool by_groups = true;
    bool by_vendors = true;

    if (actor->by_groups)
        status = ask(api, request, row != NULL ? row->by_group : REFUSED, &by_groups);
    if (status == STATUS_OK && actor->by_vendors)
        status = ask(api, request, row != NULL ? row->by_vendor : REFUSED, &by_vendors);
    if (status != STATUS_OK)
        reply_status(reply, status, "the role");
    else if (!by_groups || !by_vendors)
        refuse(actor, reply, by_groups ? "vendors" : "groups");
    return status == STATUS_OK && by_groups && by_vendors;
}

const char *reach_of_groups(const struct request *request)
{
    return request->actor.by_groups ? name(&request->actor) : NULL;
}

const char *reach_of(const struct request *request)
{
    return request->actor.by_groups || request->actor.by_vendors ? name(&request->actor) : NULL;
}

const char *reach_of_vendors(const struct request *request)
{
    return request->actor.by_vendors ? name(&request->actor) : NULL;
}
