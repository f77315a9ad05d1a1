/* jobs: the same deed for every robot of a list */
#include "schema/wire/limits.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/catalogue.h"
#include "server/api/filtering.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/store/jobs.h"

#define NAMED_MOST 10000 /* robots by name in one request */
#define REASON_MAX 200
#define REGION_MAX 48 /* as of one robot */

/* ---- deeds ---- */

enum takes { NOTHING, LABELS, REGION, SETTINGS, GROUP, REASON, TEXT };

#define REVOKE 8 /* a newer server's deed is not taken more lightly than any of ours */

static const struct deed {
    const char *name;
    enum takes takes;
    enum route_role role; /* as who does it to one robot needs it, in the same area */
    const char *area;
    bool is_command;
} deeds[] = {
    {"label", LABELS, ROUTE_OPERATOR, "devices", false},
    {"region", REGION, ROUTE_OPERATOR, "devices", false},
    {"set", SETTINGS, ROUTE_OPERATOR, "layers", false},
    {"join", GROUP, ROUTE_OPERATOR, "groups", false},
    {"leave", GROUP, ROUTE_OPERATOR, "groups", false},
    {"quarantine", REASON, ROUTE_OPERATOR, "devices", false},
    {"release", NOTHING, ROUTE_OPERATOR, "devices", false},
    {"retire", NOTHING, ROUTE_ADMIN, "devices", false},
    [REVOKE] = {"revoke", NOTHING, ROUTE_ADMIN, "devices", false},
    {"identify", NOTHING, ROUTE_SUPPORT, "devices", true},
    {"report", NOTHING, ROUTE_SUPPORT, "devices", true},
    {"picture", NOTHING, ROUTE_SUPPORT, "devices", true},
    {"restart", NOTHING, ROUTE_OPERATOR, "devices", true},
    {"say", TEXT, ROUTE_OPERATOR, "devices", true},
};

static const struct deed *find_deed(const char *name)
{
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, name) == 0)
            return &deeds[i];
    return &deeds[REVOKE];
}

/* False: a problem was answered. */
static bool check_right(const struct api *api, const struct request *request, struct reply *reply,
                        const struct deed *deed)
{
    if (!deed->is_command && reach_of(request) != NULL)
        reply_problem(reply, 403,
                      "your role or API key is bound to some groups or vendors: to many robots at "
                      "once it may give commands alone");
    else if (api_level(api, request, deed->area) < deed->role)
        reply_problem(reply, 403, "to do \"%s\" to robots needs the role %s in %s", deed->name,
                      route_role_name(deed->role), deed->area);
    else
        return true;
    return false;
}

/* ---- reading what is asked for ---- */

struct asked {
    const char *deed;
    const struct json *labels, *settings;
    const char *region, *group, *reason, *text;
    const struct json *which;
};

static const struct json_field asked_fields[] = {
    {.name = "deed",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct asked, deed),
     .required = true,
     .choices = "label|region|set|join|leave|quarantine|release|retire|revoke|identify|report|"
                "picture|restart|say"},
    {.name = "labels", .kind = JSON_FIELD_ANY, .offset = offsetof(struct asked, labels)},
    {.name = "settings", .kind = JSON_FIELD_ANY, .offset = offsetof(struct asked, settings)},
    {.name = "region",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct asked, region),
     .max = REGION_MAX},
    {.name = "group", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct asked, group)},
    {.name = "reason",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct asked, reason),
     .min = 1,
     .max = REASON_MAX},
    {.name = "text",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct asked, text),
     .min = 1,
     .max = LIMIT_SAY_TEXT},
    {.name = "which",
     .kind = JSON_FIELD_ANY,
     .offset = offsetof(struct asked, which),
     .required = true},
};

struct which {
    const struct json *devices;
    bool all;
    const char *state, *group, *q, *filter;
};

