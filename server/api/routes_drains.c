/* vendors/{id}/drain and what belongs to it: leading robots away from a vendor, and back */
#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/fleet/rollout_plan.h"
#include "server/store/drains.h"
#include "server/store/preflight_drain.h"

#define REASON_MAX     300
#define MINUTE_MS      INT64_C(60000)
#define DRILL_MINUTES  10
#define DRILL_MOST     1440
#define WINDOW_MOST_MS (INT64_C(31) * 24 * 60 * MINUTE_MS)
#define AHEAD_MOST_MS  (INT64_C(366) * 24 * 60 * MINUTE_MS)

static const char *subject(const struct request *request)
{
    return answer_subject(request, "vendor", request_param(request, "id"));
}

/* ---- reading ---- */

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *kind = request_query(request, "kind");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    if (kind != NULL && !span_is_choice(span_text(kind), "emergency|maintenance|drill")) {
        answer_bad(reply, "?kind", "must be emergency, maintenance or drill");
        return;
    }
    enum status status = drains_list(api->store, request_param(request, "id"), kind,
                                     page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, subject(request));
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document drain;
    int64_t number;

    if (!answer_read_number(request, reply, "drain", &number))
        return;
    enum status status =
        drains_get(api->store, request_param(request, "id"), number, request->arena, &drain);
    answer_document(reply, status, 200, &drain,
                    answer_subject(request, "drain", request_param(request, "drain")));
}

static void preview(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct preflight room = {0};
    enum status status = preflight_drain(api->store, request_param(request, "id"), clock_wall_ms(),
                                         request->arena, &room);

    answer_json(reply, status, room.json, subject(request));
}

/* ---- leading away ---- */

struct wanted {
    const char *reason;
    bool if_it_fits;
    const char *share;
    int64_t minutes;
    int64_t from_ms, until_ms;
};

static const struct json_field drain_fields[] = {
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct wanted, reason),
     .max = REASON_MAX},
    {.name = "if_it_fits", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct wanted, if_it_fits)},
};

static const struct json_field drill_fields[] = {
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct wanted, reason),
     .max = REASON_MAX},
    {.name = "share", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct wanted, share)},
    {.name = "minutes",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct wanted, minutes),
     .min = 1,
     .max = DRILL_MOST},
};

static const struct json_field window_fields[] = {
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct wanted, reason),
     .max = REASON_MAX},
    {.name = "from",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct wanted, from_ms),
     .required = true},
    {.name = "until",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct wanted, until_ms),
     .required = true},
};

static void begin(const struct api *api, struct request *request, struct reply *reply,
                  struct drains_order *order)
{
    const struct author author = api_author(request);
    struct document drain;

    order->vendor_id = request_param(request, "id");
    enum status status = drains_start(api->store, &author, order, request->arena, &drain);
    if (status == STATUS_EXISTS && strcmp(order->kind, "maintenance") == 0)
        reply_problem(reply, 409, "%s has another window in that time", subject(request));
    else if (status == STATUS_EXISTS)
        reply_problem(reply, 409, "%s is drained already", subject(request));
    else if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "no robot of %s has another route that a drill could lead it to",
                      subject(request));
    else
        answer_document(reply, status, 201, &drain, subject(request));
}

/* An emergency does not wait for arithmetic: what cannot be looked at is drained all the same,
 * unless it is only to be done when it fits. False: a problem was answered. */
static bool look(const struct api *api, struct request *request, struct reply *reply,
                 bool if_it_fits, struct drains_order *order)
{
    struct preflight room = {0};
    enum status status = preflight_drain(api->store, request_param(request, "id"), order->now_ms,
                                         request->arena, &room);

    order->capacity = room.json;
    if (!if_it_fits && status != STATUS_OK && status != STATUS_NOT_FOUND)
        log_warning("api", "drain goes on without its capacity: %s", status_text(status));
    if (status == STATUS_NOT_FOUND || (if_it_fits && status != STATUS_OK))
        reply_status(reply, status, subject(request));
    else if (if_it_fits && room.refusal != NULL)
        reply_problem(reply, 409, "it does not fit: %s", room.refusal);
    else
        return true;
    return false;
}

