#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/catalogue.h"
#include "server/api/filtering.h"
#include "server/api/routes.h"
#include "server/store/preflight.h"
#include "server/store/rollout_draft.h"
#include "server/store/rollout_history.h"
#include "server/store/rollouts.h"

#define RATE_MAX            1000000
#define SOFTWARE_DEADLINE_S 7200 /* a file may be large, and a line slow */

static const char *subject(const struct request *request)
{
    return answer_subject(request, "rollout", request_param(request, "id"));
}

/* ---- reading ---- */

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *state = request_query(request, "state");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    if (state != NULL &&
        !span_is_choice(span_text(state), "draft|preflight|approval|waiting|running|paused|"
                                          "rolling_back|rolled_back|completed|aborted|active")) {
        answer_bad(reply, "?state", "must be a rollout's state, or active");
        return;
    }
    enum status status =
        rollouts_list(api->store, page.after, page.limit, state, request->arena, &json);
    answer_json(reply, status, json, "rollouts");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document rollout;
    enum status status =
        rollouts_get(api->store, request_param(request, "id"), request->arena, &rollout);

    answer_document(reply, status, 200, &rollout, subject(request));
}

static void devices(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page asked;
    struct rollouts_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &asked))
        return;
    page = (struct rollouts_page){
        .after = asked.after, .limit = asked.limit, .state = request_query(request, "state")};
    if (request_query_int(request, "wave", 0, 0, 100, &page.wave) != STATUS_OK) {
        answer_bad(reply, "?wave", "must be a wave's number");
        return;
    }
    if (page.state != NULL &&
        !span_is_choice(span_text(page.state),
                        "waiting|opened|confirmed|failed|unreachable|reverted|left")) {
        answer_bad(reply, "?state", "must be a state of a rollout's robot");
        return;
    }
    enum status status =
        rollouts_devices(api->store, request_param(request, "id"), &page, request->arena, &json);
    answer_json(reply, status, json, subject(request));
}

static void history(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status = rollout_history_list(api->store, request_param(request, "id"),
                                              page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, subject(request));
}

/* What it would bring about; nothing is changed by the question. */
static void ask_preflight(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct preflight_ask ask = {.rollout_id = request_param(request, "id"),
                                      .now_ms = clock_wall_ms(),
                                      .above_cost = api->approval_cost};
    struct span json;
    enum status status = preflight_preview(api->store, &ask, request->arena, &json);

    answer_json(reply, status, json, subject(request));
}

/* ---- making ---- */

struct order {
    const char *id;
    const char *name;
    const char *group;
    const char *filter;
    const struct json *patch;
    const struct json *manifest;
    const char *key; /* the vendor whose next key it gives */
    const struct json *plan;
    struct manifest software; /* what the manifest says */
    bool start;
    bool dry_run;
    bool preflight; /* of a dry run */
};

static const struct json_field order_fields[] = {
    {.name = "id", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct order, id), .required = true},
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct order, name), .max = 100},
    {.name = "group", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct order, group)},
    {.name = "filter",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, filter),
     .min = 1,
     .max = 1000},
    {.name = "patch", .kind = JSON_FIELD_ANY, .offset = offsetof(struct order, patch)},
    {.name = "manifest", .kind = JSON_FIELD_ANY, .offset = offsetof(struct order, manifest)},
    {.name = "key", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct order, key)},
    {.name = "plan", .kind = JSON_FIELD_ANY, .offset = offsetof(struct order, plan)},
    {.name = "start", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct order, start)},
    {.name = "dry_run", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct order, dry_run)},
    {.name = "preflight", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct order, preflight)},
};

/* Each setting's value, null apart, is one that could stand in a layer. */
static bool check_patch(const struct order *order, struct reply *reply)
{
    struct json_problem problem = {.pointer = "/patch", .detail = "must name at least one setting"};
    enum status status = json_count(order->patch) == 0 ? STATUS_INVALID : STATUS_OK;

    if (status == STATUS_OK)
        status = catalogue_check_patch(order->patch, &problem);
    if (status != STATUS_OK)
        reply_field(reply, 422, &problem);
    return status == STATUS_OK;
}

