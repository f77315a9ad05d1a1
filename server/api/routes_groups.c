#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/filtering.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/fleet/filter.h"
#include "server/store/devices.h"

#define PRIORITY_DEFAULT 100
#define PRIORITY_MAX     1000000

static const char *subject(const struct request *request)
{
    return answer_subject(request, "group", request_param(request, "id"));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    enum status status = groups_list(api->store, page.after, page.limit, reach_of_groups(request),
                                     request->arena, &json);
    answer_json(reply, status, json, "groups");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document group;
    enum status status =
        groups_get(api->store, request_param(request, "id"), request->arena, &group);

    answer_document(reply, status, 200, &group, subject(request));
}

struct fields {
    const char *id;
    const char *name;
    int64_t priority;
    const char *filter;
};

static const struct json_field fields[] = {
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct fields, name), .max = 100},
    {.name = "priority",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct fields, priority),
     .min = 0,
     .max = PRIORITY_MAX},
    {.name = "filter",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, filter),
     .min = 1,
     .max = FILTER_MAX_BYTES},
    {.name = "id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, id),
     .required = true},
};
#define PATCH_FIELDS 3 /* without the id */

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {.priority = PRIORITY_DEFAULT};
    struct groups_filter filter = {0};
    struct document group;

    if (!answer_decode(request, reply, fields, PATCH_FIELDS + 1, &made))
        return;
    if (made.filter != NULL && !filtering_read(request, reply, api->store, made.filter, "/filter",
                                               FILTERING_GROUP, &filter))
        return;
    enum status status =
        groups_create(api->store, &author, made.id, made.name != NULL ? made.name : "",
                      made.priority, &filter, request->arena, &group);
    answer_document(reply, status, 201, &group, answer_subject(request, "group", made.id));
}

/* False: it was too many robots, which was answered. */
static bool answer_led(struct reply *reply, enum status status, const struct json_problem *problem)
{
    if (status != STATUS_DENIED || problem->detail[0] == '\0')
        return true;
    reply_problem(reply, 409, "%s", problem->detail);
    return false;
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct json_problem problem = {0};
    const struct leading leading = {&author, api_alone(api), &problem};
    struct fields made = {.priority = -1};
    struct document group;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, fields, PATCH_FIELDS, &made))
        return;
    struct groups_patch patch = {.name = made.name, .priority = made.priority};
    if (made.filter != NULL && !filtering_read(request, reply, api->store, made.filter, "/filter",
                                               FILTERING_GROUP, &patch.filter))
        return;
    enum status status = groups_update(api->store, &leading, request_param(request, "id"), version,
                                       &patch, request->arena, &group);
    if (!answer_led(reply, status, &problem))
        return;
    if (status == STATUS_DENIED)
        reply_problem(
            reply, 409,
            "the members of %s are put in by hand, which is settled when a group is made: "
            "make another one for the filter",
            subject(request));
    else
        answer_document(reply, status, 200, &group, subject(request));
}

static void delete_group(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct json_problem problem = {0};
    const struct leading leading = {&author, api_alone(api), &problem};

    enum status status =
        groups_delete(api->store, &leading, request_param(request, "id"), request->arena);
    if (answer_led(reply, status, &problem))
        answer_done(reply, status, subject(request));
}

static void members(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct document group;
    struct span json = {0};

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    const struct devices_filter filter = {
        .after = page.after,
        .limit = page.limit,
        .group = request_param(request, "id"),
    };
    enum status status = groups_get(api->store, filter.group, request->arena, &group);
    if (status == STATUS_OK)
        status = devices_list(api->store, &filter, request->arena, &json);
    answer_json(reply, status, json, subject(request));
}

static void answer_member(const struct request *request, struct reply *reply, enum status status)
{
    if (status == STATUS_DENIED)
        reply_problem(reply, 409,
                      "a filter chooses the members of %s: change the filter, or what "
                      "it asks of the robot",
                      subject(request));
    else
        answer_done(reply, status, "such group or device");
}

static void add(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct json_problem problem = {0};
    const struct leading leading = {&author, api_alone(api), &problem};

    enum status status = groups_add(api->store, &leading, request_param(request, "id"),
                                    request_param(request, "device"), request->arena);
    if (answer_led(reply, status, &problem))
        answer_member(request, reply, status);
}

static void remove_member(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct json_problem problem = {0};
    const struct leading leading = {&author, api_alone(api), &problem};

    enum status status = groups_remove(api->store, &leading, request_param(request, "id"),
                                       request_param(request, "device"), request->arena);
    if (answer_led(reply, status, &problem))
        answer_member(request, reply, status);
}

static const struct route rows[] = {
    {"GET", "/api/v1/groups", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/groups", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/groups/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/groups/{id}", ROUTE_OPERATOR, update, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/groups/{id}", ROUTE_OPERATOR, delete_group, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/groups/{id}/devices", ROUTE_VIEWER, members, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/groups/{id}/devices/{device}", ROUTE_OPERATOR, add, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/groups/{id}/devices/{device}", ROUTE_OPERATOR, remove_member,
     ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_groups, rows);
