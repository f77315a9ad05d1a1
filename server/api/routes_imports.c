#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/imports.h"

static void settle(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *vendor = request_param(request, "id");
    struct json_problem problem;
    struct span report;
    enum status status = imports_settle(api->store, &author, vendor, request->body, request->arena,
                                        &report, &problem);

    if (status == STATUS_OK)
        reply_json(reply, 201, report);
    else if (status == STATUS_INVALID)
        reply_field(reply, 422, &problem);
    else if (status == STATUS_EXISTS)
        reply_problem(reply, 409, "this very file was imported before");
    else
        reply_status(reply, status, answer_subject(request, "vendor", vendor));
}

static const struct route rows[] = {
    {"POST", "/api/v1/vendors/{id}/usage-imports", ROUTE_OPERATOR, settle, ROUTE_BODY_LARGE},
};
ROUTES_TABLE(routes_imports, rows);
