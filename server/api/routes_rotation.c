/* /keys: the installation's own keys, and their replacement */
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/identity.h"
#include "server/store/keys.h"
#include "server/store/sealing_keys.h"

#define REASON_MAX      300
#define PER_MINUTE_MOST 100000

static const char *subject(const struct request *request)
{
    return answer_subject(request, "key", request_param(request, "id"));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json = {0};

    answer_json(reply, keys_list(api->store, request->arena, &json), json, "keys");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document key;
    enum status status = keys_get(api->store, request_param(request, "id"), request->arena, &key);

    answer_json(reply, status, key.json, subject(request));
}

static void list_robots(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json = {0};

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    enum status status = keys_robots(api->store, request_param(request, "id"), page.after,
                                     page.limit, request->arena, &json);
    answer_json(reply, status, json, subject(request));
}

/* ---- the next one ---- */

struct wanted {
    const char *purpose;
    int64_t per_minute;
};

static const struct json_field wanted_fields[] = {
    {.name = "purpose",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct wanted, purpose),
     .required = true,
     .max = 20},
    {.name = "per_minute",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct wanted, per_minute),
     .min = 1,
     .max = PER_MINUTE_MOST},
};

static void rotate(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct wanted wanted = {.per_minute = 1000};
    struct document key;

    if (!answer_decode(request, reply, wanted_fields, 2, &wanted))
        return;
    if (strcmp(wanted.purpose, "sealing") != 0) {
        answer_bad(reply, "/purpose",
                   "must be sealing; the others are replaced where they are kept, by mynad rotate");
        return;
    }
    enum status status = identity_follow(api->store, api->authority, &author, wanted.per_minute,
                                         request->arena, &key);
    if (status == STATUS_EXISTS)
        reply_problem(reply, 409,
                      "the key before the present one is still in use: retire it first");
    else
        answer_document(reply, status, 201, &key, "the key");
}

/* ---- the end of one ---- */

static const struct json_field retire_fields[] = {
    {.name = "force",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct sealing_keys_order, force)},
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct sealing_keys_order, reason),
     .max = REASON_MAX},
};

/* True: a problem was answered. */
static bool is_kept_in_files(const char *id, struct reply *reply)
{
    if (strncmp(id, "device-ca-", strlen("device-ca-")) == 0)
        reply_problem(reply, 409,
                      "a device CA is ended where it is kept, on the server: mynad "
                      "retire device-ca");
    else if (strncmp(id, "server-ca-", strlen("server-ca-")) == 0)
        reply_problem(reply, 409,
                      "a server CA is ended where it is kept, on the server: mynad "
                      "retire server-ca");
    else
        return false;
    return true;
}

static void retire(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct sealing_keys_order order = {.id = request_param(request, "id"), .reason = ""};
    struct document key;
    int64_t robots;

    if (request->body.size > 0 && !answer_decode(request, reply, retire_fields, 2, &order))
        return;
    if (is_kept_in_files(order.id, reply))
        return;
    if (order.force && order.reason[0] == '\0') {
        answer_bad(reply, "/reason", "must say why robots are left behind");
        return;
    }
    enum status status =
        sealing_keys_retire(api->store, &author, &order, request->arena, &key, &robots);
    if (status == STATUS_EXISTS)
        reply_problem(reply, 409, "%s is retired already", subject(request));
    else if (status == STATUS_DENIED)
        reply_problem(reply, 409, "%s is the present one: put another in its place first",
                      subject(request));
    else if (status == STATUS_CONFLICT)
        reply_problem(
            reply, 409,
            "%lld robots have only %s: wait for them, or force it with a reason; they then "
            "renew themselves over HTTPS when they find nobody answers",
            (long long)robots, subject(request));
    else
        answer_json(reply, status, key.json, subject(request));
}

static const struct route rows[] = {
    {"GET", "/api/v1/keys", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/keys", ROUTE_ADMIN, rotate, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/keys/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/keys/{id}/robots", ROUTE_VIEWER, list_robots, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/keys/{id}/retire", ROUTE_ADMIN, retire, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_rotation, rows);