static void drain(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct drains_order order = {.kind = "emergency", .now_ms = clock_wall_ms()};
    struct wanted wanted = {.reason = ""};

    if (request->body.size > 0 && !answer_decode(request, reply, drain_fields, 2, &wanted))
        return;
    order.reason = wanted.reason;
    order.from_ms = order.now_ms;
    if (look(api, request, reply, wanted.if_it_fits, &order))
        begin(api, request, reply, &order);
}

static void drill(void *context, struct request *request, struct reply *reply)
{
    struct drains_order order = {.kind = "drill", .now_ms = clock_wall_ms()};
    struct wanted wanted = {.reason = "", .share = "1%", .minutes = DRILL_MINUTES};
    int64_t share;

    if (request->body.size > 0 && !answer_decode(request, reply, drill_fields, 3, &wanted))
        return;
    if (rollout_plan_share(span_text(wanted.share), &share) != STATUS_OK || share == 0) {
        answer_bad(reply, "/share", "must be a share like 1% or 0.5%, above 0");
        return;
    }
    order.reason = wanted.reason;
    order.from_ms = order.now_ms;
    order.until_ms = order.now_ms + wanted.minutes * MINUTE_MS;
    order.share = arena_format(request->arena, "%lld.%04lld", (long long)(share / ROLLOUT_PLAN_ALL),
                               (long long)(share % ROLLOUT_PLAN_ALL));
    begin(context, request, reply, &order);
}

static bool check_window(struct reply *reply, const struct wanted *wanted, int64_t now_ms)
{
    if (wanted->until_ms <= wanted->from_ms)
        answer_bad(reply, "/until", "must be after from");
    else if (wanted->until_ms <= now_ms)
        answer_bad(reply, "/until", "is over already");
    else if (wanted->until_ms - wanted->from_ms > WINDOW_MOST_MS)
        answer_bad(reply, "/until", "must be within 31 days of from");
    else if (wanted->from_ms > now_ms + AHEAD_MOST_MS)
        answer_bad(reply, "/from", "must be within a year");
    else
        return true;
    return false;
}

static void add_window(void *context, struct request *request, struct reply *reply)
{
    struct drains_order order = {.kind = "maintenance", .now_ms = clock_wall_ms()};
    struct wanted wanted = {.reason = ""};

    if (!answer_decode(request, reply, window_fields, 3, &wanted) ||
        !check_window(reply, &wanted, order.now_ms))
        return;
    order.reason = wanted.reason;
    order.from_ms = wanted.from_ms;
    order.until_ms = wanted.until_ms;
    if (look(context, request, reply, false, &order))
        begin(context, request, reply, &order);
}

/* ---- back ---- */

static void cancel_window(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document cancelled;
    int64_t number;

    if (!answer_read_number(request, reply, "drain", &number))
        return;
    enum status status = drains_cancel(api->store, &author, request_param(request, "id"), number,
                                       request->arena, &cancelled);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "it has begun or is over; POST return gives the vendor back");
    else
        answer_done(reply, status,
                    answer_subject(request, "window", request_param(request, "drain")));
}

static void give_back(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document returned;
    enum status status = drains_return(api->store, &author, request_param(request, "id"),
                                       clock_wall_ms(), request->arena, &returned);

    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "%s is not drained", subject(request));
    else
        answer_json(reply, status, returned.json, subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/vendors/{id}/drains", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors/{id}/drains/{drain}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/drain/preview", ROUTE_VIEWER, preview, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/drain", ROUTE_OPERATOR, drain, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/return", ROUTE_OPERATOR, give_back, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/drill", ROUTE_OPERATOR, drill, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/maintenance", ROUTE_OPERATOR, add_window, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/vendors/{id}/maintenance/{drain}", ROUTE_OPERATOR, cancel_window,
     ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_drains, rows);
