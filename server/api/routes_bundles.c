#include "schema/base/encode.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/bundles.h"
#include "server/store/retention.h"

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *device = request_param(request, "id");
    struct span json = {0};
    int64_t days = 0;
    enum status status = retention_keep(api->store, &api->retention, "bundles", &days);

    if (status == STATUS_OK)
        status = bundles_list(api->store, device, days, request->arena, &json);

    answer_json(reply, status, json, answer_subject(request, "device", device));
}

/* A file to keep with a case, so it has a name of its own. */
static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id"), *device = NULL;
    const char *subject = answer_subject(request, "bundle", id);
    uint8_t bundle_id[ENCODE_UUID_BYTES];
    struct span document;
    enum status status =
        encode_from_uuid(span_text(id), bundle_id) == STATUS_OK
            ? bundles_read(api->store, &author, bundle_id, request->arena, &document, &device)
            : STATUS_NOT_FOUND;

    if (status != STATUS_OK) {
        reply_status(reply, status, subject);
        return;
    }
    reply_header(reply, "Content-Disposition",
                 arena_format(request->arena, "attachment; filename=\"%s-%.8s.json\"", device, id));
    reply_json(reply, 200, document);
}

static const struct route rows[] = {
    {"GET", "/api/v1/devices/{id}/bundles", ROUTE_SUPPORT, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/bundles/{id}", ROUTE_SUPPORT, get, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_bundles, rows);
