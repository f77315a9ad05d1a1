#include "schema/base/clock.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/money/zone.h"
#include "server/store/bounds.h"
#include "server/store/burndowns.h"
#include "server/store/contracts.h"
#include "server/store/rerating.h"

#define MOST_PROBLEMS 20

static enum status check_bounds(const struct api *api, const struct contract *terms,
                                struct json_problem *problem)
{
    char reason[160];
    size_t place;
    enum status status = bounds_check_terms(api->store, terms, &place, reason);

    if (status != STATUS_DENIED)
        return status;
    snprintf(problem->pointer, sizeof problem->pointer, "/caps/%zu/hard", place);
    snprintf(problem->detail, sizeof problem->detail, "%s", reason);
    return STATUS_INVALID;
}

/* What contract_check() cannot know. */
static enum status check_world(const struct api *api, const struct contract *terms,
                               struct json_problem *problem)
{
    enum status status = contracts_check_zone(api->store, terms->zone);

    if (status == STATUS_OK)
        return check_bounds(api, terms, problem);
    if (status == STATUS_NOT_FOUND) {
        snprintf(problem->pointer, sizeof problem->pointer, "/zone");
        snprintf(problem->detail, sizeof problem->detail,
                 "there is no such time zone; an example is \"Asia/Shanghai\"");
        status = STATUS_INVALID;
    }
    return status;
}

/* Reads and checks a document; false: a problem was answered, with all that is wrong. prefix: where
 * it stands in the body. */
static bool read_terms(const struct api *api, struct request *request, struct reply *reply,
                       const struct json *document, const char *prefix, struct contract *terms)
{
    struct json_problem problems[MOST_PROBLEMS];
    size_t count = 1;
    enum status status =
        contract_check(document, request->arena, terms, problems, MOST_PROBLEMS, &count);

    if (status == STATUS_OK) {
        count = 1;
        status = check_world(api, terms, &problems[0]);
    }
    if (status == STATUS_OK)
        return true;
    if (status != STATUS_INVALID) {
        reply_status(reply, status, "the contract");
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct json_problem found = problems[i];

        snprintf(problems[i].pointer, sizeof problems[i].pointer, "%s%.80s", prefix, found.pointer);
    }
    reply_fields(reply, 422, problems, count);
    return false;
}

/* ?dry_run=true; false: a problem was answered. */
static bool read_dry_run(const struct request *request, struct reply *reply, bool *dry_run)
{
    const char *text = request_query(request, "dry_run");

    *dry_run = text && strcmp(text, "true") == 0;
    if (!text || *dry_run || strcmp(text, "false") == 0)
        return true;
    answer_bad(reply, "/dry_run", "must be true or false");
    return false;
}

/* ?dry_run=terms: of documents whose vendor is yet to be made, or that become versions. */
static bool asks_of_terms_alone(const struct request *request)
{
    const char *text = request_query(request, "dry_run");

    return text && strcmp(text, "terms") == 0;
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const bool terms_alone = asks_of_terms_alone(request);
    const struct json *document;
    struct json_problem problem;
    struct contract terms;
    struct document made;
    bool dry_run = terms_alone;

    if (request_json(request, &document, &problem) != STATUS_OK) {
        reply_field(reply, 400, &problem);
        return;
    }
    if ((!terms_alone && !read_dry_run(request, reply, &dry_run)) ||
        !read_terms(api, request, reply, document, "", &terms))
        return;
    enum status status =
        terms_alone ? STATUS_OK
        : dry_run   ? contracts_check_new(api->store, &terms)
                    : contracts_create(api->store, &author, &terms,
                                       answer_dump(request->arena, document), request->arena, &made);
    if (dry_run && status == STATUS_OK) {
        reply_empty(reply, 204);
        return;
    }
    if (status == STATUS_CONFLICT) {
        problem = (struct json_problem){.pointer = "/vendor", .detail = "there is no such vendor"};
        reply_field(reply, 422, &problem);
        return;
    }
    answer_document(reply, status, 201, &made,
                    answer_subject(request, "contract", terms.contract_id));
}

struct version {
    int64_t effective_from_ms;
    const struct json *document;
};

static const struct json_field version_fields[] = {
    {.name = "effective_from",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct version, effective_from_ms),
     .required = true},
    {.name = "document",
     .kind = JSON_FIELD_ANY,
     .offset = offsetof(struct version, document),
     .required = true},
};

