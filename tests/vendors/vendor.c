#include "tests/vendors/vendor.h"

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "tests/vendors/dialect.h"

#define MAX_CALL_BYTES  (8u << 20)
#define MAX_REPLY_BYTES (64u << 20)
#define KEYS_CHECK_MS   250

static const char json_type_name[] = "application/json";

struct vendor {
    struct settings settings;
    struct conditions conditions;
    struct sentences *sentences;
    struct keys *keys;
    struct ledger *ledger;
    struct service *service;
    int64_t keys_checked_ms;
    int64_t started_s;
    uint64_t requests;
};

/* A reply that is not an answer. */
struct refusal {
    unsigned status;
    const char *type, *code, *param, *message;
};

static void reply_refusal(struct service_call *call, const struct refusal *refusal)
{
    struct buffer body;

    buffer_init(&body, MAX_REPLY_BYTES);
    dialect_write_error(&body, refusal->type, refusal->code, refusal->param, refusal->message);
    service_reply(call, refusal->status, json_type_name, buffer_span(&body));
    buffer_release(&body);
}

static void refuse(struct vendor *vendor, struct service_call *call, struct ledger_entry *entry,
                   const struct refusal *refusal)
{
    entry->status = refusal->status;
    if (ledger_append(vendor->ledger, entry) != STATUS_OK)
        log_error("ledger", "cannot write the line of a request request_id=%s", entry->request_id);
    reply_refusal(call, refusal);
}

static void refuse_body(struct vendor *vendor, struct service_call *call,
                        struct ledger_entry *entry, const struct question_problem *problem)
{
    const struct refusal refusal = {400, "invalid_request_error", NULL, problem->param,
                                    problem->message};

    refuse(vendor, call, entry, &refusal);
}

/* What a fault that refuses the request says; NULL for the others. */
static const struct refusal *refusal_of(enum fault fault)
{
    static const struct refusal refusals[FAULT_COUNT] = {
        [FAULT_RATE_LIMIT] = {429, "requests", "rate_limit_exceeded", NULL,
                              "Rate limit reached for requests. Please try again later."},
        [FAULT_QUOTA] = {429, "insufficient_quota", "insufficient_quota", NULL,
                         "You exceeded your current quota, please check your plan and billing "
                         "details."},
        [FAULT_ERROR] = {500, "server_error", NULL, NULL,
                         "The server had an error while processing your request. Sorry about "
                         "that!"},
        [FAULT_OVERLOADED] = {503, "server_error", "overloaded", NULL,
                              "The engine is currently overloaded, please try again later."},
    };

    return refusals[fault].status != 0 ? &refusals[fault] : NULL;
}

/* The key of "Authorization: Bearer KEY"; empty when there is none. */
static struct span bearer(const struct service_call *call)
{
    static const char scheme[] = "Bearer ";
    struct span value = span_text(service_header(call, "Authorization"));

    if (!span_starts_with(value, scheme))
        return span_of(NULL, 0);
    return span_of(value.data + sizeof scheme - 1, value.size - (sizeof scheme - 1));
}

static struct key *find_key(struct vendor *vendor, struct span secret)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms - vendor->keys_checked_ms >= KEYS_CHECK_MS) {
        vendor->keys_checked_ms = now_ms;
        if (keys_refresh(vendor->keys) != STATUS_OK)
            log_warning("vendors", "cannot read key file \"%s\" again; the old keys hold",
                        vendor->settings.keys);
    }
    return secret.size > 0 ? keys_find(vendor->keys, secret) : NULL;
}

static bool is_request_id(const char *id)
{
    size_t size = id != NULL ? strlen(id) : 0;

    for (size_t i = 0; i < size; i++)
        if (id[i] <= ' ' || id[i] > '~')
            return false;
    return size > 0 && size < LEDGER_ID_SIZE;
}

static void begin_entry(struct vendor *vendor, const struct service_call *call,
                        struct ledger_entry *entry)
{
    const char *id = service_header(call, "X-Client-Request-Id");
    struct span secret = bearer(call);

    *entry = (struct ledger_entry){.at_ms = clock_wall_ms(), .key = "-"};
    snprintf(entry->vendor_request_id, sizeof entry->vendor_request_id, "chatcmpl-%016llx%08llx",
             (unsigned long long)crypto_random_u64(), (unsigned long long)++vendor->requests);
    snprintf(entry->request_id, sizeof entry->request_id, "%s",
             is_request_id(id) ? id : entry->vendor_request_id);
    if (secret.size > 0)
        keys_name(secret, entry->key);
}

/* The fault that the request asks for, else one by chance. False: it asks for one there is not. */
static bool choose_fault(const struct vendor *vendor, const struct service_call *call,
                         struct dice *dice, enum fault *fault)
{
    const char *wanted = service_header(call, "X-Demo-Fault");

    *fault = conditions_draw(&vendor->conditions, dice);
    return wanted == NULL || conditions_fault_by_name(span_text(wanted), fault) == STATUS_OK;
}

