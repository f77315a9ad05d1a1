#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/extent.h"
#include "server/api/routes.h"
#include "server/api/secret.h"
#include "server/store/operators.h"

#define YEAR_S (365 * 86400)

struct fields {
    const char *name;
    const char *role;
    const char *owner;
    int64_t expires_in_s;
    const struct json *scope;
};

static const struct json_field fields[] = {
    {.name = "name",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, name),
     .required = true,
     .min = 1,
     .max = 100},
    {.name = "role",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, role),
     .required = true},
    {.name = "expires_in_s",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct fields, expires_in_s),
     .min = 60,
     .max = 10 * (int64_t)YEAR_S},
    {.name = "scope", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, scope)},
    {.name = "owner", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct fields, owner)},
};
#define FIELDS     (sizeof fields / sizeof *fields)
#define OWN_FIELDS (FIELDS - 1) /* without the owner */

struct scope {
    struct extent extent;
};

static const struct json_field scope_fields[] = {EXTENT_FIELDS(scope)};

/* What narrows the key down below its role, when something does. False: a problem was answered. */
static bool read_scope(const struct json *json, struct request *request, struct reply *reply,
                       struct operators_key *order)
{
    struct json_problem problem;
    struct scope scope = {0};

    if (json == NULL || json_type(json) == JSON_NULL)
        return true;
    if (json_decode(json, scope_fields, sizeof scope_fields / sizeof *scope_fields, &scope,
                    request->arena, &problem) != STATUS_OK) {
        answer_bad(reply, arena_format(request->arena, "/scope%s", problem.pointer),
                   problem.detail);
        return false;
    }
    if (!extent_check(&scope.extent, EXTENT_SCOPE, request, reply))
        return false;
    order->may = extent_dump(request, scope.extent.may);
    order->groups = extent_dump(request, scope.extent.groups);
    order->vendors = extent_dump(request, scope.extent.vendors);
    return true;
}

/* The key's own members, and "key": shown this once. */
static struct span with_key(struct arena *arena, struct span row, const char *key)
{
    const char *text = arena_format(arena, "{\"key\":\"%s\",%.*s", key, (int)row.size - 1,
                                    (const char *)row.data + 1);

    return span_text(text);
}

/* False, and nothing answered: the owner's role does not cover the key's, or there is no owner. */
static bool make(const struct api *api, struct request *request, struct reply *reply,
                 const struct fields *made)
{
    const struct author author = api_author(request);
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct document row;
    struct operators_key order = {.name = made->name,
                                  .role = made->role,
                                  .owner = made->owner,
                                  .hash = span_of(hash, sizeof hash),
                                  .expires_in_s = made->expires_in_s};
    if (!read_scope(made->scope, request, reply, &order))
        return true;
    const char *key = secret_make(request->arena, "myna_", 32);
    if (key == NULL) {
        reply_status(reply, STATUS_MEMORY, "the key");
        return true;
    }
    secret_hash(span_text(key), hash);
    enum status status = operators_create_key(api->store, &author, &order, request->arena, &row);
    if (status == STATUS_CONFLICT)
        answer_bad(reply, "/role", "there is no such role");
    else if (status == STATUS_OK)
        reply_json(reply, 201, with_key(request->arena, row.json, key));
    else if (status != STATUS_NOT_FOUND)
        reply_status(reply, status, "the key");
    return status != STATUS_NOT_FOUND;
}

static void create(void *context, struct request *request, struct reply *reply)
{
    struct fields made = {.expires_in_s = YEAR_S};

    if (answer_decode(request, reply, fields, FIELDS, &made) &&
        !make(context, request, reply, &made))
        answer_bad(reply, "/owner", "must be an operator whose own role may do what the key's may");
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = operators_list_keys(api->store, NULL, request->arena, &json);

    answer_json(reply, status, json, "API keys");
}

static void end(const struct api *api, struct request *request, struct reply *reply,
                const char *owner)
{
    const struct author author = api_author(request);
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = operators_revoke_key(api->store, &author, id, owner, request->arena);
    identities_forget(api->identities);
    answer_done(reply, status, answer_subject(request, "API key", request_param(request, "id")));
}

static void revoke(void *context, struct request *request, struct reply *reply)
{
    end(context, request, reply, NULL);
}

/* ---- one's own ---- */

/* A key that makes keys would outlive its own end. NULL: a problem was answered. */
static const char *whose(const struct request *request, struct reply *reply)
{
    const char *name = api_operator(request);

    if (name == NULL)
        reply_problem(reply, 409, "an API key has no keys of its own: log in as an operator");
    return name;
}

static void list_own(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *name = whose(request, reply);
    struct span json;

    if (name == NULL)
        return;
    enum status status = operators_list_keys(api->store, name, request->arena, &json);
    answer_json(reply, status, json, "API keys");
}

/* What is about oneself is open to who has yet to set a second factor up; a key asks for none. */
static void create_own(void *context, struct request *request, struct reply *reply)
{
    struct fields made = {.expires_in_s = YEAR_S};

    if (whose(request, reply) == NULL || !answer_decode(request, reply, fields, OWN_FIELDS, &made))
        return;
    if (request->actor.must_enrol)
        reply_problem(reply, 403,
                      "your role asks for a second factor: set one up before you make keys");
    else if (!make(context, request, reply, &made))
        answer_bad(reply, "/role", "may be your own role, or one that does less");
}

static void revoke_own(void *context, struct request *request, struct reply *reply)
{
    const char *name = whose(request, reply);

    if (name != NULL)
        end(context, request, reply, name);
}

static const struct route rows[] = {
    {"GET", "/api/v1/me/api-keys", ROUTE_VIEWER, list_own, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/me/api-keys", ROUTE_VIEWER, create_own, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/me/api-keys/{id}", ROUTE_VIEWER, revoke_own, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/api-keys", ROUTE_ADMIN, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/api-keys", ROUTE_ADMIN, create, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/api-keys/{id}", ROUTE_ADMIN, revoke, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_keys, rows);
