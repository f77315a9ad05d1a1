#include "schema/wire/limits.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/vendors.h"

struct fields {
    const char *name;
    const char *dialect;
    const char *base_url;
    const char *region;
    const char *credential;
    const char *key;
    const char *id;
};

static const struct json_field fields[] = {
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct fields, name), .max = 100},
    {.name = "dialect",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, dialect),
     .max = 32,
     .choices = "openai"},
    {.name = "base_url",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, base_url),
     .min = 8,
     .max = LIMIT_URL},
    {.name = "region",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, region),
     .max = 48},
    {.name = "credential",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, credential),
     .max = 32,
     .choices = "shared"},
    {.name = "key",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, key),
     .min = 1,
     .max = LIMIT_API_KEY},
    {.name = "id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, id),
     .required = true},
};
#define PATCH_FIELDS 6 /* without the id */

static bool url_fits(const char *url)
{
    return url == NULL || strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* The key goes no further than this in clear. */
static enum status wrap_key(const struct api *api, struct arena *arena, const char *vendor_id,
                            const char *key, struct span *wrapped)
{
    struct span plain = span_text(key);
    const char *purpose = arena_format(arena, "vendor-key:%s", vendor_id);
    uint8_t *out = arena_take(arena, plain.size + CRYPTO_WRAP_OVERHEAD);

    *wrapped = (struct span){0};
    if (key == NULL)
        return STATUS_OK;
    if (purpose == NULL || out == NULL)
        return STATUS_MEMORY;
    enum status status = crypto_wrap(authority_master(api->authority), purpose, plain, out);
    if (status == STATUS_OK)
        *wrapped = span_of(out, plain.size + CRYPTO_WRAP_OVERHEAD);
    return status;
}

static struct vendors_fields row_of(const struct fields *made, struct span key_wrapped)
{
    return (struct vendors_fields){
        .name = made->name,
        .dialect = made->dialect,
        .base_url = made->base_url,
        .region = made->region,
        .credential = made->credential,
        .key_wrapped = key_wrapped,
    };
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {0};
    struct document vendor;
    struct span wrapped;

    if (!answer_decode(request, reply, fields, PATCH_FIELDS + 1, &made))
        return;
    if (made.base_url == NULL || !url_fits(made.base_url)) {
        answer_bad(reply, "/base_url", "must be there and start with https:// or http://");
        return;
    }
    enum status status = wrap_key(api, request->arena, made.id, made.key, &wrapped);
    const struct vendors_fields row = row_of(&made, wrapped);
    if (status == STATUS_OK)
        status = vendors_create(api->store, &author, made.id, &row, request->arena, &vendor);
    answer_document(reply, status, 201, &vendor, answer_subject(request, "vendor", made.id));
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct fields made = {0};
    struct document vendor;
    struct span wrapped;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, fields, PATCH_FIELDS, &made))
        return;
    if (!url_fits(made.base_url)) {
        answer_bad(reply, "/base_url", "must start with https:// or http://");
        return;
    }
    enum status status = wrap_key(api, request->arena, id, made.key, &wrapped);
    const struct vendors_fields row = row_of(&made, wrapped);
    if (status == STATUS_OK)
        status = vendors_update(api->store, &author, id, version, &row, request->arena, &vendor);
    answer_document(reply, status, 200, &vendor, answer_subject(request, "vendor", id));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = vendors_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "vendors");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct document vendor;
    enum status status = vendors_get(api->store, id, request->arena, &vendor);

    answer_document(reply, status, 200, &vendor, answer_subject(request, "vendor", id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/vendors", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/vendors/{id}", ROUTE_OPERATOR, update, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_vendors, rows);
