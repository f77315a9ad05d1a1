#include "schema/base/encode.h"
#include "schema/wire/limits.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/store/commands.h"

struct order {
    const char *kind;
    const char *text;
};

static const struct json_field order_fields[] = {
    {.name = "kind",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, kind),
     .required = true,
     .max = 16,
     .choices = "identify|say|restart|report|picture|probe|forget|bundle"},
    {.name = "text",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, text),
     .min = 1,
     .max = LIMIT_SAY_TEXT},
};

static const struct kind {
    const char *name;
    const char *text;     /* what is asked for where its text is missing; NULL: it has none */
    enum route_role role; /* that may ask for it, where the route lets in less */
} kinds[] = {
    {"identify", NULL, ROUTE_SUPPORT},
    {"say", "must be there: what to say", ROUTE_OPERATOR},
    {"restart", NULL, ROUTE_OPERATOR},
    {"report", NULL, ROUTE_SUPPORT},
    {"picture", NULL, ROUTE_SUPPORT},
    {"probe", "must be there: one of its routes, VENDOR/MODEL", ROUTE_SUPPORT},
    {"forget", NULL, ROUTE_OPERATOR},
    {"bundle", NULL, ROUTE_SUPPORT},
};

/* name is one of the choices of order_fields. */
static const struct kind *find_kind(const char *name)
{
    const struct kind *kind = kinds;

    while (strcmp(kind->name, name) != 0)
        kind++;
    return kind;
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct order order = {0};
    struct span json;

    if (!answer_decode(request, reply, order_fields, 2, &order))
        return;
    const struct kind *kind = find_kind(order.kind);
    if (request->actor.role < kind->role) {
        reply_problem(reply, 403, "the command %s needs the role %s", kind->name,
                      route_role_name(kind->role));
        return;
    }
    if ((kind->text != NULL) != (order.text != NULL)) {
        answer_bad(reply, "/text", kind->text != NULL ? kind->text : "this command has no text");
        return;
    }
    const struct commands_order made = {
        .device_id = request_param(request, "id"),
        .kind = order.kind,
        .text = order.text != NULL ? order.text : "",
    };
    enum status status = commands_create(api->store, &author, &made, request->arena, &json);
    if (status == STATUS_OK) {
        reply_json(reply, 201, json);
    } else if (status == STATUS_FULL) {
        reply_header(reply, "Retry-After", "60");
        reply_problem(reply, 429, "this robot was told to say %d things within a minute",
                      COMMANDS_SAY_PER_MINUTE);
    } else {
        reply_status(reply, status, answer_subject(request, "device", made.device_id));
    }
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *device = request_param(request, "id");
    uint8_t after[ENCODE_UUID_BYTES];
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    if (page.after != NULL && encode_from_uuid(span_text(page.after), after) != STATUS_OK) {
        answer_bad(reply, "?after", "must be the \"next\" of the page before");
        return;
    }
    enum status status = commands_list(api->store, device, page.after != NULL ? after : NULL,
                                       page.limit, request->arena, &json);
    answer_json(reply, status, json, answer_subject(request, "device", device));
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    const char *subject = answer_subject(request, "command", id);
    uint8_t command_id[ENCODE_UUID_BYTES];
    struct span json;

    if (encode_from_uuid(span_text(id), command_id) != STATUS_OK) {
        reply_status(reply, STATUS_NOT_FOUND, subject);
        return;
    }
    enum status status = commands_get(api->store, command_id, request->arena, &json);
    answer_json(reply, status, json, subject);
}

static const struct route rows[] = {
    {"POST", "/api/v1/devices/{id}/commands", ROUTE_SUPPORT, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/devices/{id}/commands", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/commands/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_commands, rows);