static bool has_model(const char *models, const char *model)
{
    while (*models != '\0') {
        size_t size = strcspn(models, ",");

        if (span_equal_text(span_of(models, size), model))
            return true;
        models += models[size] == ',' ? size + 1 : size;
    }
    return false;
}

static void refuse_by_fault(struct vendor *vendor, struct service_call *call,
                            struct ledger_entry *entry)
{
    char seconds[32];

    if (entry->fault == FAULT_RATE_LIMIT || entry->fault == FAULT_OVERLOADED) {
        snprintf(seconds, sizeof seconds, "%.0f", vendor->conditions.retry_after_s);
        service_add_header(call, "Retry-After", seconds);
    }
    refuse(vendor, call, entry, refusal_of(entry->fault));
}

static void answer(struct vendor *vendor, struct service_call *call, struct stream_plan *plan,
                   struct arena *arena)
{
    const struct question *question = plan->question;
    struct stream *stream = NULL;
    struct answer made;

    if (answer_make(vendor->sentences, question, arena, &made) != STATUS_OK) {
        plan->entry.input = plan->entry.cached = 0;
        refuse(vendor, call, &plan->entry, refusal_of(FAULT_ERROR));
        arena_free(arena);
        return;
    }
    plan->answer = &made;
    plan->entry.status = 200;
    if (stream_create(&stream, plan, arena) != STATUS_OK) {
        plan->entry.input = plan->entry.cached = 0;
        refuse(vendor, call, &plan->entry, refusal_of(FAULT_ERROR));
        return;
    }
    service_reply_stream(call, question->stream ? "text/event-stream" : json_type_name, stream);
}

/* Everything that can be wrong with a request whose key is good. */
static bool is_refused(struct vendor *vendor, struct service_call *call, struct arena *arena,
                       struct question *question, struct stream_plan *plan)
{
    struct question_problem problem = {.param = NULL};

    if (!service_body_is_whole(call))
        snprintf(problem.message, sizeof problem.message, "The request is larger than 1 MiB.");
    else if (question_decode(service_body(call), arena, question, &problem) == STATUS_OK &&
             !choose_fault(vendor, call, &plan->dice, &plan->entry.fault))
        snprintf(problem.message, sizeof problem.message, "X-Demo-Fault names no fault.");
    if (problem.message[0] != '\0') {
        refuse_body(vendor, call, &plan->entry, &problem);
        return true;
    }
    if (!has_model(vendor->settings.models, question->model)) {
        const struct refusal refusal = {
            404, "invalid_request_error", "model_not_found", NULL,
            "The model does not exist or you do not have access to it."};

        refuse(vendor, call, &plan->entry, &refusal);
        return true;
    }
    snprintf(plan->entry.model, sizeof plan->entry.model, "%s", question->model);
    if (refusal_of(plan->entry.fault) == NULL)
        return false;
    refuse_by_fault(vendor, call, &plan->entry);
    return true;
}

static void handle_completions(void *context, struct service_call *call)
{
    static const struct refusal no_key = {
        401, "invalid_request_error", "invalid_api_key", NULL,
        "Incorrect API key provided: send one that was given out, as Authorization: Bearer KEY."};
    struct vendor *vendor = context;
    struct question question;
    struct stream_plan plan = {.question = &question,
                               .conditions = &vendor->conditions,
                               .ledger = vendor->ledger,
                               .now_ms = clock_mono_ms()};
    struct key *key = find_key(vendor, bearer(call));
    struct arena *arena = NULL;

    begin_entry(vendor, call, &plan.entry);
    service_add_header(call, "x-request-id", plan.entry.vendor_request_id);
    dice_init(&plan.dice, (uint64_t)vendor->settings.seed, span_text(plan.entry.request_id));
    if (key == NULL) {
        refuse(vendor, call, &plan.entry, &no_key);
        return;
    }
    if (arena_create(&arena, MAX_CALL_BYTES) != STATUS_OK) {
        refuse(vendor, call, &plan.entry, refusal_of(FAULT_ERROR));
        return;
    }
    if (is_refused(vendor, call, arena, &question, &plan)) {
        arena_free(arena);
        return;
    }
    plan.entry.input = question.prompt_tokens;
    plan.entry.cached = keys_cached_tokens(key, &question.prefix);
    answer(vendor, call, &plan, arena);
}

static void handle_models(void *context, struct service_call *call)
{
    struct vendor *vendor = context;
    struct buffer body;

    if (find_key(vendor, bearer(call)) == NULL) {
        const struct refusal refusal = {401, "invalid_request_error", "invalid_api_key", NULL,
                                        "Incorrect API key provided."};

        reply_refusal(call, &refusal);
        return;
    }
    buffer_init(&body, MAX_REPLY_BYTES);
    dialect_write_models(&body, vendor->settings.models, vendor->started_s);
    service_reply(call, 200, json_type_name, buffer_span(&body));
    buffer_release(&body);
}