/* What robots would refuse is refused here already, as far as this server knows the keys. */
static bool check_manifest(const struct api *api, struct order *order, struct reply *reply)
{
    struct json_problem problem = {.pointer = ""}, shown = {.pointer = ""};
    struct manifest_envelope envelope;
    const char *inside = "/manifest";
    enum status status = manifest_open(order->manifest, &envelope, &problem);

    if (status == STATUS_OK) {
        inside = "/manifest/document";
        status = manifest_read(envelope.document, &order->software, &problem);
    }
    if (status == STATUS_OK && api->update_keys.size > 0 &&
        manifest_verify(api->update_keys, &envelope) != STATUS_OK) {
        inside = "/manifest/signature";
        snprintf(problem.detail, sizeof problem.detail, "is by none of the keys in update_keys");
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK)
        return true;
    snprintf(shown.pointer, sizeof shown.pointer, "%s%.40s", inside, problem.pointer);
    snprintf(shown.detail, sizeof shown.detail, "%s", problem.detail);
    if (status == STATUS_INVALID)
        reply_field(reply, 422, &shown);
    else
        reply_status(reply, status, "manifest");
    return false;
}

static bool check_order(const struct api *api, struct order *order, struct reply *reply)
{
    if ((order->patch != NULL) + (order->manifest != NULL) + (order->key != NULL) != 1) {
        answer_bad(
            reply, "/patch",
            "give settings to change, a manifest of software, or the vendor (key) whose next "
            "key robots get");
        return false;
    }
    if (order->group != NULL && order->filter != NULL) {
        answer_bad(reply, "/filter", "give a group or a filter; without both it is the fleet");
        return false;
    }
    if (order->preflight && (!order->dry_run || order->patch == NULL)) {
        answer_bad(reply, "/preflight", "goes with dry_run, for settings; a rollout has its own");
        return false;
    }
    if (order->patch != NULL)
        return check_patch(order, reply);
    return order->key != NULL || check_manifest(api, order, reply);
}

static bool read_plan(struct request *request, struct reply *reply, const struct order *order,
                      struct rollout_plan *plan, struct span *text)
{
    const bool is_software = order->manifest != NULL;
    const bool is_switch =
        is_software || order->key != NULL || json_member(order->patch, "routes") != NULL;
    struct json_problem problem;
    enum status status = rollout_plan_read(order->plan, is_switch, request->arena, plan, &problem);

    if (status == STATUS_INVALID) {
        reply_field(reply, 422, &problem);
        return false;
    }
    if (status == STATUS_OK && is_software &&
        json_member(json_member(order->plan, "confirm"), "deadline_s") == NULL)
        plan->deadline_s = SOFTWARE_DEADLINE_S;
    if (status == STATUS_OK)
        status = rollout_draft_plan(plan, request->arena, text);
    if (status != STATUS_OK)
        reply_status(reply, status, "plan");
    return status == STATUS_OK;
}

/* A group of that filter, which is made when there is none; on a dry run none is. */
static bool find_target(const struct api *api, struct request *request, struct reply *reply,
                        const struct order *order, const struct groups_filter *filter,
                        const char **group)
{
    const struct author author = api_author(request);
    struct document made;

    *group = order->group;
    if (filter->text == NULL)
        return true;
    enum status status = rollouts_find_group(api->store, filter->text, request->arena, group);
    if (status == STATUS_NOT_FOUND && order->dry_run)
        return true;
    if (status == STATUS_NOT_FOUND) {
        *group = order->id;
        status = groups_create(api->store, &author, order->id, "", ROLLOUT_DRAFT_PRIORITY, filter,
                               request->arena, &made);
    }
    if (status != STATUS_OK)
        reply_status(reply, status, answer_subject(request, "group", order->id));
    return status == STATUS_OK;
}

