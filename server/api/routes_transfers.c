#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/groups.h"
#include "server/store/transfers.h"

#define DAY_S        86400
#define DEFAULT_DAYS 30
#define MOST_DAYS    90

struct order {
    const char *name;
    const struct json *labels;
    const char *group;
    int64_t days;
};

static const struct json_field order_fields[] = {
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct order, name), .max = 100},
    {.name = "labels", .kind = JSON_FIELD_ANY, .offset = offsetof(struct order, labels)},
    {.name = "group", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct order, group)},
    {.name = "days",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct order, days),
     .min = 1,
     .max = MOST_DAYS},
};

static const char *subject(const struct request *request)
{
    return answer_subject(request, "device", request_param(request, "id"));
}

/* False: a problem was answered. */
static bool check_group(const struct api *api, const struct order *order, struct reply *reply)
{
    const char *bad = NULL;

    if (order->group == NULL)
        return true;
    enum status status = groups_find_stranger(api->store, &order->group, 1, &bad);
    if (status != STATUS_OK)
        reply_status(reply, status, "the group");
    else if (bad != NULL)
        answer_bad(reply, "/group", "must be a group whose members are put in by hand");
    return status == STATUS_OK && bad == NULL;
}

static void ask(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct order order = {.name = "", .days = DEFAULT_DAYS};
    struct span json;

    if (!answer_decode(request, reply, order_fields, sizeof order_fields / sizeof *order_fields,
                       &order) ||
        !answer_check_labels(reply, order.labels) || !check_group(api, &order, reply))
        return;
    const struct transfers_order made = {
        .device_id = request_param(request, "id"),
        .name = order.name,
        .labels =
            order.labels != NULL ? answer_dump(request->arena, order.labels) : span_text("{}"),
        .group = order.group,
        .expires_in_s = order.days * DAY_S,
    };
    enum status status = transfers_ask(api->store, &author, &made, request->arena, &json);
    if (status == STATUS_OK)
        reply_json(reply, 201, json);
    else if (status == STATUS_EXISTS)
        reply_problem(reply, 409,
                      "robot \"%s\" is asked already: withdraw that first, or wait for its answer",
                      made.device_id);
    else if (status == STATUS_DENIED)
        reply_problem(
            reply, 409,
            "robot \"%s\" is not in use: release it from its quarantine, or enrol it anew",
            made.device_id);
    else
        reply_status(reply, status, subject(request));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status =
        transfers_list(api->store, request_param(request, "id"), request->arena, &json);

    answer_json(reply, status, json, subject(request));
}

static void withdraw(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    enum status status = transfers_withdraw(api->store, &author, request_param(request, "id"));

    if (status == STATUS_NOT_FOUND)
        reply_problem(reply, 404, "robot \"%s\" is not asked whether it gets another owner",
                      request_param(request, "id"));
    else
        answer_done(reply, status, subject(request));
}

static const struct route rows[] = {
    {"POST", "/api/v1/devices/{id}/transfers", ROUTE_ADMIN, ask, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/transfers", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/devices/{id}/transfers", ROUTE_ADMIN, withdraw, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_transfers, rows);
