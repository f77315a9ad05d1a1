#include "tests/robots/plan.h"

#include "schema/wire/manifest.h"
#include "schema/wire/setting.h"

#define SHARED 64 /* plans that are found again; most fleets have a few */

struct plans {
    wire_ConfigContent content;   /* too large for the stack, */
    wire_ConfigSoftware software; /* as this, of the same bytes */
    struct plan *shared[SHARED];
    struct plan *fallback;
};

static void apply_persona(struct plan *plan, const struct json *value)
{
    free(plan->persona);
    plan->persona = strdup(json_text(value, ""));
}

static void apply_history(struct plan *plan, const struct json *value)
{
    plan->history_turns = json_int(value, 0);
}

static void apply_max_output(struct plan *plan, const struct json *value)
{
    plan->max_output_tokens = json_int(value, 0);
}

static void apply_interval(struct plan *plan, const struct json *value)
{
    plan->report_interval_s = json_int(value, 0);
}

static void apply_turns_per_minute(struct plan *plan, const struct json *value)
{
    plan->turns_per_minute = json_int(value, 0);
}

static void apply_limit_mode(struct plan *plan, const struct json *value)
{
    const char *mode = json_text(value, "");

    plan->asks_nobody = strcmp(mode, "blocked") == 0 || strcmp(mode, "canned") == 0;
}

/* The settings that change what a simulated robot does. The others of the common table it holds as
 * a robot without voice and face does: nothing more is to be done. */
static const struct {
    const char *name;
    void (*apply)(struct plan *plan, const struct json *value);
} appliers[] = {
    {"persona", apply_persona},
    {"history_turns", apply_history},
    {"max_output_tokens", apply_max_output},
    {"report_interval_s", apply_interval},
    {"turns_per_minute", apply_turns_per_minute},
    {"limit_mode", apply_limit_mode},
};

static void apply(struct plan *plan, const char *name, const struct json *value)
{
    for (size_t i = 0; i < sizeof appliers / sizeof *appliers; i++)
        if (strcmp(appliers[i].name, name) == 0)
            appliers[i].apply(plan, value);
}

static void apply_defaults(struct plan *plan)
{
    size_t count;
    const struct setting_spec *specs = setting_table(&count);

    for (size_t i = 0; i < count; i++) {
        struct json *value = NULL;

        if (specs[i].fallback == NULL ||
            json_parse(span_text(specs[i].fallback), &value, NULL) != STATUS_OK)
            continue;
        apply(plan, specs[i].name, value);
        json_free(value);
    }
}

static void judge(struct plan *plan, const wire_Setting *setting, wire_SettingStatus *out)
{
    const struct setting_spec *spec = setting_find(span_text(setting->name));
    struct json *value = NULL;

    snprintf(out->name, sizeof out->name, "%s", setting->name);
    if (spec == NULL) {
        out->outcome = wire_SettingOutcome_SETTING_UNKNOWN;
        snprintf(out->reason, sizeof out->reason, "this robot has no such setting");
        return;
    }
    out->outcome = wire_SettingOutcome_SETTING_REFUSED;
    if (json_parse(span_text(setting->value), &value, NULL) != STATUS_OK) {
        snprintf(out->reason, sizeof out->reason, "the value is not JSON");
        return;
    }
    char reason[LIMIT_REASON + 1];
    if (setting_check(spec, value, reason) == STATUS_OK) {
        apply(plan, setting->name, value);
        out->outcome = wire_SettingOutcome_SETTING_APPLIED;
    } else {
        snprintf(out->reason, sizeof out->reason, "%s", reason);
    }
    json_free(value);
}

static void fill(struct plan *plan, const wire_ConfigContent *content)
{
    plan->setting_count = content->settings_count;
    for (size_t i = 0; i < content->settings_count; i++)
        judge(plan, &content->settings[i], &plan->settings[i]);
    plan->is_tried = content->has_trial && content->trial.test;
    plan->trial = content->trial;
    plan->route_count = 0;
    for (size_t i = 0; i < content->routes_count; i++) {
        if (content->routes[i].use == wire_RouteUse_CHAT) /* these robots have no voice */
            plan->routes[plan->route_count++] = content->routes[i];
    }
    if (content->routes_count > 0 && plan->setting_count < LIMIT_SETTINGS)
        plan->settings[plan->setting_count++] =
            (wire_SettingStatus){.name = "routes", .outcome = wire_SettingOutcome_SETTING_APPLIED};
    plan->sealing_key_count = content->sealing_keys_count;
    memcpy(plan->sealing_keys, content->sealing_keys,
           content->sealing_keys_count * sizeof *plan->sealing_keys);
    plan->broker_count = content->brokers_count;
    memcpy(plan->brokers, content->brokers, content->brokers_count * sizeof *plan->brokers);
}