static const struct json_field which_fields[] = {
    {.name = "devices", .kind = JSON_FIELD_ANY, .offset = offsetof(struct which, devices)},
    {.name = "all", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct which, all)},
    {.name = "state",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct which, state),
     .choices = "online|offline|silent|behind|revoked"},
    {.name = "group", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct which, group)},
    {.name = "q", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct which, q), .max = 200},
    {.name = "filter", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct which, filter)},
};

/* As a rollout's patch is checked: null takes a setting out. False: a problem was answered. */
static bool check_settings(struct reply *reply, const struct json *settings)
{
    static const char patch[] = "/patch"; /* under which its problems are */
    struct json_problem problem, ours;

    if (settings == NULL || catalogue_check_patch(settings, &problem) == STATUS_OK)
        return true;
    ours = problem;
    snprintf(ours.pointer, sizeof ours.pointer, "/settings%.80s",
             problem.pointer +
                 (strncmp(problem.pointer, patch, sizeof patch - 1) == 0 ? sizeof patch - 1 : 0));
    reply_field(reply, 422, &ours);
    return false;
}

/* Each deed has what it takes, and nothing that another one takes. */
static bool check_takes(struct reply *reply, const struct deed *deed, const struct asked *asked)
{
    const struct {
        const char *pointer;
        bool is_there;
    } given[] = {
        [LABELS] = {"/labels", asked->labels != NULL && json_count(asked->labels) > 0},
        [REGION] = {"/region", asked->region != NULL},
        [SETTINGS] = {"/settings", asked->settings != NULL && json_count(asked->settings) > 0},
        [GROUP] = {"/group", asked->group != NULL},
        [REASON] = {"/reason", asked->reason != NULL},
        [TEXT] = {"/text", asked->text != NULL},
    };

    for (enum takes i = LABELS; i <= TEXT; i++) {
        if (given[i].is_there == (deed->takes == i))
            continue;
        answer_bad(reply, given[i].pointer,
                   given[i].is_there ? "this deed does not take it" : "this deed takes it");
        return false;
    }
    return answer_check_labels(reply, asked->labels) && check_settings(reply, asked->settings);
}

/* What is kept of it, as JSON in the arena. */
static struct span write_asked(struct arena *arena, const struct asked *asked)
{
    const char *const texts[][2] = {
        {"region", asked->region},
        {"group", asked->group},
        {"reason", asked->reason},
        {"text", asked->text},
    };
    const struct {
        const char *name;
        const struct json *value;
    } objects[] = {{"labels", asked->labels}, {"settings", asked->settings}};
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, ROUTE_BODY_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        if (objects[i].value == NULL)
            continue;
        json_key(&writer, objects[i].name);
        json_write_raw(&writer, answer_dump(arena, objects[i].value));
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i][1] != NULL)
            json_write_member(&writer, texts[i][0], texts[i][1]);
    json_end_object(&writer);
    const struct span copy =
        buffer_status(&out) == STATUS_OK ? arena_copy(arena, buffer_span(&out)) : (struct span){0};
    buffer_release(&out);
    return copy;
}

static bool read_names(const struct api *api, struct request *request, struct reply *reply,
                       const struct which *which, struct jobs_order *order)
{
    const size_t count = json_type(which->devices) == JSON_ARRAY ? json_count(which->devices) : 0;
    const char **ids = arena_take(request->arena, (count + 1) * sizeof *ids);
    const char *bad = NULL;
    bool good = count > 0 && count <= NAMED_MOST && ids != NULL;

    for (size_t i = 0; good && i < count; i++) {
        ids[i] = json_text(json_item(which->devices, i), NULL);
        good = ids[i] != NULL;
    }
    if (!good || which->all || which->state || which->group || which->q || which->filter) {
        answer_bad(reply, "/which/devices", "must be 1 to 10000 ids, and nothing beside them");
        return false;
    }
    order->ids = ids;
    order->id_count = count;
    order->which = span_text(arena_format(request->arena, "{\"named\":%zu}", count));
    enum status status = jobs_find_stranger(api->store, order, &bad);
    if (status != STATUS_OK)
        reply_status(reply, status, "robots");
    else if (bad != NULL)
        answer_bad(reply, "/which/devices",
                   arena_format(request->arena, "there is no robot \"%.60s\"", bad));
    return status == STATUS_OK && bad == NULL;
}

