#include "tests/vendors/vendor.h"

#include <assert.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "tests/vendors/completions.h"
#include "tests/vendors/dialect_openai.h"
#include "tests/vendors/speech.h"
#include "tests/vendors/transcription.h"

#define MAX_CALL_BYTES  (8u << 20)
#define MAX_REPLY_BYTES (64u << 20)
#define KEYS_CHECK_MS   250

static const char json_type_name[] = "application/json";

#define MAX_ROUTES 24

struct vendor {
    struct settings settings;
    struct service_route routes[MAX_ROUTES];
    size_t route_count;
    struct conditions conditions;
    struct sentences *sentences;
    struct keys *keys;
    struct ledger *ledger;
    struct service *service;
    int64_t keys_checked_ms;
    int64_t started_s;
    uint64_t requests;
};

static void reply_refusal(struct service_call *call, const struct dialect *dialect,
                          const struct dialect_refusal *refusal, const char *param)
{
    struct buffer body;

    buffer_init(&body, MAX_REPLY_BYTES);
    dialect->write_refusal(refusal, param, &body);
    service_reply(call, refusal->status, json_type_name, buffer_span(&body));
    buffer_release(&body);
}

/* One request on its way to its answer. */
struct visit {
    struct vendor *vendor;
    struct service_call *call;
    const struct dialect *dialect;
    struct stream_plan plan;
};

static void refuse_as(struct visit *visit, const struct dialect_refusal *refusal, const char *param)
{
    struct ledger_entry *entry = &visit->plan.entry;

    entry->status = refusal->status;
    if (ledger_append(visit->vendor->ledger, entry) != STATUS_OK)
        log_error("ledger", "cannot write the line of a request request_id=%s", entry->request_id);
    reply_refusal(visit->call, visit->dialect, refusal, param);
}

static void refuse(struct visit *visit, enum dialect_error error)
{
    refuse_as(visit, &visit->dialect->refusals[error], NULL);
}

static void refuse_body(struct visit *visit, const struct question_problem *problem)
{
    struct dialect_refusal refusal = visit->dialect->refusals[DIALECT_BAD_REQUEST];

    refusal.message = problem->message;
    refuse_as(visit, &refusal, problem->param);
}

/* What a fault that refuses the request says; DIALECT_ERRORS: it refuses none. */
static enum dialect_error error_of(enum fault fault)
{
    switch (fault) {
    case FAULT_RATE_LIMIT:
    case FAULT_UNDER_200:
        return DIALECT_RATE;
    case FAULT_QUOTA:
        return DIALECT_QUOTA;
    case FAULT_ERROR:
        return DIALECT_BROKEN;
    case FAULT_OVERLOADED:
        return DIALECT_OVERLOADED;
    default:
        return DIALECT_ERRORS;
    }
}

/* The key that the request shows; empty when there is none. */
static struct span secret_of(const struct service_call *call, const struct dialect *dialect)
{
    static const char scheme[] = "Bearer ";
    struct span value = span_text(service_header(call, "Authorization"));

    if (dialect->key == DIALECT_KEY_X_API)
        return span_text(service_header(call, "x-api-key"));
    if (!span_starts_with(value, scheme))
        return span_of(NULL, 0);
    return span_of(value.data + sizeof scheme - 1, value.size - (sizeof scheme - 1));
}

static struct key *find_key(struct vendor *vendor, const struct dialect *dialect,
                            struct span secret)
{
    int64_t now_ms = clock_mono_ms();

    if (now_ms - vendor->keys_checked_ms >= KEYS_CHECK_MS) {
        vendor->keys_checked_ms = now_ms;
        if (keys_refresh(vendor->keys) != STATUS_OK)
            log_warning("vendors", "cannot read key file \"%s\" again; the old keys hold",
                        vendor->settings.keys);
    }
    struct key *key = secret.size > 0 ? keys_find(vendor->keys, secret) : NULL;
    if (key == NULL && dialect->key == DIALECT_KEY_TOKEN)
        key = keys_find_token(vendor->keys, secret, clock_wall_ms());
    return key;
}

