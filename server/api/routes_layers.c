#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/catalogue.h"
#include "server/api/routes.h"
#include "server/store/layers.h"

static void catalogue(void *context, struct request *request, struct reply *reply)
{
    struct span json;
    enum status status = catalogue_list(request->arena, &json);

    (void)context;
    answer_json(reply, status, json, "the catalogue");
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = layers_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "layers");
}

/* /layers/fleet, /layers/group/{id}, /layers/device/{id} */
static struct layers_key key_of(const struct request *request)
{
    static const char group[] = "/api/v1/layers/group/";
    static const char device[] = "/api/v1/layers/device/";

    if (strncmp(request->path, group, sizeof group - 1) == 0)
        return (struct layers_key){LAYERS_GROUP, request_param(request, "id")};
    if (strncmp(request->path, device, sizeof device - 1) == 0)
        return (struct layers_key){LAYERS_DEVICE, request_param(request, "id")};
    return (struct layers_key){LAYERS_FLEET, NULL};
}

static const char *subject(const struct request *request, const struct layers_key *key)
{
    static const char *const nouns[] = {"layer", "group", "device"};

    return key->owner == NULL ? "layer \"fleet\""
                              : answer_subject(request, nouns[key->kind], key->owner);
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct layers_key key = key_of(request);
    struct document layer;
    enum status status = layers_get(api->store, &key, request->arena, &layer);

    answer_document(reply, status, 200, &layer, subject(request, &key));
}

struct change {
    const struct json *settings;
};

static const struct json_field change_fields[] = {
    {.name = "settings",
     .kind = JSON_FIELD_ANY,
     .offset = offsetof(struct change, settings),
     .required = true},
};

/* Checked settings into the layer; restores as layers_put() takes it. */
static void replace(const struct api *api, struct request *request, struct reply *reply,
                    int64_t if_revision, const struct json *settings, int64_t restores)
{
    const struct author author = api_author(request);
    const struct layers_edit edit = {
        .author = &author,
        .key = key_of(request),
        .if_revision = if_revision,
        .settings = answer_dump(request->arena, settings),
        .restores = restores,
        .alone = api_alone(api),
    };
    struct json_problem problem;
    struct document layer;

    if (catalogue_check(settings, &problem) != STATUS_OK) {
        reply_field(reply, 422, &problem);
        return;
    }
    problem.pointer[0] = '\0';
    enum status status = layers_put(api->store, &edit, request->arena, &layer, &problem);
    if (status == STATUS_INVALID && problem.pointer[0] != '\0')
        reply_field(reply, 422, &problem);
    else if (status == STATUS_DENIED)
        reply_field(reply, 409, &problem);
    else
        answer_document(reply, status, 200, &layer, subject(request, &edit.key));
}

static void put(void *context, struct request *request, struct reply *reply)
{
    struct change change;
    int64_t revision;

    if (answer_read_match(request, reply, ANSWER_MATCH_REQUIRED, &revision) &&
        answer_decode(request, reply, change_fields, 1, &change))
        replace(context, request, reply, revision, change.settings, -1);
}

struct restoring {
    int64_t revision;
};

static const struct json_field restoring_fields[] = {
    {.name = "revision",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct restoring, revision),
     .required = true,
     .min = 0,
     .max = INT32_MAX},
};

/* An old revision may name settings or routes that are no more: it is checked like a new one. */
static void restore(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct layers_key key = key_of(request);
    struct restoring wanted;
    struct json *settings = NULL;
    struct span text;
    int64_t revision;

    if (!answer_read_match(request, reply, ANSWER_MATCH_REQUIRED, &revision) ||
        !answer_decode(request, reply, restoring_fields, 1, &wanted))
        return;
    enum status status = layers_revision(api->store, &key, wanted.revision, request->arena, &text);
    if (status == STATUS_OK)
        status = json_parse(text, &settings, NULL);
    if (status == STATUS_OK)
        replace(api, request, reply, revision, settings, wanted.revision);
    else
        reply_status(reply, status, "such revision of the layer");
    json_free(settings);
}

/* A revision's number in the query; -1 when it is left out. False: a problem was answered. */
static bool read_revision(const struct request *request, struct reply *reply, const char *name,
                          const char *pointer, int64_t *out)
{
    if (request_query_int(request, name, -1, 0, INT32_MAX, out) == STATUS_OK)
        return true;
    answer_bad(reply, pointer, "must be a revision's number; 0 is a layer that sets nothing");
    return false;
}

static void diff(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct layers_key key = key_of(request);
    struct span json;
    int64_t from, to;

    if (!read_revision(request, reply, "from", "?from", &from) ||
        !read_revision(request, reply, "to", "?to", &to))
        return;
    answer_json(reply, layers_diff(api->store, &key, from, to, request->arena, &json), json,
                "such revision of the layer");
}

static void revisions(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct layers_key key = key_of(request);
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status =
        layers_revisions(api->store, &key, page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, subject(request, &key));
}

static const struct route rows[] = {
    {"GET", "/api/v1/settings", ROUTE_VIEWER, catalogue, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/fleet", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/layers/fleet", ROUTE_OPERATOR, put, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/fleet/revisions", ROUTE_VIEWER, revisions, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/fleet/diff", ROUTE_VIEWER, diff, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/layers/fleet/restore", ROUTE_OPERATOR, restore, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/group/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/layers/group/{id}", ROUTE_OPERATOR, put, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/group/{id}/revisions", ROUTE_VIEWER, revisions, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/group/{id}/diff", ROUTE_VIEWER, diff, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/layers/group/{id}/restore", ROUTE_OPERATOR, restore, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/device/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/layers/device/{id}", ROUTE_OPERATOR, put, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/device/{id}/revisions", ROUTE_VIEWER, revisions, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/device/{id}/diff", ROUTE_VIEWER, diff, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/layers/device/{id}/restore", ROUTE_OPERATOR, restore, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_layers, rows);
