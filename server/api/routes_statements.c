#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/money/zone.h"
#include "server/store/bills.h"
#include "server/store/statements.h"

static const char *contract_subject(const struct request *request)
{
    return answer_subject(request, "contract", request_param(request, "id"));
}

static void bill(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *as_of = request_query(request, "as_of");
    int64_t as_of_ms = BILLS_NOW;
    struct span json;

    if (as_of != NULL && clock_parse(span_text(as_of), &as_of_ms) != STATUS_OK) {
        answer_bad(reply, "?as_of", "must be a time like 2026-11-01T00:00:00+08:00");
        return;
    }
    enum status status =
        bills_get(api->store, request_param(request, "id"), as_of_ms, request->arena, &json);
    if (status == STATUS_STALE) {
        reply_problem(
            reply, 409,
            "raw records of the periods that went on then are dropped: ask for the end of "
            "a period");
        return;
    }
    answer_json(reply, status, json, contract_subject(request));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = statements_list(api->store, request_param(request, "id"), clock_wall_ms(),
                                         request->arena, &json);

    answer_json(reply, status, json, contract_subject(request));
}

/* "2026-11" as a day of it. */
static bool read_month(const char *text, int64_t *out)
{
    char date[ZONE_DATE_SIZE];

    if (text == NULL || strlen(text) != 7)
        return false;
    snprintf(date, sizeof date, "%s-01", text);
    return zone_parse_date(span_text(date), out) == STATUS_OK;
}

static bool read_groups(struct request *request, const struct json *list,
                        struct statements_order *order)
{
    const char **groups = arena_take(request->arena, STATEMENTS_GROUPS * sizeof *groups);

    if (json_type(list) != JSON_ARRAY || json_count(list) == 0 ||
        json_count(list) > STATEMENTS_GROUPS || groups == NULL)
        return false;
    for (size_t i = 0; i < json_count(list); i++) {
        groups[i] = json_text(json_item(list, i), NULL);
        if (groups[i] == NULL)
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(groups[k], groups[i]) == 0)
                return false;
    }
    order->groups = groups;
    order->group_count = json_count(list);
    return true;
}

/* {"month", "fees_by", "groups", "dry_run"}. False: a problem was answered. */
static bool read_order(struct request *request, struct reply *reply, struct statements_order *out)
{
    struct body {
        const char *month;
        const char *fees_by;
        const struct json *groups;
        bool dry_run;
    } body = {.fees_by = "devices"};
    static const struct json_field fields[] = {
        {.name = "month",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct body, month),
         .required = true,
         .min = 7,
         .max = 7},
        {.name = "fees_by",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct body, fees_by),
         .choices = STATEMENTS_RULES},
        {.name = "groups", .kind = JSON_FIELD_ANY, .offset = offsetof(struct body, groups)},
        {.name = "dry_run", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct body, dry_run)},
    };

    if (!answer_decode(request, reply, fields, 4, &body))
        return false;
    *out = (struct statements_order){
        .contract_id = request_param(request, "id"),
        .now_ms = clock_wall_ms(),
        .rule = strcmp(body.fees_by, "usage") == 0  ? STATEMENTS_BY_USAGE
                : strcmp(body.fees_by, "even") == 0 ? STATEMENTS_EVEN
                                                    : STATEMENTS_BY_DEVICES,
        .dry_run = body.dry_run,
    };
    if (!read_month(body.month, &out->month)) {
        answer_bad(reply, "/month", "must be a month like 2026-11");
        return false;
    }
    if (body.groups != NULL && !read_groups(request, body.groups, out)) {
        answer_bad(reply, "/groups", "must be a list of 1 to 64 different groups");
        return false;
    }
    return true;
}

static void lock(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct statements_order order;
    const char *problem;
    struct span json;

    if (!read_order(request, reply, &order))
        return;
    enum status status =
        statements_lock(api->store, &author, &order, request->arena, &json, &problem);
    if (status == STATUS_OK)
        reply_json(reply, order.dry_run ? 200 : 201, json);
    else if (status == STATUS_STALE)
        reply_problem(reply, 409, "%s", problem);
    else if (status == STATUS_EXISTS)
        reply_problem(reply, 409, "the month is locked already");
    else if (status == STATUS_INVALID && order.groups != NULL)
        answer_bad(reply, "/groups", "names a group that does not exist");
    else
        reply_status(reply, status, contract_subject(request));
}

/* ?format=, else what Accept asks for. False: a problem was answered. */
static bool read_format(const struct request *request, struct reply *reply,
                        enum statements_format *out)
{
    const char *format = request_query(request, "format");
    const char *accept = request_header(request, "Accept");

    if (format == NULL)
        format = accept != NULL && span_starts_with(span_text(accept), "text/csv") ? "csv" : "json";
    if (!span_is_choice(span_text(format), "json|csv|allocation-csv")) {
        answer_bad(reply, "?format", "must be json, csv or allocation-csv");
        return false;
    }
    *out = strcmp(format, "csv") == 0              ? STATEMENTS_LINES_CSV
           : strcmp(format, "allocation-csv") == 0 ? STATEMENTS_ALLOCATION_CSV
                                                   : STATEMENTS_JSON;
    return true;
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *month = request_param(request, "month");
    enum statements_format format;
    struct span text;

    if (!read_format(request, reply, &format))
        return;
    enum status status = statements_get(api->store, request_param(request, "id"), month, format,
                                        request->arena, &text);
    if (status == STATUS_OK && format != STATEMENTS_JSON)
        reply_bytes(reply, 200, "text/csv; charset=utf-8", text);
    else
        answer_json(reply, status, text, answer_subject(request, "statement", month));
}

static const struct route rows[] = {
    {"GET", "/api/v1/contracts/{id}/bill", ROUTE_VIEWER, bill, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/contracts/{id}/statements", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/contracts/{id}/statements", ROUTE_OPERATOR, lock, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/contracts/{id}/statements/{month}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_statements, rows);
