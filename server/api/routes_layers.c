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

static void put(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const struct layers_key key = key_of(request);
    struct json_problem problem;
    struct document layer;
    struct change change;
    int64_t revision;

    if (!answer_read_match(request, reply, ANSWER_MATCH_REQUIRED, &revision) ||
        !answer_decode(request, reply, change_fields, 1, &change))
        return;
    if (catalogue_check(change.settings, &problem) != STATUS_OK) {
        reply_field(reply, 422, &problem);
        return;
    }
    problem.pointer[0] = '\0';
    enum status status =
        layers_put(api->store, &author, &key, revision,
                   answer_dump(request->arena, change.settings), request->arena, &layer, &problem);
    if (status == STATUS_INVALID && problem.pointer[0] != '\0')
        reply_field(reply, 422, &problem);
    else
        answer_document(reply, status, 200, &layer, subject(request, &key));
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
    {"GET", "/api/v1/layers/group/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/layers/group/{id}", ROUTE_OPERATOR, put, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/group/{id}/revisions", ROUTE_VIEWER, revisions, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/device/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/layers/device/{id}", ROUTE_OPERATOR, put, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/layers/device/{id}/revisions", ROUTE_VIEWER, revisions, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_layers, rows);
