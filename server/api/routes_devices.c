#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/catalogue.h"
#include "server/api/filtering.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/store/attempts.h"
#include "server/store/devices.h"
#include "server/store/health_history.h"
#include "server/store/timeline.h"

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct devices_filter filter = {
        .state = request_query(request, "state"),
        .group = request_query(request, "group"),
        .text = request_query(request, "q"),
        .role = reach_of_groups(request),
    };
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    if (filter.state != NULL &&
        !span_is_choice(span_text(filter.state), "online|offline|silent|behind|revoked")) {
        answer_bad(reply, "?state", "must be one of online, offline, silent, behind, revoked");
        return;
    }
    const char *text = request_query(request, "filter");
    struct groups_filter program = {0};

    if (text != NULL &&
        !filtering_read(request, reply, api->store, text, "?filter", FILTERING_LIST, &program))
        return;
    filter.program = program.program;
    filter.after = page.after;
    filter.limit = page.limit;
    enum status status = devices_list(api->store, &filter, request->arena, &json);
    answer_json(reply, status, json, "devices");
}

static const char *subject(const struct request *request)
{
    return answer_subject(request, "device", request_param(request, "id"));
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document device;
    enum status status =
        devices_get(api->store, request_param(request, "id"), request->arena, &device);

    answer_document(reply, status, 200, &device, subject(request));
}

struct patch {
    const char *name;
    const char *region;
    const struct json *labels;
};

static const struct json_field patch_fields[] = {
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct patch, name), .max = 100},
    {.name = "region",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct patch, region),
     .max = 48},
    {.name = "labels", .kind = JSON_FIELD_ANY, .offset = offsetof(struct patch, labels)},
};

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct patch patch = {0};
    struct document device;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, patch_fields, 3, &patch))
        return;
    if (!answer_check_labels(reply, patch.labels))
        return;
    const struct author author = api_author(request);
    struct json_problem problem;
    const struct leading leading = {&author, api_alone(api), &problem};
    const struct devices_patch change = {
        .name = patch.name,
        .region = patch.region,
        .labels =
            patch.labels != NULL ? answer_dump(request->arena, patch.labels) : (struct span){0},
    };
    enum status status = devices_update(api->store, &leading, request_param(request, "id"), version,
                                        &change, request->arena, &device);
    if (status == STATUS_DENIED)
        reply_problem(reply, 409, "%s", problem.detail);
    else
        answer_document(reply, status, 200, &device, subject(request));
}

static void effective(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span defaults;
    struct span json = {0};
    enum status status = catalogue_defaults(request->arena, &defaults);

    if (status == STATUS_OK)
        status = devices_effective(api->store, request_param(request, "id"), defaults,
                                   request->arena, &json);
    answer_json(reply, status, json, subject(request));
}

static void usage(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    enum status status = attempts_of_device(api->store, request_param(request, "id"), page.after,
                                            page.limit, request->arena, &json);
    if (status == STATUS_INVALID && page.after != NULL)
        answer_bad(reply, "?after", "must be the \"next\" of the page before");
    else
        answer_json(reply, status, json, subject(request));
}

static void timeline(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    enum status status = timeline_read(api->store, request_param(request, "id"), page.after,
                                       page.limit, request->arena, &json);
    if (status == STATUS_INVALID && page.after != NULL)
        answer_bad(reply, "?after", "must be the \"next\" of the page before");
    else
        answer_json(reply, status, json, subject(request));
}

static void health(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status =
        health_history_read(api->store, request_param(request, "id"), request->arena, &json);

    answer_json(reply, status, json, subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/devices", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/devices/{id}", ROUTE_OPERATOR, update, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/effective", ROUTE_VIEWER, effective, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/usage", ROUTE_VIEWER, usage, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/health", ROUTE_VIEWER, health, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/timeline", ROUTE_VIEWER, timeline, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_devices, rows);
