#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/money/currency.h"
#include "server/money/weight.h"
#include "server/store/budgets.h"
#include "server/store/contracts.h"
#include "server/store/pool_holders.h"
#include "server/store/pools.h"

static const char *subject(const struct request *request)
{
    return answer_subject(request, "budget", request_param(request, "id"));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    answer_json(reply, budgets_list(api->store, page.after, page.limit, request->arena, &json),
                json, "budgets");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document budget;
    enum status status =
        budgets_get(api->store, request_param(request, "id"), request->arena, &budget);

    answer_document(reply, status, 200, &budget, subject(request));
}

struct fields {
    const char *at_most;
    const char *note;
    bool hard;
    bool has_hard;
    const char *id;
    const char *scope;
    const char *subject;
    const char *metric;
    const char *currency;
    const char *per;
    const char *zone;
    const struct json *models;
    const struct json *thresholds;
};

#define FIELD(member) .name = #member, .offset = offsetof(struct fields, member)
static const struct json_field fields[] = {
    {FIELD(at_most), .kind = JSON_FIELD_TEXT, .min = 1, .max = 40},
    {FIELD(note), .kind = JSON_FIELD_TEXT, .max = 200},
    {FIELD(hard), .kind = JSON_FIELD_BOOL, .set_offset = offsetof(struct fields, has_hard)},
    {FIELD(thresholds), .kind = JSON_FIELD_ANY},
    {FIELD(id), .kind = JSON_FIELD_SLUG, .required = true},
    {FIELD(scope), .kind = JSON_FIELD_TEXT, .required = true, .max = 16,
     .choices = "fleet|group|device|vendor|contract"},
    {FIELD(subject), .kind = JSON_FIELD_SLUG},
    {FIELD(metric), .kind = JSON_FIELD_TEXT, .required = true, .min = 1, .max = 48},
    {FIELD(currency), .kind = JSON_FIELD_TEXT, .min = 3, .max = 3},
    {FIELD(per), .kind = JSON_FIELD_TEXT, .required = true, .max = 16,
     .choices = "day|week|month|quarter|year|once"},
    {FIELD(zone), .kind = JSON_FIELD_TEXT, .max = 48},
    {FIELD(models), .kind = JSON_FIELD_ANY},
};
#define PATCH_FIELDS 4

static bool is_amount(const char *text)
{
    struct decimal amount;

    return decimal_parse(span_text(text), &amount) == STATUS_OK && text[0] != '-';
}

static bool are_models(const struct json *models)
{
    if (!models)
        return true;
    if (json_type(models) != JSON_ARRAY || json_count(models) == 0 || json_count(models) > 64)
        return false;
    for (size_t i = 0; i < json_count(models); i++) {
        const char *name = json_text(json_item(models, i), "");

        if (!*name || strlen(name) > LIMIT_MODEL || strchr(name, '\n'))
            return false;
    }
    return true;
}

/* NULL, or the pointer of the member that is wrong and why. */
static const char *find_fault(const struct fields *made, const char **why)
{
    const bool is_money = made->metric && strcmp(made->metric, "spend") == 0;
    unsigned places;

    *why = "must be a number such as \"200000\" or \"150.50\"";
    if (made->at_most && !is_amount(made->at_most))
        return "/at_most";
    *why =
        "must be \"spend\", or a metric such as \"output\", \"input\", \"tokens\", \"requests\", "
        "or several joined by \"+\"";
    if (made->metric && !is_money && weight_find_metrics(span_text(made->metric)) == 0)
        return "/metric";
    *why = "goes with the metric \"spend\", and only with it";
    if (made->metric && is_money != (made->currency != NULL))
        return "/currency";
    *why = "must be the ISO 4217 code of a currency in use: CNY, EUR, JPY";
    if (is_money && !currency_find(made->currency, &places))
        return "/currency";
    *why = "names the group, device, vendor or contract; a budget of the fleet has none";
    if (made->scope && (strcmp(made->scope, "fleet") == 0) != (made->subject == NULL))
        return "/subject";
    *why = "must be a list of 1 to 64 models' names";
    return are_models(made->models) ? NULL : "/models";
}

static bool check(const struct api *api, struct reply *reply, const struct fields *made)
{
    const char *why;
    const char *fault = find_fault(made, &why);
    enum status status;

    if (fault) {
        answer_bad(reply, fault, why);
        return false;
    }
    status = made->zone ? contracts_check_zone(api->store, made->zone) : STATUS_OK;
    if (status == STATUS_NOT_FOUND)
        answer_bad(reply, "/zone", "there is no such time zone; an example is \"Asia/Shanghai\"");
    else if (status != STATUS_OK)
        reply_status(reply, status, "the budget");
    return status == STATUS_OK;
}