/* Whoever signed it: what is in question here is the fleet and not this robot's disk. */
static void install(struct plan *plan, const wire_ConfigSoftware *software)
{
    for (size_t i = 0; i < software->software_count; i++) {
        const wire_Software *item = &software->software[i];
        struct json_problem problem;
        struct manifest manifest;

        if (item->withdrawn || manifest_read(span_of(item->document.bytes, item->document.size),
                                             &manifest, &problem) != STATUS_OK)
            continue;
        wire_SoftwareStatus *status = &plan->installed[plan->installed_count++];
        *status = (wire_SoftwareStatus){.step = wire_SoftwareStep_SOFTWARE_CONFIRMED,
                                        .counter = (uint64_t)manifest.counter};
        snprintf(status->kind, sizeof status->kind, "%s", manifest.kind);
        snprintf(status->name, sizeof status->name, "%s", manifest.name);
        snprintf(status->version, sizeof status->version, "%s", manifest.version);
    }
}

static struct plan *new_plan(const uint8_t hash[CRYPTO_HASH_SIZE])
{
    struct plan *plan = calloc(1, sizeof *plan);

    if (plan == NULL)
        return NULL;
    plan->references = 1;
    memcpy(plan->hash, hash, CRYPTO_HASH_SIZE);
    apply_defaults(plan);
    return plan;
}

static void free_plan(struct plan *plan)
{
    if (plan == NULL)
        return;
    crypto_wipe(plan->routes, sizeof plan->routes);
    free(plan->persona);
    free(plan);
}

enum status plans_create(struct plans **out)
{
    static const uint8_t none[CRYPTO_HASH_SIZE] = {0};
    struct plans *plans = calloc(1, sizeof *plans);

    if (plans == NULL)
        return STATUS_MEMORY;
    plans->fallback = new_plan(none);
    if (plans->fallback == NULL) {
        free(plans);
        return STATUS_MEMORY;
    }
    *out = plans;
    return STATUS_OK;
}

void plans_free(struct plans *plans)
{
    if (plans == NULL)
        return;
    free_plan(plans->fallback);
    crypto_wipe(&plans->content, sizeof plans->content);
    free(plans);
}

static struct plan *find(struct plans *plans, const uint8_t hash[CRYPTO_HASH_SIZE],
                         struct plan ***place)
{
    for (size_t i = 0; i < SHARED; i++) {
        if (plans->shared[i] == NULL)
            *place = &plans->shared[i];
        else if (memcmp(plans->shared[i]->hash, hash, CRYPTO_HASH_SIZE) == 0)
            return plans->shared[i];
    }
    return NULL;
}

enum status plans_take(struct plans *plans, struct span content,
                       const uint8_t hash[CRYPTO_HASH_SIZE], struct plan **out)
{
    struct plan **place = NULL;
    struct plan *plan = find(plans, hash, &place);

    if (plan != NULL) {
        plan->references++;
        *out = plan;
        return STATUS_OK;
    }
    if (message_decode(MESSAGE_CONFIG_CONTENT, content, &plans->content) != STATUS_OK ||
        message_decode(MESSAGE_CONFIG_SOFTWARE, content, &plans->software) != STATUS_OK)
        return STATUS_INVALID;
    plan = new_plan(hash);
    if (plan == NULL)
        return STATUS_MEMORY;
    fill(plan, &plans->content);
    install(plan, &plans->software);
    if (place != NULL)
        *place = plan;
    *out = plan;
    return STATUS_OK;
}

struct plan *plans_default(struct plans *plans)
{
    plans->fallback->references++;
    return plans->fallback;
}

void plans_release(struct plans *plans, struct plan *plan)
{
    if (plan == NULL || --plan->references > 0)
        return;
    for (size_t i = 0; i < SHARED; i++)
        if (plans->shared[i] == plan)
            plans->shared[i] = NULL;
    free_plan(plan);
}