static bool is_request_id(const char *id)
{
    size_t size = id != NULL ? strlen(id) : 0;

    for (size_t i = 0; i < size; i++)
        if (id[i] <= ' ' || id[i] > '~')
            return false;
    return size > 0 && size < LEDGER_ID_SIZE;
}

static void begin_entry(const struct visit *visit, struct span secret, struct ledger_entry *entry)
{
    struct vendor *vendor = visit->vendor;
    const char *id = service_header(visit->call, "X-Client-Request-Id");

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

static void refuse_by_fault(struct visit *visit)
{
    const enum fault fault = visit->plan.entry.fault;
    struct dialect_refusal refusal = visit->dialect->refusals[error_of(fault)];
    char seconds[32];

    if (fault == FAULT_RATE_LIMIT || fault == FAULT_OVERLOADED) {
        snprintf(seconds, sizeof seconds, "%.0f", visit->vendor->conditions.retry_after_s);
        service_add_header(visit->call, "Retry-After", seconds);
    }
    if (fault == FAULT_UNDER_200)
        refusal.status = 200;
    refuse_as(visit, &refusal, NULL);
}

static void refuse_unmade(struct visit *visit)
{
    visit->plan.entry.input = visit->plan.entry.cached = 0;
    refuse(visit, DIALECT_BROKEN);
}

static void answer(struct visit *visit, struct arena *arena)
{
    const struct question *question = visit->plan.question;
    struct stream *stream = NULL;
    struct answer made;

    if (answer_make(visit->vendor->sentences, question, arena, &made) != STATUS_OK) {
        refuse_unmade(visit);
        arena_free(arena);
        return;
    }
    visit->plan.answer = &made;
    visit->plan.entry.status = 200;
    if (stream_create(&stream, &visit->plan, arena) != STATUS_OK) {
        refuse_unmade(visit);
        return;
    }
    service_reply_stream(visit->call,
                         question->stream ? visit->dialect->stream_type : json_type_name, stream);
}

/* Everything that can be wrong with a request whose key is good. */
static bool is_refused(struct visit *visit, struct arena *arena, struct question *question)
{
    struct ledger_entry *entry = &visit->plan.entry;
    struct question_problem problem = {.param = NULL};

    if (!service_body_is_whole(visit->call))
        snprintf(problem.message, sizeof problem.message, "The request is larger than 1 MiB.");
    else if (question_decode(service_body(visit->call), &visit->dialect->question, arena, question,
                             &problem) == STATUS_OK &&
             !choose_fault(visit->vendor, visit->call, &visit->plan.dice, &entry->fault))
        snprintf(problem.message, sizeof problem.message, "X-Demo-Fault names no fault.");
    if (problem.message[0] != '\0') {
        refuse_body(visit, &problem);
        return true;
    }
    if (!has_model(visit->vendor->settings.models, question->model)) {
        refuse(visit, DIALECT_NO_MODEL);
        return true;
    }
    snprintf(entry->model, sizeof entry->model, "%s", question->model);
    if (error_of(entry->fault) == DIALECT_ERRORS)
        return false;
    refuse_by_fault(visit);
    return true;
}

static void handle_question(void *context, struct service_call *call)
{
    struct vendor *vendor = context;
    struct question question;
    struct visit visit = {.vendor = vendor,
                          .call = call,
                          .dialect = dialect_at(service_path(call)),
                          .plan = {.question = &question,
                                   .conditions = &vendor->conditions,
                                   .ledger = vendor->ledger,
                                   .now_ms = clock_mono_ms()}};
    const struct span secret = secret_of(call, visit.dialect);
    struct key *key = find_key(vendor, visit.dialect, secret);
    struct ledger_entry *entry = &visit.plan.entry;
    struct arena *arena = NULL;

    visit.plan.dialect = visit.dialect;
    begin_entry(&visit, secret, entry);
    service_add_header(call, visit.dialect->id_header, entry->vendor_request_id);
    dice_init(&visit.plan.dice, (uint64_t)vendor->settings.seed, span_text(entry->request_id));
    if (key == NULL) {
        refuse(&visit, DIALECT_NO_KEY);
        return;
    }
    if (arena_create(&arena, MAX_CALL_BYTES) != STATUS_OK) {
        refuse(&visit, DIALECT_BROKEN);
        return;
    }
    if (is_refused(&visit, arena, &question)) {
        arena_free(arena);
        return;
    }
    entry->input = question.prompt_tokens;
    entry->cached = keys_cached_tokens(key, &question.prefix);
    answer(&visit, arena);
}

static void handle_speech(void *context, struct service_call *call)
{
    struct vendor *vendor = context;
    const struct speech speech = {.program = vendor->settings.voice,
                                  .models = vendor->settings.models,
                                  .keys = vendor->keys,
                                  .ledger = vendor->ledger,
                                  .conditions = &vendor->conditions,
                                  .seed = (uint64_t)vendor->settings.seed};

    if (keys_refresh(vendor->keys) != STATUS_OK)
        log_warning("vendors", "cannot read key file \"%s\" again; the old keys hold",
                    vendor->settings.keys);
    speech_handle(&speech, call);
}

static void handle_transcription(void *context, struct service_call *call)
{
    struct vendor *vendor = context;
    const struct transcription transcription = {.models = vendor->settings.models,
                                                .keys = vendor->keys,
                                                .ledger = vendor->ledger,
                                                .conditions = &vendor->conditions,
                                                .seed = (uint64_t)vendor->settings.seed};

    if (keys_refresh(vendor->keys) != STATUS_OK)
        log_warning("vendors", "cannot read key file \"%s\" again; the old keys hold",
                    vendor->settings.keys);
    transcription_handle(&transcription, call);
}

static void handle_models(void *context, struct service_call *call)
{
    const struct dialect *dialect = &dialect_openai;
    struct vendor *vendor = context;
    struct buffer body;

    if (find_key(vendor, dialect, secret_of(call, dialect)) == NULL) {
        reply_refusal(call, dialect, &dialect->refusals[DIALECT_NO_KEY], NULL);
        return;
    }
    buffer_init(&body, MAX_REPLY_BYTES);
    completions_write_models(&body, vendor->settings.models, vendor->started_s);
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
        const struct dialect_refusal refusal = {400, "invalid_request_error", NULL, problem};

        reply_refusal(call, &dialect_openai, &refusal, NULL);
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
        reply_refusal(call, &dialect_openai, &dialect_openai.refusals[DIALECT_BROKEN], NULL);
}

static void handle_unknown(void *context, struct service_call *call)
{
    char message[200];
    const struct dialect_refusal refusal = {404, "invalid_request_error", "unknown_url", message};

    (void)context;
    snprintf(message, sizeof message, "Unknown request URL: %.10s %.100s.", service_method(call),
             service_path(call));
    reply_refusal(call, &dialect_openai, &refusal, NULL);
}

static const struct service_route own_routes[] = {
    {"POST", "/v1/audio/speech", handle_speech},
    {"POST", "/v1/audio/transcriptions", handle_transcription},
    {"GET", "/v1/models", handle_models},
    {"GET", "/admin/faults", handle_get_faults},
    {"PUT", "/admin/faults", handle_put_faults},
    {"GET", "/admin/ledger", handle_ledger},
};
#define OWN_ROUTES (sizeof own_routes / sizeof *own_routes)

static void make_routes(struct vendor *vendor)
{
    size_t count;
    const struct dialect *const *dialects = dialect_table(&count);

    assert(OWN_ROUTES + count <= MAX_ROUTES);
    memcpy(vendor->routes, own_routes, sizeof own_routes);
    for (size_t i = 0; i < count; i++)
        vendor->routes[OWN_ROUTES + i] =
            (struct service_route){"POST", dialects[i]->path, handle_question};
    vendor->route_count = OWN_ROUTES + count;
}

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
    struct service_options options = {
        .address = settings->listen,
        .port = (uint16_t)settings->port,
        .handle_unknown = handle_unknown,
        .context = vendor,
    };

    snprintf(problem, 256, "%s", status_text(STATUS_MEMORY));
    if (vendor == NULL)
        return STATUS_MEMORY;
    vendor->settings = *settings;
    make_routes(vendor);
    options.routes = vendor->routes;
    options.route_count = vendor->route_count;
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