static struct budgets_terms terms_of(const struct fields *made, const struct request *request)
{
    return (struct budgets_terms){
        .budget_id = made->id,
        .scope = made->scope,
        .subject = made->subject ? made->subject : "",
        .metric = made->metric,
        .currency = made->currency,
        .at_most = made->at_most,
        .per = made->per,
        .zone = made->zone ? made->zone : "UTC",
        .models = made->models ? answer_dump(request->arena, made->models) : span_of(NULL, 0),
        .hard = made->has_hard ? made->hard : -1,
        .note = made->note,
        .thresholds =
            made->thresholds ? answer_dump(request->arena, made->thresholds) : span_of(NULL, 0),
    };
}

/* A contract that is fallen back to must be there. */
static bool check_fall_backs(const struct api *api, const struct request *request,
                             struct reply *reply, const struct contract_threshold *rule)
{
    struct document ignored;

    for (size_t i = 0; i < rule->action_count; i++) {
        if (rule->actions[i].kind != CONTRACT_FALL_BACK)
            continue;
        enum status status =
            contracts_get(api->store, rule->actions[i].contract, request->arena, &ignored);
        if (status == STATUS_NOT_FOUND)
            answer_bad(reply, "/thresholds", "there is no such contract to fall back to");
        else if (status != STATUS_OK)
            reply_status(reply, status, "the contract");
        if (status != STATUS_OK)
            return false;
    }
    return true;
}

static bool check_thresholds(const struct api *api, const struct request *request,
                             struct reply *reply, const struct budgets_terms *terms)
{
    const bool is_contracts = terms->scope && strcmp(terms->scope, "contract") == 0;
    const bool is_vendors = terms->scope && strcmp(terms->scope, "vendor") == 0;
    const struct contract_threshold *rules = NULL;
    struct json_problem problem = {0};
    size_t count = 0;

    if (terms->thresholds.size == 0)
        return true;
    enum status status = contract_budget_thresholds_read(
        terms->thresholds, is_contracts ? terms->subject : NULL, is_contracts || is_vendors,
        request->arena, &rules, &count, &problem);
    if (status == STATUS_INVALID)
        answer_bad(reply, problem.pointer, problem.detail);
    else if (status != STATUS_OK)
        reply_status(reply, status, "the budget");
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        if (!check_fall_backs(api, request, reply, &rules[i]))
            return false;
    return status == STATUS_OK;
}

/* What a change leaves as it is decides what its thresholds may say. */
static bool read_scope(const struct api *api, const struct request *request, struct reply *reply,
                       struct budgets_terms *terms)
{
    struct document budget;
    struct json *json;
    enum status status = budgets_get(api->store, terms->budget_id, request->arena, &budget);

    if (status == STATUS_OK)
        status = json_parse(budget.json, &json, NULL);
    if (status != STATUS_OK) {
        reply_status(reply, status, subject(request));
        return false;
    }
    terms->scope = arena_text(request->arena, span_text(json_text(json_member(json, "scope"), "")));
    terms->subject =
        arena_text(request->arena, span_text(json_text(json_member(json, "subject"), "")));
    json_free(json);
    return true;
}

/* 409 tells what keeps robots from keeping within the limit; 400, in which currencies one could be.
 */
static void answer_made(struct reply *reply, enum status status, unsigned code,
                        const struct document *budget, const char *reason, const char *about)
{
    if (status == STATUS_DENIED)
        reply_problem(reply, 409, "%s", reason);
    else if (status == STATUS_INVALID && *reason != '\0')
        answer_bad(reply, "/currency", reason);
    else
        answer_document(reply, status, code, budget, about);
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {0};
    struct document budget;
    char reason[160] = "";

    if (!answer_decode(request, reply, fields, sizeof fields / sizeof *fields, &made))
        return;
    if (!made.at_most) {
        answer_bad(reply, "/at_most", "is missing");
        return;
    }
    if (!check(api, reply, &made))
        return;
    struct budgets_terms terms = terms_of(&made, request);
    if (terms.hard < 0)
        terms.hard = 1;
    if (!terms.note)
        terms.note = "";
    if (!check_thresholds(api, request, reply, &terms))
        return;
    enum status status =
        budgets_create(api->store, &author, &terms, request->arena, &budget, reason);
    if (status == STATUS_NOT_FOUND)
        answer_bad(reply, "/subject", "there is no such group, device, vendor or contract");
    else
        answer_made(reply, status, 201, &budget, reason,
                    answer_subject(request, "budget", made.id));
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {0};
    struct document budget;
    char reason[160] = "";
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, fields, PATCH_FIELDS, &made) || !check(api, reply, &made))
        return;
    made.id = request_param(request, "id");
    struct budgets_terms terms = terms_of(&made, request);
    if (made.thresholds && (!read_scope(api, request, reply, &terms) ||
                            !check_thresholds(api, request, reply, &terms)))
        return;
    enum status status =
        budgets_update(api->store, &author, version, &terms, request->arena, &budget, reason);
    answer_made(reply, status, 200, &budget, reason, subject(request));
}

