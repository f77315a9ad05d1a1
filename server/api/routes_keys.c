#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/api/secret.h"
#include "server/store/operators.h"

#define YEAR_S (365 * 86400)

struct fields {
    const char *name;
    const char *role;
    const char *owner;
    int64_t expires_in_s;
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
    {.name = "owner", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct fields, owner)},
};

/* The key's own members, and "key": shown this once. */
static struct span with_key(struct arena *arena, struct span row, const char *key)
{
    const char *text = arena_format(arena, "{\"key\":\"%s\",%.*s", key, (int)row.size - 1,
                                    (const char *)row.data + 1);

    return span_text(text);
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {.expires_in_s = YEAR_S};
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct document row;

    if (!answer_decode(request, reply, fields, 4, &made))
        return;
    const char *key = secret_make(request->arena, "myna_", 32);
    if (key == NULL) {
        reply_status(reply, STATUS_MEMORY, "the key");
        return;
    }
    secret_hash(span_text(key), hash);
    enum status status =
        operators_create_key(api->store, &author, made.name, made.role, made.owner,
                             span_of(hash, sizeof hash), made.expires_in_s, request->arena, &row);
    if (status == STATUS_CONFLICT)
        answer_bad(reply, "/role", "there is no such role");
    else if (status == STATUS_NOT_FOUND)
        answer_bad(reply, "/owner", "must be an operator whose own role may do what the key's may");
    else if (status == STATUS_OK)
        reply_json(reply, 201, with_key(request->arena, row.json, key));
    else
        reply_status(reply, status, "the key");
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = operators_list_keys(api->store, request->arena, &json);

    answer_json(reply, status, json, "API keys");
}

static void revoke(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = operators_revoke_key(api->store, &author, id, request->arena);
    identities_forget(api->identities);
    answer_done(reply, status, answer_subject(request, "API key", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/api-keys", ROUTE_ADMIN, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/api-keys", ROUTE_ADMIN, create, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/api-keys/{id}", ROUTE_ADMIN, revoke, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_keys, rows);