static bool read_which(const struct api *api, struct request *request, struct reply *reply,
                       const struct json *json, struct jobs_order *order)
{
    struct json_problem problem;
    struct groups_filter program = {0};
    struct which which = {0};
    enum status status = json_decode(json, which_fields, sizeof which_fields / sizeof *which_fields,
                                     &which, request->arena, &problem);

    if (status == STATUS_INVALID) {
        const char *pointer = arena_format(request->arena, "/which%s", problem.pointer);

        answer_bad(reply, pointer != NULL ? pointer : "/which", problem.detail);
        return false;
    }
    if (status != STATUS_OK) {
        reply_status(reply, status, "the body");
        return false;
    }
    if (which.devices != NULL)
        return read_names(api, request, reply, &which, order);
    if (!which.all && !which.state && !which.group && !which.q && !which.filter) {
        answer_bad(reply, "/which", "say which robots: devices, state, group, q, filter, or all");
        return false;
    }
    if (which.filter != NULL && !filtering_read(request, reply, api->store, which.filter,
                                                "/which/filter", FILTERING_LIST, &program))
        return false;
    order->program = program.program;
    order->state = which.state;
    order->group = which.group;
    order->text = which.q;
    order->which = answer_dump(request->arena, json);
    return true;
}

static bool check_group(const struct api *api, struct reply *reply, const char *group)
{
    const char *bad = NULL;
    enum status status =
        group != NULL ? groups_find_stranger(api->store, &group, 1, &bad) : STATUS_OK;

    if (status != STATUS_OK)
        reply_status(reply, status, "groups");
    else if (bad != NULL)
        answer_bad(reply, "/group", "must be a group whose members are put in by hand");
    return status == STATUS_OK && bad == NULL;
}

/* False: a problem was answered. */
static bool read_order(const struct api *api, struct request *request, struct reply *reply,
                       struct jobs_order *order)
{
    struct asked asked = {0};

    if (!answer_decode(request, reply, asked_fields, sizeof asked_fields / sizeof *asked_fields,
                       &asked))
        return false;
    const struct deed *deed = find_deed(asked.deed);
    *order = (struct jobs_order){
        .deed = deed->name, .is_command = deed->is_command, .role = reach_of_groups(request)};
    if (!check_right(api, request, reply, deed) || !check_takes(reply, deed, &asked) ||
        !check_group(api, reply, asked.group) ||
        !read_which(api, request, reply, asked.which, order))
        return false;
    order->asked = write_asked(request->arena, &asked);
    if (!arena_failed(request->arena))
        return true;
    reply_status(reply, STATUS_MEMORY, "the body");
    return false;
}

static void refuse_size(struct reply *reply)
{
    reply_problem(reply, 409, "these are more than %d robots: narrow the list", JOBS_ROBOTS);
}

/* ---- the handlers ---- */

static void preview(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct jobs_order order;
    struct span json;

    if (!read_order(api, request, reply, &order))
        return;
    enum status status = jobs_preview(api->store, &order, request->arena, &json);
    if (status == STATUS_FULL)
        refuse_size(reply);
    else
        answer_json(reply, status, json, "robots");
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct jobs_order order;
    struct document job;
    int64_t job_id = 0;

    if (!read_order(api, request, reply, &order))
        return;
    enum status status = jobs_create(api->store, &author, &order, request->arena, &job, &job_id);
    if (status == STATUS_FULL) {
        refuse_size(reply);
    } else if (status == STATUS_NOT_FOUND) {
        reply_problem(reply, 409, "no robot is in this list");
    } else if (status == STATUS_DENIED) {
        reply_problem(reply, 409, "%d bulk jobs run already: wait for one, or stop one",
                      JOBS_AT_ONCE);
    } else {
        if (status == STATUS_OK)
            reply_header(reply, "Location",
                         arena_format(request->arena, "/api/v1/jobs/%lld", (long long)job_id));
        answer_document(reply, status, 202, &job, "job");
    }
}

