#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/imports.h"
#include "server/store/vendor_usage.h"

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

/* {"usage": [...], "contract"}. False: a problem was answered. */
static bool read_usage(struct request *request, struct reply *reply, const struct json **rows,
                       const char **contract)
{
    struct body {
        const struct json *usage;
        const char *contract;
    } body = {0};
    static const struct json_field fields[] = {
        {.name = "usage",
         .kind = JSON_FIELD_ANY,
         .offset = offsetof(struct body, usage),
         .required = true},
        {.name = "contract", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct body, contract)},
    };

    if (!answer_decode(request, reply, fields, 2, &body))
        return false;
    if (json_type(body.usage) != JSON_ARRAY || json_count(body.usage) == 0 ||
        json_count(body.usage) > VENDOR_USAGE_ROWS) {
        answer_bad(reply, "/usage", "must be a list of 1 to 5000 rows");
        return false;
    }
    *rows = body.usage;
    *contract = body.contract;
    return true;
}

static void book(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *vendor = request_param(request, "id");
    const struct json *usage;
    const char *contract;
    struct json_problem problem;
    struct span report;

    if (!read_usage(request, reply, &usage, &contract))
        return;
    enum status status = vendor_usage_book(api->store, &author, vendor, contract, usage,
                                           request->arena, &report, &problem);
    if (status == STATUS_OK)
        reply_json(reply, 201, report);
    else if (status == STATUS_INVALID)
        reply_field(reply, 422, &problem);
    else if (status == STATUS_EXISTS)
        reply_field(reply, 409, &problem);
    else
        reply_status(reply, status, answer_subject(request, "vendor", vendor));
}

static const struct route rows[] = {
    {"POST", "/api/v1/vendors/{id}/usage", ROUTE_OPERATOR, book, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/usage-imports", ROUTE_OPERATOR, settle, ROUTE_BODY_LARGE},
};
ROUTES_TABLE(routes_imports, rows);
