#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/extent.h"
#include "server/api/routes.h"
#include "server/store/roles.h"

#define NOTE_MAX 200

struct fields {
    const char *note;
    struct extent extent;
    bool second_factor;
    bool has_second_factor;
    const char *id;
};

static const struct json_field fields[] = {
    {.name = "note",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, note),
     .max = NOTE_MAX},
    EXTENT_FIELDS(fields),
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

static bool read(struct request *request, struct reply *reply, size_t count, struct fields *made,
                 struct roles_fields *out)
{
    *made = (struct fields){0};
    if (!answer_decode(request, reply, fields, count, made) ||
        !extent_check(&made->extent, EXTENT_ROLE, request, reply))
        return false;
    *out = (struct roles_fields){
        .note = made->note,
        .may = extent_dump(request, made->extent.may),
        .groups = extent_dump(request, made->extent.groups),
        .vendors = extent_dump(request, made->extent.vendors),
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
