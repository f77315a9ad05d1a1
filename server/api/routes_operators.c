#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/password.h"
#include "server/api/routes.h"
#include "server/store/operators.h"
#include "server/store/roles.h"

struct fields {
    const char *role;
    const char *password;
    bool disabled;
    bool has_disabled;
    const char *id;
};

static const struct json_field fields[] = {
    {.name = "role", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct fields, role)},
    {.name = "password",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, password),
     .min = PASSWORD_MIN,
     .max = PASSWORD_MAX},
    {.name = "disabled",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct fields, disabled),
     .set_offset = offsetof(struct fields, has_disabled)},
    {.name = "id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, id),
     .required = true},
};
#define PATCH_FIELDS 3 /* without the id */

/* False: a problem was answered. */
static bool check_password(struct reply *reply, const char *password, const char *operator_id)
{
    const char *problem = password_problem(password, operator_id);

    if (problem != NULL)
        answer_bad(reply, "/password", problem);
    return problem == NULL;
}

#define NO_SUCH_ROLE "there is no such role"

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {0};
    struct document operator;
    const char *hash;

    if (!answer_decode(request, reply, fields, PATCH_FIELDS + 1, &made))
        return;
    if (made.role == NULL || made.password == NULL || made.has_disabled) {
        answer_bad(reply,
                   made.role == NULL       ? "/role"
                   : made.password == NULL ? "/password"
                                           : "/disabled",
                   made.has_disabled ? "belongs to a PATCH" : "must be there");
        return;
    }
    if (!check_password(reply, made.password, made.id))
        return;
    enum status status = password_hash(made.password, request->arena, &hash);
    if (status == STATUS_OK)
        status = operators_create(api->store, &author, made.id, made.role, hash, request->arena,
                                  &operator);
    if (status == STATUS_CONFLICT)
        answer_bad(reply, "/role", NO_SUCH_ROLE);
    else
        answer_document(reply, status, 201, &operator,
                        answer_subject(request, "operator", made.id));
}

static void answer_change(struct reply *reply, enum status status, const struct document *operator,
                          const char * subject)
{
    if (status == STATUS_DENIED)
        reply_problem(reply, 409, "nobody would be admin any more: make another admin first");
    else if (operator== NULL)
        answer_done(reply, status, subject);
    else
        answer_document(reply, status, 200, operator, subject);
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct fields made = {0};
    struct document operator;
    const char *hash = NULL;
    enum status status = STATUS_OK;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, fields, PATCH_FIELDS, &made) ||
        (made.password != NULL && !check_password(reply, made.password, id)))
        return;
    if (made.role != NULL)
        status = roles_get(api->store, made.role, request->arena, &operator);
    if (status == STATUS_NOT_FOUND) {
        answer_bad(reply, "/role", NO_SUCH_ROLE);
        return;
    }
    if (status == STATUS_OK && made.password != NULL)
        status = password_hash(made.password, request->arena, &hash);
    const struct operators_patch patch = {made.role, hash, made.has_disabled, made.disabled};
    if (status == STATUS_OK)
        status =
            operators_update(api->store, &author, id, version, &patch, request->arena, &operator);
    identities_forget(api->identities);
    answer_change(reply, status, &operator, answer_subject(request, "operator", id));
}

static void delete_operator(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    enum status status = operators_delete(api->store, &author, id, request->arena);

    identities_forget(api->identities);
    answer_change(reply, status, NULL, answer_subject(request, "operator", id));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = operators_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "operators");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct document operator;
    enum status status = operators_get(api->store, id, request->arena, &operator);

    answer_document(reply, status, 200, &operator, answer_subject(request, "operator", id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/operators", ROUTE_ADMIN, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/operators", ROUTE_ADMIN, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/operators/{id}", ROUTE_ADMIN, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/operators/{id}", ROUTE_ADMIN, update, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/operators/{id}", ROUTE_ADMIN, delete_operator, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_operators, rows);