/* Who is bound sees what was begun in the own name. */
static const char *own_only(const struct request *request)
{
    return reach_of(request) != NULL ? request->actor.name : NULL;
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *state = request_query(request, "state");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    if (state != NULL && !span_is_choice(span_text(state), "running|stopped|ended")) {
        answer_bad(reply, "?state", "must be running, stopped or ended");
        return;
    }
    enum status status = jobs_list(api->store, state, own_only(request), page.after_number,
                                   page.limit, request->arena, &json);
    answer_json(reply, status, json, "jobs");
}

static const char *subject(const struct request *request)
{
    return answer_subject(request, "job", request_param(request, "id"));
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document job;
    int64_t job_id;

    if (!answer_read_number(request, reply, "id", &job_id))
        return;
    enum status status = jobs_get(api->store, job_id, own_only(request), request->arena, &job);
    answer_document(reply, status, 200, &job, subject(request));
}

static void devices(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *outcome = request_query(request, "outcome");
    struct answer_page page;
    struct document job;
    struct span json = {0};
    int64_t job_id;

    if (!answer_read_number(request, reply, "id", &job_id) ||
        !answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    if (outcome != NULL && !span_is_choice(span_text(outcome), "done|unchanged|failed|waiting")) {
        answer_bad(reply, "?outcome", "must be done, unchanged, failed or waiting");
        return;
    }
    enum status status = jobs_get(api->store, job_id, own_only(request), request->arena, &job);
    if (status == STATUS_OK)
        status = jobs_devices(api->store, job_id, outcome, page.after, page.limit, request->arena,
                              &json);
    answer_json(reply, status, json, subject(request));
}

/* Who may do the deed may stop it and have it go on. False: a problem was answered. */
static bool check_job(const struct api *api, struct request *request, struct reply *reply,
                      int64_t *job_id)
{
    struct document document;
    struct json *job = NULL;

    if (!answer_read_number(request, reply, "id", job_id))
        return false;
    enum status status =
        jobs_get(api->store, *job_id, own_only(request), request->arena, &document);
    if (status == STATUS_OK)
        status = json_parse(document.json, &job, NULL);
    if (status != STATUS_OK) {
        reply_status(reply, status, subject(request));
        return false;
    }
    const struct deed *deed = find_deed(json_text(json_member(job, "deed"), ""));
    json_free(job);
    return check_right(api, request, reply, deed);
}

typedef enum status (*job_change)(struct store *store, const struct author *author, int64_t job_id,
                                  struct arena *arena, struct document *out);

static void change(const struct api *api, struct request *request, struct reply *reply,
                   job_change make, const char *conflict)
{
    const struct author author = api_author(request);
    struct document job;
    int64_t job_id;

    if (!check_job(api, request, reply, &job_id))
        return;
    enum status status = make(api->store, &author, job_id, request->arena, &job);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "%s", conflict);
    else
        answer_document(reply, status, 200, &job, subject(request));
}

static void stop(void *context, struct request *request, struct reply *reply)
{
    change(context, request, reply, jobs_stop, "this job has ended");
}

static void resume(void *context, struct request *request, struct reply *reply)
{
    change(context, request, reply, jobs_resume,
           "this job has nothing left to do: no robot waits, and none failed");
}

static const struct route rows[] = {
    {"GET", "/api/v1/jobs", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/jobs", ROUTE_SUPPORT, create, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/jobs/preview", ROUTE_SUPPORT, preview, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/jobs/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/jobs/{id}/devices", ROUTE_VIEWER, devices, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/jobs/{id}/stop", ROUTE_SUPPORT, stop, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/jobs/{id}/resume", ROUTE_SUPPORT, resume, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_jobs, rows);
