#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/alerts.h"

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *open = request_query(request, "open");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    if (open != NULL && strcmp(open, "true") != 0 && strcmp(open, "false") != 0) {
        answer_bad(reply, "?open", "must be true or false");
        return;
    }
    bool only_open = open != NULL && strcmp(open, "true") == 0;
    enum status status = alerts_list(api->store, only_open ? ALERTS_OPEN : ALERTS_ALL,
                                     page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "alerts");
}

static void acknowledge(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document alert;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = alerts_acknowledge(api->store, &author, id, request->arena, &alert);
    answer_json(reply, status, alert.json,
                answer_subject(request, "alert", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/alerts", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/alerts/{id}/acknowledge", ROUTE_OPERATOR, acknowledge, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_alerts, rows);
