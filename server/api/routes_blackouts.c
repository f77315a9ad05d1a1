#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/blackouts.h"

#define REASON_MAX    300
#define DAY_MS        ((int64_t)86400 * 1000)
#define SPAN_MOST_MS  (93 * DAY_MS)
#define AHEAD_MOST_MS (3 * 366 * DAY_MS)

static const struct json_field fields[] = {
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct blackouts_order, reason),
     .required = true,
     .min = 1,
     .max = REASON_MAX},
    {.name = "from",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct blackouts_order, from_ms),
     .required = true},
    {.name = "until",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct blackouts_order, until_ms),
     .required = true},
};

/* A year that was mistyped must not keep the fleet from changing without anybody noticing. */
static bool check(struct reply *reply, const struct blackouts_order *order, int64_t now_ms)
{
    if (order->until_ms <= order->from_ms)
        answer_bad(reply, "/until", "must be after from");
    else if (order->until_ms <= now_ms)
        answer_bad(reply, "/until", "is over already");
    else if (order->until_ms - order->from_ms > SPAN_MOST_MS)
        answer_bad(reply, "/until", "must be within 93 days of from");
    else if (order->from_ms > now_ms + AHEAD_MOST_MS)
        answer_bad(reply, "/from", "must be within three years");
    else
        return true;
    return false;
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = blackouts_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "blackouts");
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct blackouts_order order = {.reason = ""};
    struct document blackout;

    if (!answer_decode(request, reply, fields, sizeof fields / sizeof *fields, &order) ||
        !check(reply, &order, clock_wall_ms()))
        return;
    enum status status = blackouts_create(api->store, &author, &order, request->arena, &blackout);
    answer_document(reply, status, 201, &blackout, "blackout");
}

static void drop(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = blackouts_delete(api->store, &author, id, request->arena);
    answer_done(reply, status, answer_subject(request, "blackout", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/blackouts", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/blackouts", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/blackouts/{id}", ROUTE_OPERATOR, drop, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_blackouts, rows);