/* Why the version cannot be added, as the contract stands. */
static void answer_version(struct request *request, struct reply *reply, enum status status,
                           const struct document *made)
{
    const char *id = request_param(request, "id");

    if (status == STATUS_STALE)
        answer_bad(reply, "/effective_from", "must be after that of the newest version");
    else if (status == STATUS_FULL)
        reply_problem(reply, 409, "the contract has as many versions as one can: make another");
    else if (status == STATUS_DENIED)
        reply_problem(reply, 409,
                      "vendor, currency and zone stay for a contract's life: make "
                      "another contract");
    else
        answer_document(reply, status, 201, made, answer_subject(request, "contract", id));
}

static void add_version(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct contracts_addition addition = {.author = &author};
    struct version version;
    struct contract terms;
    struct document made;
    bool dry_run;

    if (!read_dry_run(request, reply, &dry_run) ||
        !answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &addition.newest) ||
        !answer_decode(request, reply, version_fields, 2, &version) ||
        !read_terms(api, request, reply, version.document, "/document", &terms))
        return;
    if (strcmp(terms.contract_id, id) != 0) {
        answer_bad(reply, "/document/contract", "must be the contract in the path");
        return;
    }
    addition.terms = &terms;
    addition.document = answer_dump(request->arena, version.document);
    addition.effective_from_ms = version.effective_from_ms;
    enum status status = dry_run
                             ? contracts_check_version(api->store, &addition)
                             : contracts_add_version(api->store, &addition, request->arena, &made);
    if (dry_run && status == STATUS_OK)
        reply_empty(reply, 204);
    else
        answer_version(request, reply, status, &made);
}

static const struct json_field rerate_fields[] = {
    {.name = "from", .kind = JSON_FIELD_TIME, .offset = offsetof(struct rerating_order, from_ms)},
    {.name = "to", .kind = JSON_FIELD_TIME, .offset = offsetof(struct rerating_order, to_ms)},
    {.name = "dry_run",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct rerating_order, dry_run)},
};

static void rerate(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct rerating_order order = {.from_ms = INT64_MIN, .to_ms = INT64_MAX};
    struct span report;

    if (!answer_decode(request, reply, rerate_fields, 3, &order))
        return;
    order.contract_id = request_param(request, "id");
    enum status status = rerating_run(api->store, &author, &order, request->arena, &report);
    if (status == STATUS_STALE)
        reply_problem(reply, 409,
                      "raw records of the contract were dropped already: what they cost "
                      "cannot be told again");
    else if (status == STATUS_CONFLICT)
        reply_problem(reply, 409,
                      "records outside of the range would cost something else, too: "
                      "widen it, or leave it out");
    else
        answer_json(reply, status, report, answer_subject(request, "contract", order.contract_id));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = contracts_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "contracts");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct document contract;
    enum status status = contracts_get(api->store, id, request->arena, &contract);

    answer_document(reply, status, 200, &contract, answer_subject(request, "contract", id));
}

static void burndown(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct span json;
    enum status status = burndowns_get(api->store, id, clock_wall_ms(), request->arena, &json);

    answer_json(reply, status, json, answer_subject(request, "contract", id));
}

/* The robots behind a day's number of a line that counts them. */
static void active_devices(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id"), *day = request_query(request, "day");
    struct burndowns_day asked = {.contract_id = id,
                                  .kind = request_query(request, "kind"),
                                  .name = request_query(request, "name"),
                                  .day = -1,
                                  .now_ms = clock_wall_ms()};
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    asked.after = page.after;
    asked.limit = page.limit;
    if (asked.kind == NULL || asked.name == NULL) {
        answer_bad(reply, asked.kind == NULL ? "?kind" : "?name",
                   "is missing: name a line of the burndown that counts active devices");
        return;
    }
    if (day != NULL && zone_parse_date(span_text(day), &asked.day) != STATUS_OK) {
        answer_bad(reply, "?day", "must be a day like 2026-11-22");
        return;
    }
    const enum status status = burndowns_devices(api->store, &asked, request->arena, &json);
    if (status == STATUS_INVALID)
        answer_bad(reply, "?name", "the contract has no such cap or commitment of active devices");
    else
        answer_json(reply, status, json, answer_subject(request, "contract", id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/contracts", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/contracts", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/contracts/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/contracts/{id}/burndown", ROUTE_VIEWER, burndown, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/contracts/{id}/burndown/devices", ROUTE_VIEWER, active_devices,
     ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/contracts/{id}/versions", ROUTE_OPERATOR, add_version, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/contracts/{id}/rerate", ROUTE_OPERATOR, rerate, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_contracts, rows);