static void reply_conditions(struct vendor *vendor, struct service_call *call)
{
    struct buffer body;

    buffer_init(&body, MAX_REPLY_BYTES);
    conditions_write_json(&vendor->conditions, &body);
    service_reply(call, 200, json_type_name, buffer_span(&body));
    buffer_release(&body);
}

static void handle_get_faults(void *context, struct service_call *call)
{
    reply_conditions(context, call);
}

static void handle_put_faults(void *context, struct service_call *call)
{
    struct vendor *vendor = context;
    char problem[160];

    if (conditions_set_json(&vendor->conditions, service_body(call), problem) != STATUS_OK) {
        const struct refusal refusal = {400, "invalid_request_error", NULL, NULL, problem};

        reply_refusal(call, &refusal);
        return;
    }
    reply_conditions(vendor, call);
}

static void reply_summary(struct vendor *vendor, struct service_call *call)
{
    struct buffer body;

    buffer_init(&body, MAX_REPLY_BYTES);
    ledger_write_summary(vendor->ledger, &body);
    service_reply(call, 200, json_type_name, buffer_span(&body));
    buffer_release(&body);
}

static void handle_ledger(void *context, struct service_call *call)
{
    struct vendor *vendor = context;
    const char *summary = service_argument(call, "summary");
    uint64_t size;
    int fd;

    if (summary != NULL && strcmp(summary, "1") == 0)
        reply_summary(vendor, call);
    else if (ledger_share(vendor->ledger, &fd, &size) == STATUS_OK)
        service_reply_file(call, "application/x-ndjson", fd, size);
    else
        reply_refusal(call, refusal_of(FAULT_ERROR));
}

static void handle_unknown(void *context, struct service_call *call)
{
    char message[200];
    const struct refusal refusal = {404, "invalid_request_error", "unknown_url", NULL, message};

    (void)context;
    snprintf(message, sizeof message, "Unknown request URL: %.10s %.100s.", service_method(call),
             service_path(call));
    reply_refusal(call, &refusal);
}

static const struct service_route routes[] = {
    {"POST", "/v1/chat/completions", handle_completions},
    {"GET", "/v1/models", handle_models},
    {"GET", "/admin/faults", handle_get_faults},
    {"PUT", "/admin/faults", handle_put_faults},
    {"GET", "/admin/ledger", handle_ledger},
};

static enum status read_keys(struct vendor *vendor, char problem[256])
{
    const struct settings *settings = &vendor->settings;
    enum status status = keys_create(&vendor->keys);

    if (status == STATUS_OK)
        status = keys_add_list(vendor->keys, settings->key);
    if (status == STATUS_OK && settings->keys != NULL)
        status = keys_use_file(vendor->keys, settings->keys);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot read keys from \"%.150s\": %s",
                 settings->keys != NULL ? settings->keys : "--key", status_text(status));
    else if (keys_count(vendor->keys) == 0)
        log_warning("vendors", "no API key is given out: every request will be refused (hint: "
                               "--keys FILE or --key KEY)");
    return status;
}

static enum status prepare(struct vendor *vendor, char problem[256])
{
    const struct settings *settings = &vendor->settings;
    char cause[160];

    conditions_init(&vendor->conditions);
    if (conditions_set_list(&vendor->conditions, settings->fault, cause) != STATUS_OK) {
        snprintf(problem, 256, "--fault: %s", cause);
        return STATUS_INVALID;
    }
    enum status status = read_keys(vendor, problem);
    if (status == STATUS_OK)
        status = sentences_load(&vendor->sentences, settings->sentences, problem);
    if (status == STATUS_OK)
        status = ledger_open(&vendor->ledger, settings->ledger, problem);
    return status;
}

enum status vendor_create(struct vendor **out, const struct settings *settings, char problem[256])
{
    struct vendor *vendor = calloc(1, sizeof *vendor);
    const struct service_options options = {
        .address = settings->listen,
        .port = (uint16_t)settings->port,
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .handle_unknown = handle_unknown,
        .context = vendor,
    };

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (vendor == NULL)
        return STATUS_MEMORY;
    vendor->settings = *settings;
    vendor->started_s = clock_wall_ms() / 1000;
    enum status status = prepare(vendor, problem);
    if (status == STATUS_OK)
        status = service_create(&vendor->service, &options, problem);
    if (status != STATUS_OK) {
        vendor_free(vendor);
        return status;
    }
    *out = vendor;
    return STATUS_OK;
}

void vendor_free(struct vendor *vendor)
{
    if (vendor == NULL)
        return;
    /* First: its streams write their last lines to the ledger. */
    service_free(vendor->service);
    ledger_close(vendor->ledger);
    sentences_free(vendor->sentences);
    keys_free(vendor->keys);
    free(vendor);
}

struct service *vendor_service(const struct vendor *vendor)
{
    return vendor->service;
}
