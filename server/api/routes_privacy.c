#include <string.h>

#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/erasure.h"
#include "server/store/holdings.h"

/* A file that is sent while it is written: its texts outlive the request. */
struct file {
    struct store *store;
    const char *device_id;
};

static enum status write_file(void *job, reply_add add, void *sink)
{
    const struct file *file = job;

    return holdings_write(file->store, file->device_id, add, sink);
}

static const char *subject(const struct request *request)
{
    return answer_subject(request, "device", request_param(request, "id"));
}

static void export(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = arena_text(request->arena, span_text(request_param(request, "id")));
    struct file *file = arena_take(request->arena, sizeof *file);
    enum status status = id && file ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK)
        status = holdings_begin(api->store, &author, id);
    if (status != STATUS_OK) {
        reply_status(reply, status, subject(request));
        return;
    }
    *file = (struct file){api->store, id};
    reply_header(reply, "Content-Disposition",
                 arena_format(request->arena, "attachment; filename=\"%s.jsonl\"", id));
    reply_written(reply, 200, "application/x-ndjson", write_file, file);
}

struct order {
    const char *confirm;
    bool dry_run;
};

static const struct json_field order_fields[] = {
    {.name = "confirm",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, confirm),
     .max = 100},
    {.name = "dry_run", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct order, dry_run)},
};

static void erase(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct order order = {.confirm = ""};
    const char *standing = "";
    struct span json = {0};

    if (!answer_decode(request, reply, order_fields, 2, &order))
        return;
    enum status status =
        erasure_run(api->store, &author, request_param(request, "id"), order.confirm, order.dry_run,
                    request->arena, &json, &standing);
    if (status == STATUS_INVALID)
        answer_bad(reply, "/confirm",
                   "must be the robot's serial number, or its id if it has none");
    else if (status == STATUS_CONFLICT && strcmp(standing, "erased") == 0)
        reply_problem(reply, 409, "this robot was erased already");
    else if (status == STATUS_CONFLICT)
        reply_problem(reply, 409,
                      "this robot is %s: revoke or retire it first, for it would go on "
                      "reporting",
                      standing);
    else
        answer_json(reply, status, json, subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/devices/{id}/export", ROUTE_ADMIN, export, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/devices/{id}/erase", ROUTE_ADMIN, erase, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_privacy, rows);
