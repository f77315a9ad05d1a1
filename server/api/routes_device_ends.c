#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/budgets.h"
#include "server/store/device_ends.h"

static const char *subject(const struct request *request)
{
    return answer_subject(request, "device", request_param(request, "id"));
}

static void answer(struct request *request, struct reply *reply, enum status status,
                   const struct document *device)
{
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "robot \"%s\" is revoked or retired: nothing changes that",
                      request_param(request, "id"));
    else
        answer_document(reply, status, 200, device, subject(request));
}

static void end(const struct api *api, enum device_ends_kind kind, const char *reason,
                struct request *request, struct reply *reply)
{
    const struct author author = api_author(request);
    const struct device_ends_turn turn = {kind, request_param(request, "id"), reason};
    struct document device;
    enum status status = device_ends_make(api->store, &author, &turn, request->arena, &device);

    answer(request, reply, status, &device);
}

static void revoke(void *context, struct request *request, struct reply *reply)
{
    end(context, DEVICE_ENDS_REVOKE, NULL, request, reply);
}

static void retire(void *context, struct request *request, struct reply *reply)
{
    end(context, DEVICE_ENDS_RETIRE, NULL, request, reply);
}

struct suspicion {
    const char *reason;
};

static const struct json_field suspicion_fields[] = {
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct suspicion, reason),
     .required = true,
     .min = 1,
     .max = 200},
};

static void quarantine(void *context, struct request *request, struct reply *reply)
{
    struct suspicion suspicion;

    if (answer_decode(request, reply, suspicion_fields, 1, &suspicion))
        end(context, DEVICE_ENDS_QUARANTINE, suspicion.reason, request, reply);
}

static void release(void *context, struct request *request, struct reply *reply)
{
    end(context, DEVICE_ENDS_RELEASE, NULL, request, reply);
}

struct exchange {
    const char *by;
};

static const struct json_field exchange_fields[] = {
    {.name = "by",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct exchange, by),
     .required = true},
};

/* The credit that the old one still holds is lost with it: booked as spent, by its own audit row.
 */
static void swap(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *old = request_param(request, "id");
    struct exchange exchange;
    struct document device;
    struct span charged;

    if (!answer_decode(request, reply, exchange_fields, 1, &exchange))
        return;
    enum status status =
        device_ends_swap(api->store, &author, old, exchange.by, request->arena, &device);
    if (status == STATUS_OK)
        status = budgets_write_off(api->store, &author, old, request->arena, &charged);
    if (status == STATUS_CONFLICT)
        reply_problem(
            reply, 409,
            "\"%s\" cannot replace \"%s\": it must be another robot, enrolled and in use, "
            "and replace no other",
            exchange.by, old);
    else if (status == STATUS_NOT_FOUND)
        reply_problem(reply, 404,
                      "one of the robots \"%s\" and \"%s\" is not here: the new one "
                      "enrols first",
                      old, exchange.by);
    else
        answer_document(reply, status, 200, &device, subject(request));
}

static const struct route rows[] = {
    {"POST", "/api/v1/devices/{id}/revoke", ROUTE_ADMIN, revoke, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/devices/{id}/retire", ROUTE_ADMIN, retire, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/devices/{id}/quarantine", ROUTE_OPERATOR, quarantine, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/devices/{id}/release", ROUTE_OPERATOR, release, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/devices/{id}/swap", ROUTE_ADMIN, swap, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_device_ends, rows);
