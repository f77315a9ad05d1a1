#include "server/api/answer.h"
#include "server/api/api.h"
#include "schema/wire/topic.h"
#include "server/api/rights.h"
#include "server/api/routes.h"
#include "server/store/roles.h"

#define NOTE_MAX  200
#define BOUND_MAX 100 /* groups, vendors */

struct fields {
    const char *note;
    const struct json *may;
    const struct json *groups;
    const struct json *vendors;
    bool second_factor;
    bool has_second_factor;
    const char *id;
};

static const struct json_field fields[] = {
    {.name = "note",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, note),
     .max = NOTE_MAX},
    {.name = "may", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, may)},
    {.name = "groups", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, groups)},
    {.name = "vendors", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, vendors)},
    {.name = "second_factor",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct fields, second_factor),
     .set_offset = offsetof(struct fields, has_second_factor)},
    {.name = "id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, id),
     .required = true},
};
#define PATCH_FIELDS 5 /* without the id */

/* An object of areas and levels. */
static bool check_may(const struct json *may, struct request *request, struct reply *reply)
{
    enum route_role level;
    const char *area;

    for (size_t i = 0; i < json_count(may); i++) {
        const char *word = json_text(json_member_at(may, i, &area), "");
        const char *pointer = arena_format(request->arena, "/may/%.40s", area);

        if (!rights_is_area(span_text(area)))
            answer_bad(reply, pointer,
                       "there is no such area; operators, roles and api-keys are an admin's alone");
        else if (route_role_from_name(span_text(word), &level) != STATUS_OK)
            answer_bad(reply, pointer, "must be viewer, support, operator, approver or admin");
        else
            continue;
        return false;
    }
    if (may == NULL || json_type(may) == JSON_OBJECT)
        return true;
    answer_bad(reply, "/may", "must be an object like {\"devices\": \"operator\"}");
    return false;
}

/* A list of slugs, or null for all. */
static bool check_bound(const struct json *list, const char *pointer, struct reply *reply)
{
    bool fits = list == NULL || json_type(list) == JSON_NULL ||
                (json_type(list) == JSON_ARRAY && json_count(list) <= BOUND_MAX);

    for (size_t i = 0; fits && i < json_count(list); i++)
        fits = topic_is_slug(span_text(json_text(json_item(list, i), "")));
    if (!fits)
        answer_bad(reply, pointer, "must be a list of at most 100 names, or null for all");
    return fits;
}

static struct span dump(struct request *request, const struct json *json)
{
    return json != NULL ? answer_dump(request->arena, json) : (struct span){0};
}

static bool read(struct request *request, struct reply *reply, size_t count, struct fields *made,
                 struct roles_fields *out)
{
    *made = (struct fields){0};
    if (!answer_decode(request, reply, fields, count, made) ||
        !check_may(made->may, request, reply) || !check_bound(made->groups, "/groups", reply) ||
        !check_bound(made->vendors, "/vendors", reply))
        return false;
    *out = (struct roles_fields){
        .note = made->note,
        .may = dump(request, made->may),
        .groups = dump(request, made->groups),
        .vendors = dump(request, made->vendors),
        .set_second_factor = made->has_second_factor,
        .second_factor = made->second_factor,
    };
    return true;
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct roles_fields order;
    struct document role;
    struct fields made;

    if (!read(request, reply, PATCH_FIELDS + 1, &made, &order))
        return;
    enum status status = roles_create(api->store, &author, made.id, &order, request->arena, &role);
    answer_document(reply, status, 201, &role, answer_subject(request, "role", made.id));
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct roles_fields order;
    struct document role;
    struct fields made;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !read(request, reply, PATCH_FIELDS, &made, &order))
        return;
    enum status status =
        roles_update(api->store, &author, id, version, &order, request->arena, &role);
    identities_forget(api->identities);
    if (status == STATUS_DENIED)
        reply_problem(reply, 409,
                      "%s is a role of every installation: its second factor alone can be changed",
                      id);
    else
        answer_document(reply, status, 200, &role, answer_subject(request, "role", id));
}

static void delete_role(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    enum status status = roles_delete(api->store, &author, id, request->arena);

    if (status == STATUS_DENIED)
        reply_problem(reply, 409, "%s is a role of every installation: it stays", id);
    else if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "operators or API keys have the role %s: give them another first",
                      id);
    else
        answer_done(reply, status, answer_subject(request, "role", id));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = roles_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "roles");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct document role;
    enum status status = roles_get(api->store, id, request->arena, &role);

    answer_document(reply, status, 200, &role, answer_subject(request, "role", id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/roles", ROUTE_ADMIN, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/roles", ROUTE_ADMIN, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/roles/{id}", ROUTE_ADMIN, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/roles/{id}", ROUTE_ADMIN, update, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/roles/{id}", ROUTE_ADMIN, delete_role, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_roles, rows);
