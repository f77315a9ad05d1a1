#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/money/decimal.h"
#include "server/store/contracts.h"
#include "server/store/invoices.h"

/* ?tolerance= and ?zone=. False: a problem was answered. */
static bool read_order(const struct api *api, const struct request *request, struct reply *reply,
                       struct invoices_order *order)
{
    const char *tolerance = request_query(request, "tolerance");
    struct decimal share, whole;

    *order = (struct invoices_order){
        .vendor_id = request_param(request, "id"),
        .zone = request_query(request, "zone"),
        .tolerance = tolerance ? tolerance : "0",
        .file = request->body,
    };
    if (decimal_parse(span_text("100"), &whole) != STATUS_OK ||
        decimal_parse(span_text(order->tolerance), &share) != STATUS_OK || share.units < 0 ||
        decimal_compare(share, whole) > 0) {
        answer_bad(reply, "?tolerance", "must be per cent from 0 to 100, like 0.5");
        return false;
    }
    if (order->zone != NULL && contracts_check_zone(api->store, order->zone) != STATUS_OK) {
        answer_bad(reply, "?zone", "must be a time zone like Asia/Shanghai");
        return false;
    }
    return true;
}

static void check(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct invoices_order order;
    struct json_problem problem;
    struct span invoice;

    if (!read_order(api, request, reply, &order))
        return;
    enum status status =
        invoices_check(api->store, &author, &order, request->arena, &invoice, &problem);
    if (status == STATUS_OK)
        reply_json(reply, 201, invoice);
    else if (status == STATUS_INVALID)
        reply_field(reply, 422, &problem);
    else if (status == STATUS_EXISTS)
        reply_problem(reply, 409, "this very file was checked before");
    else
        reply_status(reply, status, answer_subject(request, "vendor", order.vendor_id));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status = invoices_list(api->store, request_query(request, "vendor"),
                                       page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "invoices");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = invoices_get(api->store, id, request->arena, &json);
    answer_json(reply, status, json,
                answer_subject(request, "invoice", request_param(request, "id")));
}

static void dispute(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *format = request_query(request, "format");
    const struct invoices_dispute_order order = {.device_id = request_query(request, "device"),
                                                 .kind = request_query(request, "kind"),
                                                 .problem = request_query(request, "problem")};
    struct answer_page page;
    struct span text;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id) ||
        !answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    if (format != NULL && !span_is_choice(span_text(format), "csv|json")) {
        answer_bad(reply, "?format", "must be csv or json");
        return;
    }
    if (order.kind != NULL && !span_is_choice(span_text(order.kind), "different|unknown|tokens")) {
        answer_bad(reply, "?kind", "must be different, unknown or tokens");
        return;
    }
    const bool csv = format != NULL && strcmp(format, "csv") == 0;
    enum status status = csv ? invoices_dispute_csv(api->store, id, request->arena, &text)
                             : invoices_dispute(api->store, id, &order, page.after_number,
                                                page.limit, request->arena, &text);
    if (status == STATUS_OK && csv)
        reply_bytes(reply, 200, "text/csv; charset=utf-8", text);
    else
        answer_json(reply, status, text,
                    answer_subject(request, "invoice", request_param(request, "id")));
}

static const struct route rows[] = {
    {"POST", "/api/v1/vendors/{id}/invoices", ROUTE_OPERATOR, check, ROUTE_BODY_LARGE},
    {"GET", "/api/v1/invoices", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/invoices/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/invoices/{id}/dispute", ROUTE_VIEWER, dispute, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_invoices, rows);
