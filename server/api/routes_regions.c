#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/regions.h"

#define ALLOWS_MAX 64
#define REGION_MAX 24

static const char *subject(const struct request *request)
{
    return answer_subject(request, "region", request_param(request, "id"));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json = {0};

    answer_json(reply, regions_list(api->store, request->arena, &json), json, "regions");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document region;
    enum status status =
        regions_get(api->store, request_param(request, "id"), request->arena, &region);

    answer_document(reply, status, 200, &region, subject(request));
}

struct order {
    const char *name;
    const char *note;
    bool needs_filing;
    const struct json *allows;
};

static const struct json_field order_fields[] = {
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct order, name), .max = 100},
    {.name = "note", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct order, note), .max = 500},
    {.name = "needs_filing",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct order, needs_filing)},
    {.name = "allows", .kind = JSON_FIELD_ANY, .offset = offsetof(struct order, allows)},
};

static bool region_fits(const char *text)
{
    return text != NULL && strlen(text) >= 1 && strlen(text) <= REGION_MAX;
}

/* False: a problem was answered. */
static bool read_allows(struct request *request, struct reply *reply, const struct json *allows,
                        struct regions_order *out)
{
    const size_t count = json_count(allows);
    const char **texts = arena_take(request->arena, (count + 1) * sizeof *texts);

    out->allows = texts;
    out->allow_count = count;
    if (texts == NULL) {
        reply_status(reply, STATUS_MEMORY, "the region");
        return false;
    }
    bool fits = allows == NULL || (json_type(allows) == JSON_ARRAY && count <= ALLOWS_MAX);
    for (size_t i = 0; i < count && fits; i++) {
        texts[i] = json_text(json_item(allows, i), NULL);
        fits = region_fits(texts[i]);
    }
    if (!fits)
        answer_bad(reply, "/allows", "must be a list of at most 64 regions of 1 to 24 bytes");
    return fits;
}

static void put(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct order made = {.name = "", .note = ""};
    struct regions_order order = {0};
    struct document region;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, order_fields, 4, &made) ||
        !read_allows(request, reply, made.allows, &order))
        return;
    if (!region_fits(id)) {
        reply_problem(reply, 422, "a region's name must have 1 to 24 bytes");
        return;
    }
    order.name = made.name;
    order.note = made.note;
    order.needs_filing = made.needs_filing;
    enum status status =
        regions_put(api->store, &author, id, version, &order, request->arena, &region);
    answer_document(reply, status, 200, &region, subject(request));
}

static void delete_region(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);

    answer_done(reply,
                regions_delete(api->store, &author, request_param(request, "id"), request->arena),
                subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/regions", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/regions/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/regions/{id}", ROUTE_ADMIN, put, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/regions/{id}", ROUTE_ADMIN, delete_region, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_regions, rows);