static void delete_budget(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version))
        return;
    answer_done(
        reply,
        budgets_delete(api->store, &author, request_param(request, "id"), version, request->arena),
        subject(request));
}

/* ---- plans ---- */

static const struct json_field plan_fields[] = {
    {FIELD(metric), .kind = JSON_FIELD_TEXT, .required = true, .min = 1, .max = 48},
    {FIELD(at_most), .kind = JSON_FIELD_TEXT, .required = true, .min = 1, .max = 40},
    {FIELD(per), .kind = JSON_FIELD_TEXT, .required = true, .max = 16,
     .choices = "day|week|month|quarter|year|once"},
    {FIELD(currency), .kind = JSON_FIELD_TEXT, .min = 3, .max = 3},
    {FIELD(zone), .kind = JSON_FIELD_TEXT, .max = 48},
    {FIELD(note), .kind = JSON_FIELD_TEXT, .max = 200},
    {FIELD(thresholds), .kind = JSON_FIELD_ANY},
};

/* A budget's id has room for "plan-" and 43 bytes of the robot's. */
static void put_plan(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *device_id = request_param(request, "id");
    struct fields made = {.scope = "device", .subject = device_id};
    struct document plan;
    char reason[160] = "";

    if (!answer_decode(request, reply, plan_fields, sizeof plan_fields / sizeof *plan_fields,
                       &made) ||
        !check(api, reply, &made))
        return;
    made.id = arena_format(request->arena, "plan-%s", device_id);
    if (!made.id || strlen(made.id) > LIMIT_SLUG) {
        reply_problem(reply, 422, "the robot's id is too long for a plan: make a budget instead");
        return;
    }
    struct budgets_terms terms = terms_of(&made, request);
    terms.hard = 1;
    if (!terms.note)
        terms.note = "";
    if (!check_thresholds(api, request, reply, &terms))
        return;
    enum status status =
        budgets_put_plan(api->store, &author, &terms, request->arena, &plan, reason);
    answer_made(reply, status, 200, &plan, reason, answer_subject(request, "device", device_id));
}

static void write_off(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *device_id = request_param(request, "id");
    struct span json = {0};
    enum status status = budgets_write_off(api->store, &author, device_id, request->arena, &json);

    answer_json(reply, status, json, answer_subject(request, "device", device_id));
}

/* ---- pools ---- */

static void list_pools(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *open = request_query(request, "open");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    const struct pools_filter filter = {
        .subject = request_query(request, "subject"),
        .source = request_query(request, "source"),
        .open_only = open && strcmp(open, "true") == 0,
        .after = page.after_number,
        .limit = page.limit,
    };
    answer_json(reply, pools_list(api->store, &filter, request->arena, &json), json, "pools");
}

static void list_holders(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id) ||
        !answer_read_page(request, reply, ANSWER_KEY_TEXT, &page))
        return;
    enum status status =
        pool_holders_list(api->store, id, page.after, page.limit, request->arena, &json);
    if (status == STATUS_INVALID)
        answer_bad(reply, "?after", "must be the \"next\" of the page before");
    else
        answer_json(reply, status, json,
                    answer_subject(request, "pool", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/budgets", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/budgets", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/budgets/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/budgets/{id}", ROUTE_OPERATOR, update, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/budgets/{id}", ROUTE_OPERATOR, delete_budget, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/devices/{id}/plan", ROUTE_OPERATOR, put_plan, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/devices/{id}/credit-write-off", ROUTE_OPERATOR, write_off, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/pools", ROUTE_VIEWER, list_pools, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/pools/{id}/holders", ROUTE_VIEWER, list_holders, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_budgets, rows);
