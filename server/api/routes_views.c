#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/views.h"

#define QUERY_MEMBERS 8

struct fields {
    const char *name;
    const struct json *query;
    bool shared;
};

static const struct json_field fields[] = {
    {.name = "name",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, name),
     .min = 1,
     .max = 60},
    {.name = "query", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, query)},
    {.name = "shared", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct fields, shared)},
};

/* What the address of a page may hold: a flat object of texts. */
static bool read(struct request *request, struct reply *reply, struct views_order *order)
{
    struct fields made = {0};
    const char *name;

    if (!answer_decode(request, reply, fields, 3, &made))
        return false;
    if (made.query != NULL) {
        bool fits = json_type(made.query) == JSON_OBJECT && json_count(made.query) <= QUERY_MEMBERS;
        for (size_t i = 0; fits && i < json_count(made.query); i++)
            fits = json_text(json_member_at(made.query, i, &name), NULL) != NULL;
        if (!fits) {
            answer_bad(reply, "/query", "must be an object of at most 8 texts");
            return false;
        }
    }
    *order = (struct views_order){
        .name = made.name,
        .query = made.query != NULL ? answer_dump(request->arena, made.query) : (struct span){0},
        .shared = json_member(request->document, "shared") != NULL ? (int64_t)made.shared : -1,
    };
    return true;
}

static bool is_admin(const struct request *request)
{
    return request->actor.role >= ROUTE_ADMIN;
}

static const char *subject(const struct request *request)
{
    return answer_subject(request, "view", request_param(request, "id"));
}

static void refuse(const struct request *request, struct reply *reply)
{
    reply_problem(reply, 403, "%s is another operator's: save one of your own", subject(request));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = views_list(api->store, api_author(request).actor, request->arena, &json);

    answer_json(reply, status, json, "views");
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct views_order order;
    struct document view;

    if (!read(request, reply, &order))
        return;
    if (order.name == NULL || order.query.size == 0) {
        answer_bad(reply, order.name == NULL ? "/name" : "/query", "must be there");
        return;
    }
    enum status status = views_create(api->store, &author, &order, request->arena, &view);
    answer_document(reply, status, 201, &view, "a view of this name");
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct views_order order;
    struct document view;
    int64_t id, version;

    if (!answer_read_number(request, reply, "id", &id) ||
        !answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !read(request, reply, &order))
        return;
    enum status status = views_update(api->store, &author, is_admin(request), id, version, &order,
                                      request->arena, &view);
    if (status == STATUS_DENIED)
        refuse(request, reply);
    else
        answer_document(reply, status, 200, &view, subject(request));
}

static void drop(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = views_delete(api->store, &author, is_admin(request), id, request->arena);
    if (status == STATUS_DENIED)
        refuse(request, reply);
    else
        answer_done(reply, status, subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/views", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/views", ROUTE_VIEWER, create, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/views/{id}", ROUTE_VIEWER, update, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/views/{id}", ROUTE_VIEWER, drop, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_views, rows);
