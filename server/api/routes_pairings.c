#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/pairing_check.h"
#include "server/api/routes.h"
#include "server/store/groups.h"

#define LEAST_OPEN_S   60
#define DEFAULT_OPEN_S 900
#define MOST_OPEN_S    14400

struct opening {
    int64_t for_s;
};

static const struct json_field opening_fields[] = {
    {.name = "for_s",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct opening, for_s),
     .min = LEAST_OPEN_S,
     .max = MOST_OPEN_S},
};

struct typing {
    const char *digits;
    const char *group;
};

static const struct json_field typing_fields[] = {
    {.name = "digits",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct typing, digits),
     .required = true,
     .max = 32},
    {.name = "group", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct typing, group)},
};

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status =
        pairings_list(api->store, page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "the pairings");
}

static void open(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct opening opening = {.for_s = DEFAULT_OPEN_S};
    struct document window;

    if (!answer_decode(request, reply, opening_fields, 1, &opening))
        return;
    enum status status = pairings_open(api->store, &author, opening.for_s, request->arena, &window);
    answer_json(reply, status, status == STATUS_OK ? window.json : span_of("", 0), "pairing");
}

static void close(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);

    answer_done(reply, pairings_close(api->store, &author, request->arena), "pairing");
}

/* False: a problem was answered. */
static bool check_group(const struct api *api, const struct typing *typing, struct reply *reply)
{
    const char *bad = NULL;

    if (typing->group == NULL)
        return true;
    enum status status = groups_find_stranger(api->store, &typing->group, 1, &bad);
    if (status != STATUS_OK)
        reply_status(reply, status, "the group");
    else if (bad != NULL)
        answer_bad(reply, "/group", "must be a group whose members are put in by hand");
    return status == STATUS_OK && bad == NULL;
}

/* A request that is where it must be for what is wanted. False: a problem was answered. */
static bool find_in(const struct api *api, struct request *request, struct reply *reply, int64_t id,
                    enum pairings_state state, struct pairings_row *row)
{
    const char *subject = answer_subject(request, "pairing", request_param(request, "id"));
    enum status status = pairings_get(api->store, id, request->arena, row);

    if (status == STATUS_OK && row->state == PAIRINGS_BEGUN)
        status = STATUS_NOT_FOUND; /* the list has it not either */
    if (status != STATUS_OK)
        reply_status(reply, status, subject);
    else if (row->state == PAIRINGS_WAITING && state == PAIRINGS_HEARD)
        reply_problem(reply, 409, "nobody has typed this robot's digits yet: that comes first");
    else if (row->state != state)
        reply_problem(reply, 409, "this robot waits no more: look at the list again");
    else if (row->is_taken)
        reply_problem(reply, 409,
                      "device \"%s\" exists already: refuse this robot, and let it "
                      "begin again under another id",
                      row->device_id);
    else
        return true;
    return false;
}

static void tell_wrong(struct reply *reply, struct span judged)
{
    struct json *json = NULL;
    int64_t left = 0;

    if (json_parse(judged, &json, NULL) == STATUS_OK)
        left = json_int(json_member(json, "attempts_left"), 0);
    json_free(json);
    if (left > 0)
        reply_problem(reply, 422, "the robot speaks other digits: tries left: %lld",
                      (long long)left);
    else
        reply_problem(reply, 422,
                      "the robot speaks other digits, and this was the last try: it must begin "
                      "again");
}

static void confirm(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct typing typing = {0};
    struct pairings_row row;
    struct document judged;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id) ||
        !answer_decode(request, reply, typing_fields, 2, &typing) ||
        !check_group(api, &typing, reply) ||
        !find_in(api, request, reply, id, PAIRINGS_WAITING, &row))
        return;
    enum status fit = pairing_check_typed(api->authority, &row, typing.digits);
    if (fit == STATUS_INVALID) {
        answer_bad(reply, "/digits", "must be the six digits that the robot speaks");
        return;
    }
    enum status status = fit == STATUS_FORGED ? STATUS_OK : fit;
    const struct pairings_typing typed = {
        .is_right = fit == STATUS_OK,
        .needs_second = api->needs_pairing_approval,
        .group = typing.group,
    };
    if (status == STATUS_OK)
        status = pairings_judge(api->store, &author, id, &typed, request->arena, &judged);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "this robot waits no more: look at the list again");
    else if (status != STATUS_OK)
        reply_status(reply, status, "the pairing");
    else if (fit == STATUS_OK)
        reply_json(reply, 200, judged.json);
    else
        tell_wrong(reply, judged.json);
}

static void agree(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct pairings_row row;
    struct document agreed;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id) ||
        !find_in(api, request, reply, id, PAIRINGS_HEARD, &row))
        return;
    enum status status = pairings_agree(api->store, &author, id, request->arena, &agreed);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409,
                      "whoever typed a robot's digits does not agree to it, nor do their API keys: "
                      "ask another operator");
    else
        answer_json(reply, status, status == STATUS_OK ? agreed.json : span_of("", 0),
                    "the pairing");
}

static void refuse(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = pairings_refuse(api->store, &author, id, request->arena);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "this robot waits no more: look at the list again");
    else
        answer_done(reply, status,
                    answer_subject(request, "pairing", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/pairings", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/pairings/window", ROUTE_OPERATOR, open, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/pairings/window", ROUTE_OPERATOR, close, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/pairings/{id}/confirm", ROUTE_OPERATOR, confirm, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/pairings/{id}/agree", ROUTE_APPROVER, agree, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/pairings/{id}/refuse", ROUTE_OPERATOR, refuse, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_pairings, rows);