/* What it would do, and to how many: nothing is changed. */
static void preview(const struct api *api, struct request *request, struct reply *reply,
                    const struct order *order, const struct rollout_plan *plan, const char *group,
                    const struct groups_filter *filter)
{
    const struct rollout_draft draft = {
        .group = group,
        .program = group == NULL ? filter->program : (struct span){0},
        .plan = plan,
        .patch =
            order->patch != NULL ? answer_dump(request->arena, order->patch) : (struct span){0},
        .approval_devices = api->approval_devices,
        .approval_cost = api->approval_cost,
        .preflight_ms = order->preflight ? clock_wall_ms() : 0,
    };
    struct json_problem problem = {.pointer = ""};
    struct span json;
    enum status status = rollout_draft_preview(api->store, &draft, request->arena, &json, &problem);

    if (status == STATUS_INVALID && problem.pointer[0] != '\0')
        reply_field(reply, 422, &problem);
    else
        answer_json(reply, status, json, answer_subject(request, "group", group ? group : ""));
}

static void start_it(const struct api *api, struct request *request, struct reply *reply,
                     const char *id)
{
    static const struct rollouts_act act = {.event = ROLLOUT_START, .if_version = -1};
    const struct author author = api_author(request);
    struct document rollout;
    char problem[512];
    enum status status =
        rollouts_act(api->store, &author, id, &act, request->arena, &rollout, problem);

    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "the draft is there, but cannot start: %s", problem);
    else
        answer_document(reply, status, 201, &rollout, answer_subject(request, "rollout", id));
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct groups_filter filter = {0};
    struct json_problem problem = {.pointer = ""};
    struct rollouts_draft draft;
    struct rollout_plan plan;
    struct order order = {.name = ""};
    struct document rollout;
    struct span text;
    const char *group;

    if (!answer_decode(request, reply, order_fields, sizeof order_fields / sizeof *order_fields,
                       &order) ||
        !check_order(api, &order, reply) || !read_plan(request, reply, &order, &plan, &text))
        return;
    if (order.filter != NULL && !filtering_read(request, reply, api->store, order.filter, "/filter",
                                                FILTERING_GROUP, &filter))
        return;
    if (!find_target(api, request, reply, &order, &filter, &group))
        return;
    if (order.dry_run) {
        preview(api, request, reply, &order, &plan, group, &filter);
        return;
    }
    draft = (struct rollouts_draft){
        .id = order.id,
        .name = order.name,
        .group = group,
        .patch = order.patch != NULL ? answer_dump(request->arena, order.patch) : (struct span){0},
        .manifest =
            order.manifest != NULL ? answer_dump(request->arena, order.manifest) : (struct span){0},
        .software = order.manifest != NULL ? &order.software : NULL,
        .key_vendor = order.key,
        .plan = text,
        .on_red = plan.back_on_red ? "roll_back" : "pause",
    };
    enum status status =
        rollouts_create(api->store, &author, &draft, request->arena, &rollout, &problem);
    if (status == STATUS_INVALID && problem.pointer[0] != '\0')
        reply_field(reply, 422, &problem);
    else if (status == STATUS_NOT_FOUND)
        reply_status(reply, status, answer_subject(request, "group", group));
    else if (status == STATUS_CONFLICT && order.key != NULL)
        reply_problem(reply, 409,
                      "vendor \"%s\" has no next key (hint: mynactl vendor key %s "
                      "--next-file FILE)",
                      order.key, order.key);
    else if (status == STATUS_OK && order.start)
        start_it(api, request, reply, order.id);
    else
        answer_document(reply, status, 201, &rollout, answer_subject(request, "rollout", order.id));
}

static void delete_draft(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    enum status status =
        rollouts_delete(api->store, &author, request_param(request, "id"), request->arena);

    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "%s has begun: it stays for the record", subject(request));
    else
        answer_done(reply, status, subject(request));
}

/* ---- acting ---- */

static void answer_act(struct request *request, struct reply *reply, enum status status,
                       unsigned code, const struct document *rollout, const char *problem)
{
    if (status == STATUS_CONFLICT && problem[0] != '\0')
        reply_problem(reply, 409, "%s: %s", subject(request), problem);
    else if (status == STATUS_DENIED)
        reply_problem(reply, 403, "%s", problem);
    else
        answer_document(reply, status, code, rollout, subject(request));
}

