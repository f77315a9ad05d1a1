#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/audit.h"

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status = audit_list(api->store, page.after_number, page.limit,
                                    request_query(request, "subject"), request->arena, &json);
    answer_json(reply, status, json, "the audit");
}

static void verify(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = audit_verify(api->store, request->arena, &json);

    answer_json(reply, status, json, "the audit");
}

static const struct route rows[] = {
    {"GET", "/api/v1/audit", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/audit/verify", ROUTE_VIEWER, verify, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_audit, rows);
