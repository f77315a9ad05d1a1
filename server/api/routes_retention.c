#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"

static const char *subject(const struct request *request)
{
    return answer_subject(request, "class", request_param(request, "class"));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json = {0};
    enum status status = retention_list(api->store, &api->retention, request->arena, &json);

    answer_json(reply, status, json, "the classes");
}

struct order {
    int64_t keep;
    bool dry_run;
};

static const struct json_field order_fields[] = {
    {.name = "keep",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct order, keep),
     .required = true,
     .max = 100000},
    {.name = "dry_run", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct order, dry_run)},
};

/* False: a problem was answered. */
static bool check(struct request *request, struct reply *reply, int64_t keep)
{
    int64_t least = 0, most = 0;
    bool may_be_ever = false;
    enum status status =
        retention_check(request_param(request, "class"), keep, &least, &most, &may_be_ever);

    if (status == STATUS_INVALID)
        answer_bad(reply, "/keep",
                   may_be_ever
                       ? arena_format(request->arena, "must be from %lld to %lld, or 0 for ever",
                                      (long long)least, (long long)most)
                       : arena_format(request->arena, "must be from %lld to %lld", (long long)least,
                                      (long long)most));
    else if (status != STATUS_OK)
        reply_problem(reply, 404, "there is no class \"%s\" that can be set",
                      request_param(request, "class"));
    return status == STATUS_OK;
}

static void put(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *name = request_param(request, "class");
    struct order order = {0};
    int64_t forgets = 0;

    if (!answer_decode(request, reply, order_fields, 2, &order) ||
        !check(request, reply, order.keep))
        return;
    enum status status =
        retention_set(api->store, &author, name, order.keep, order.dry_run, &forgets);
    const char *json =
        arena_format(request->arena, "{\"class\":\"%s\",\"keep\":%lld,\"forgets\":%lld}", name,
                     (long long)order.keep, (long long)forgets);
    answer_json(reply, status, json ? span_text(json) : (struct span){0}, subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/retention", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/retention/{class}", ROUTE_ADMIN, put, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_retention, rows);
