#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/store/alerts.h"

#define SILENCE_MAX_MS ((int64_t)90 * 86400 * 1000)

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *open = request_query(request, "open");
    struct alerts_filter filter = {.state = request_query(request, "state"),
                                   .kind = request_query(request, "kind"),
                                   .subject = request_query(request, "subject"),
                                   .severity = request_query(request, "severity"),
                                   .assigned_to = request_query(request, "assigned_to"),
                                   .role = reach_of(request)};
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    if (open != NULL && !span_is_choice(span_text(open), "true|false")) {
        answer_bad(reply, "?open", "must be true or false");
        return;
    }
    if (filter.severity != NULL &&
        !span_is_choice(span_text(filter.severity), "info|warning|critical")) {
        answer_bad(reply, "?severity", "must be info, warning or critical");
        return;
    }
    if (filter.state == NULL && open != NULL && strcmp(open, "true") == 0)
        filter.state = "open";
    if (filter.state != NULL &&
        !span_is_choice(span_text(filter.state), "open|acknowledged|silenced|cleared|current")) {
        answer_bad(reply, "?state",
                   "must be open, acknowledged, silenced, cleared or current (all but cleared)");
        return;
    }
    enum status status =
        alerts_list(api->store, &filter, page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "alerts");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document alert = {0};
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = alerts_get(api->store, id, request->arena, &alert);
    answer_json(reply, status, alert.json,
                answer_subject(request, "alert", request_param(request, "id")));
}

static void show(struct request *request, struct reply *reply, enum status status,
                 const struct document *alert)
{
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "the alert is cleared; if its cause comes back it is a new one");
    else
        answer_json(reply, status, alert->json,
                    answer_subject(request, "alert", request_param(request, "id")));
}

/* Without an operator it is nobody's any more. */
static void assign(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field fields[] = {
        {.name = "operator", .kind = JSON_FIELD_SLUG},
    };
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document alert = {0};
    const char *operator_id = NULL;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id) ||
        !answer_decode(request, reply, fields, 1, &operator_id))
        return;
    enum status status =
        alerts_assign(api->store, &author, id, operator_id, request->arena, &alert);
    if (status == STATUS_INVALID)
        answer_bad(reply, "/operator", "there is no such operator, or it is disabled");
    else
        show(request, reply, status, &alert);
}

static void acknowledge(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document alert = {0};
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = alerts_acknowledge(api->store, &author, id, request->arena, &alert);
    show(request, reply, status, &alert);
}

static void silence(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field fields[] = {
        {.name = "until", .kind = JSON_FIELD_TIME, .required = true},
    };
    const struct api *api = context;
    const struct author author = api_author(request);
    const int64_t now_ms = clock_wall_ms();
    struct document alert = {0};
    int64_t until_ms;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id) ||
        !answer_decode(request, reply, fields, 1, &until_ms))
        return;
    if (until_ms <= now_ms || until_ms > now_ms + SILENCE_MAX_MS) {
        answer_bad(reply, "/until", "must lie ahead, at most 90 days");
        return;
    }
    enum status status = alerts_silence(api->store, &author, id, until_ms, request->arena, &alert);
    show(request, reply, status, &alert);
}

static void clear(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document alert = {0};
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = alerts_clear(api->store, &author, id, request->arena, &alert);
    show(request, reply, status, &alert);
}

static const struct route rows[] = {
    {"GET", "/api/v1/alerts", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/alerts/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/alerts/{id}/assign", ROUTE_OPERATOR, assign, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/alerts/{id}/acknowledge", ROUTE_OPERATOR, acknowledge, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/alerts/{id}/silence", ROUTE_OPERATOR, silence, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/alerts/{id}/clear", ROUTE_OPERATOR, clear, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_alerts, rows);