static void act(const struct api *api, struct request *request, struct reply *reply,
                struct rollouts_act what)
{
    const struct author author = api_author(request);
    struct document rollout;
    char problem[512] = "";

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &what.if_version))
        return;
    enum status status = rollouts_act(api->store, &author, request_param(request, "id"), &what,
                                      request->arena, &rollout, problem);
    answer_act(request, reply, status, 200, &rollout, problem);
}

/* Those without anything to say: the last word of the path is the event. */
static void act_simply(void *context, struct request *request, struct reply *reply)
{
    static const enum rollout_event events[] = {ROLLOUT_START, ROLLOUT_PAUSE, ROLLOUT_RESUME,
                                                ROLLOUT_NEXT,  ROLLOUT_RETRY, ROLLOUT_ABORT};
    const char *word = strrchr(request->path, '/') + 1;

    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (strcmp(word, rollout_event_name(events[i])) == 0)
            act(context, request, reply, (struct rollouts_act){.event = events[i]});
    }
}

struct saying {
    const char *text;
};

/* What must be said why. */
static void act_because(const struct api *api, struct request *request, struct reply *reply,
                        enum rollout_event event)
{
    static const struct json_field fields[] = {
        {.name = "reason",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct saying, text),
         .required = true,
         .min = 3,
         .max = 300},
    };
    struct saying wanted;

    if (answer_decode(request, reply, fields, 1, &wanted))
        act(api, request, reply, (struct rollouts_act){.event = event, .reason = wanted.text});
}

static void force(void *context, struct request *request, struct reply *reply)
{
    act_because(context, request, reply, ROLLOUT_FORCE);
}

static void decline(void *context, struct request *request, struct reply *reply)
{
    act_because(context, request, reply, ROLLOUT_DECLINE);
}

static void approve(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field fields[] = {
        {.name = "remark",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct saying, text),
         .max = 300},
    };
    struct saying wanted = {0};

    if (request->body.size == 0 || answer_decode(request, reply, fields, 1, &wanted))
        act(context, request, reply,
            (struct rollouts_act){.event = ROLLOUT_APPROVE, .reason = wanted.text});
}

struct back {
    int64_t rate_per_minute;
};

/* What is under way goes back itself; of what is completed a rollout of its own is made. */
static void roll_back(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field fields[] = {
        {.name = "rate_per_minute",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct back, rate_per_minute),
         .min = 0,
         .max = RATE_MAX},
    };
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct back wanted = {0};
    struct document rollout;
    char problem[512] = "";
    bool is_completed = false;

    if (request->body.size > 0 && !answer_decode(request, reply, fields, 1, &wanted))
        return;
    enum status status = rollouts_is_completed(api->store, id, &is_completed);
    if (status == STATUS_OK && !is_completed) {
        act(api, request, reply,
            (struct rollouts_act){.event = ROLLOUT_ROLL_BACK, .back_rate = wanted.rate_per_minute});
        return;
    }
    if (status == STATUS_OK)
        status = rollouts_reverse(api->store, &author, id, wanted.rate_per_minute, request->arena,
                                  &rollout, problem);
    answer_act(request, reply, status, 201, &rollout, problem);
}

static const struct route rows[] = {
    {"GET", "/api/v1/rollouts", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/rollouts/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/rollouts/{id}", ROUTE_OPERATOR, delete_draft, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/rollouts/{id}/devices", ROUTE_VIEWER, devices, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/rollouts/{id}/history", ROUTE_VIEWER, history, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/preflight", ROUTE_VIEWER, ask_preflight, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/start", ROUTE_OPERATOR, act_simply, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/approve", ROUTE_APPROVER, approve, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/decline", ROUTE_APPROVER, decline, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/pause", ROUTE_OPERATOR, act_simply, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/resume", ROUTE_OPERATOR, act_simply, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/next", ROUTE_OPERATOR, act_simply, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/force", ROUTE_OPERATOR, force, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/retry", ROUTE_OPERATOR, act_simply, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/roll-back", ROUTE_OPERATOR, roll_back, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/rollouts/{id}/abort", ROUTE_OPERATOR, act_simply, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_rollouts, rows);
