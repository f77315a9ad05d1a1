#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/thresholds.h"

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = thresholds_list(api->store, request_query(request, "source"),
                                         request_query(request, "state"), request->arena, &json);

    answer_json(reply, status, json, "thresholds");
}

static void reset(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct span json = {0};
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = thresholds_reset(api->store, &author, id, request->arena, &json);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "the threshold has not fired: there is nothing to lift");
    else
        answer_json(reply, status, json,
                    answer_subject(request, "threshold", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/thresholds", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/thresholds/{id}/reset", ROUTE_OPERATOR, reset, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_thresholds, rows);
