#include "agent/settings.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/settings_reach.h"
#include "agent/route_check.h"
#include "agent/spoken.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define MAX_REGIONS 128
#define MAX_CUT_OFF 3 /* tests that a restart cut off: then they are likely its cause */

/* The status of each setting. */
struct answers {
    size_t count;
    wire_SettingStatus rows[LIMIT_SETTINGS];
};

struct settings {
    pthread_mutex_t lock;
    char path[PATH_MAX];
    char trial_path[PATH_MAX + 8];
    char regions[MAX_REGIONS];
    size_t ear; /* what the owner allows: of ear_modes */
    struct peer_running running;
    struct answers answers;
    struct settings_values values;
    bool has_started;     /* and what needs a restart was taken */
    wire_KeptTrial trial; /* as on disk; generation 0: none */
    struct settings_held held;
    /* scratch, too large for a stack */
    wire_ConfigContent content;
    wire_Config stored;
    wire_KeptTrial next_trial;
    wire_ConfigSoftware software; /* of the configuration in force */
    wire_ConfigSoftware next_software;
    struct settings_values next; /* what read_content() makes of a content, */
    struct answers next_answers; /* and says of it */
    uint8_t bytes[LIMIT_MESSAGE_BYTES];
};

/* How each setting of the shared table takes its value. */

static void take_text(void *field, size_t size, const struct json *value)
{
    snprintf(field, size, "%s", json_text(value, ""));
}

static void take_int(void *field, size_t size, const struct json *value)
{
    (void)size;
    *(int64_t *)field = json_int(value, 0);
}

#define FIELD(name)                                                                                \
    offsetof(struct settings_values, name), sizeof((struct settings_values *)0)->name

static const struct {
    const char *name;
    void (*take)(void *field, size_t size, const struct json *value);
    size_t offset, size;
} fields[] = {
    {"persona", take_text, FIELD(persona)},
    {"language", take_text, FIELD(language)},
    {"screen_mark", take_text, FIELD(screen_mark)},
    {"avatar", take_text, FIELD(avatar)},
    {"window_size", take_text, FIELD(window_size)},
    {"volume", take_int, FIELD(volume)},
    {"voice_rate_wpm", take_int, FIELD(voice_rate_wpm)},
    {"voice_pitch", take_int, FIELD(voice_pitch)},
    {"max_output_tokens", take_int, FIELD(max_output_tokens)},
    {"history_turns", take_int, FIELD(history_turns)},
    {"history_tokens", take_int, FIELD(history_tokens)},
    {"history_hours", take_int, FIELD(history_hours)},
    {"report_interval_s", take_int, FIELD(report_interval_s)},
    {"turns_per_minute", take_int, FIELD(turns_per_minute)},
    {"limit_mode", take_text, FIELD(limit_mode)},
    {"limit_text", take_text, FIELD(limit_text)},
    {"canned_persona", take_text, FIELD(canned_persona)},
    {"audience", take_text, FIELD(audience)},
    {"crisis_text", take_text, FIELD(crisis_text)},
    {"quiet_hours", take_text, FIELD(quiet_hours)},
    {"zone", take_text, FIELD(zone)},
    {"daily_minutes", take_int, FIELD(daily_minutes)},
    {"break_reminder_min", take_int, FIELD(break_reminder_min)},
    {"ear_mode", take_text, FIELD(ear_mode)},
    {"wake_phrase", take_text, FIELD(wake_phrase)},
};

#define FIELD_COUNT (sizeof fields / sizeof fields[0])

static size_t find_field(const char *name)
{
    size_t i = 0;

    while (i < FIELD_COUNT && strcmp(fields[i].name, name) != 0)
        i++;
    return i;
}

/* Checks and takes one value. */
static wire_SettingOutcome take(struct settings_values *values, size_t index,
                                const char *json_value, char reason[LIMIT_REASON + 1])
{
    const struct setting_spec *spec = setting_find(span_text(fields[index].name));
    struct json *value = NULL;
    char problem[160];

    if (!spec)
        return wire_SettingOutcome_SETTING_UNKNOWN;
    if (json_parse(span_text(json_value), &value, problem) != STATUS_OK) {
        snprintf(reason, LIMIT_REASON + 1, "%.*s", LIMIT_REASON, problem);
        return wire_SettingOutcome_SETTING_REFUSED;
    }
    enum status status = setting_check(spec, value, reason);
    if (status == STATUS_OK)
        fields[index].take((char *)values + fields[index].offset, fields[index].size, value);
    json_free(value);
    return status == STATUS_OK ? wire_SettingOutcome_SETTING_APPLIED
                               : wire_SettingOutcome_SETTING_REFUSED;
}

static void take_defaults(struct settings_values *values)
{
    char reason[LIMIT_REASON + 1];

    *values = (struct settings_values){0};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct setting_spec *spec = setting_find(span_text(fields[i].name));

        if (spec && spec->fallback)
            take(values, i, spec->fallback, reason);
    }
}

static wire_SettingStatus *add_status(struct answers *answers, const char *name,
                                      wire_SettingOutcome outcome)
{
    wire_SettingStatus *status = &answers->rows[answers->count];

    if (answers->count < LIMIT_SETTINGS)
        answers->count++;
    else
        status--; /* the last one is written over: the server sends no more than there is room for
                   */
    *status = (wire_SettingStatus){.outcome = outcome};
    snprintf(status->name, sizeof status->name, "%s", name);
    return status;
}

/* Routes. */

static void take_route(struct settings_values *values, const wire_Route *route)
{
    if (route->use == wire_RouteUse_SPEECH)
        values->speech_routes[values->speech_route_count++] = *route;
    else if (route->use == wire_RouteUse_TRANSCRIPTION)
        values->transcription_routes[values->transcription_route_count++] = *route;
    else
        values->routes[values->route_count++] = *route;
}

static void take_routes(struct settings *settings, const wire_ConfigContent *content)
{
    wire_SettingStatus *status;

    if (content->routes_count == 0)
        return;
    status = add_status(&settings->next_answers, "routes", wire_SettingOutcome_SETTING_APPLIED);
    for (size_t i = 0; i < content->routes_count; i++) {
        const wire_Route *route = &content->routes[i];
        const char *problem = route_check(route, &content->border, settings->regions);

        if (!problem) {
            take_route(&settings->next, route);
            continue;
        }
        status->outcome = wire_SettingOutcome_SETTING_REFUSED;
        snprintf(status->reason, sizeof status->reason, "%.36s/%.26s is not used: %.40s",
                 route->vendor, route->model, problem);
    }
}

static void take_settings(struct settings *settings, const wire_ConfigContent *content)
{
    for (size_t i = 0; i < content->settings_count; i++) {
        const wire_Setting *setting = &content->settings[i];
        const size_t index = find_field(setting->name);

        if (strcmp(setting->name, "routes") == 0)
            continue; /* comes expanded, see take_routes() */
        wire_SettingStatus *status =
            add_status(&settings->next_answers, setting->name, wire_SettingOutcome_SETTING_UNKNOWN);
        if (index < FIELD_COUNT)
            status->outcome = take(&settings->next, index, setting->value, status->reason);
        else
            snprintf(status->reason, sizeof status->reason, "this software does not know it");
    }
}

/* The ear. What opens the microphone is the owner's to allow, at the robot: a server can only take
 * away from that (invariant I8). */

enum { EAR_MODE_OFF, EAR_MODE_BUTTON, EAR_MODE_WAKE, EAR_MODES };

static const char *const ear_modes[EAR_MODES] = {"off", "button", "wake"};

static size_t ear_mode_from(const char *name)
{
    size_t mode = EAR_MODES - 1;

    while (mode > EAR_MODE_OFF && strcmp(ear_modes[mode], name) != 0)
        mode--;
    return mode;
}

/* It is applied, as the bound that it is: the reason tells what holds all the same. */
static void explain_ear(struct settings *settings, const char *reason)
{
    for (size_t i = 0; i < settings->next_answers.count; i++) {
        wire_SettingStatus *status = &settings->next_answers.rows[i];

        if (strcmp(status->name, "ear_mode") == 0 &&
            status->outcome == wire_SettingOutcome_SETTING_APPLIED)
            snprintf(status->reason, sizeof status->reason, "%s", reason);
    }
}

static void bound_ear(struct settings *settings, struct settings_values *values)
{
    size_t mode = ear_mode_from(values->ear_mode);

    if (mode > settings->ear) {
        mode = settings->ear;
        explain_ear(settings, mode == EAR_MODE_OFF
                                  ? "this robot has no ear (its owner's option ear)"
                                  : "its owner allows the button alone (option ear of the robot)");
    }
    values->lacks_wake_phrase = mode == EAR_MODE_WAKE && strcmp(values->language, "zh") == 0;
    if (values->lacks_wake_phrase) {
        mode = EAR_MODE_BUTTON;
        explain_ear(settings, "no wake phrase can be heard in Chinese: the button is needed");
    }
    snprintf(values->ear_mode, sizeof values->ear_mode, "%s", ear_modes[mode]);
}

/* What was opened once is as it is: the value waits on disk for the next start. */
static void leave_for_restart(struct settings *settings, size_t index)
{
    struct answers *answers = &settings->next_answers;
    size_t row = 0;

    while (row < answers->count && strcmp(answers->rows[row].name, fields[index].name) != 0)
        row++;
    if (row == answers->count) /* no layer has it any more: its default waits */
        add_status(answers, fields[index].name, wire_SettingOutcome_SETTING_NEEDS_RESTART);
    else if (answers->rows[row].outcome == wire_SettingOutcome_SETTING_APPLIED)
        answers->rows[row].outcome = wire_SettingOutcome_SETTING_NEEDS_RESTART;
    memcpy((char *)&settings->next + fields[index].offset,
           (const char *)&settings->values + fields[index].offset, fields[index].size);
}

static void hold_for_restart(struct settings *settings)
{
    for (size_t i = 0; settings->has_started && i < FIELD_COUNT; i++) {
        const struct setting_spec *spec = setting_find(span_text(fields[i].name));

        if (spec && spec->needs_restart &&
            memcmp((const char *)&settings->next + fields[i].offset,
                   (const char *)&settings->values + fields[i].offset, fields[i].size) != 0)
            leave_for_restart(settings, i);
    }
}

/* What settings->content says, and what there is to say of it. */
static void read_content(struct settings *settings, uint64_t generation)
{
    const wire_ConfigContent *content = &settings->content;
    struct settings_values *next = &settings->next;

    take_defaults(next);
    next->generation = generation;
    settings->next_answers.count = 0;
    take_routes(settings, content);
    take_settings(settings, content);
    hold_for_restart(settings);
    bound_ear(settings, next);
    settings_reach_take(next, content);
}

/* The same bytes, for what the content leaves aside. What cannot be read is none. */
static void read_software(struct settings *settings, struct span content)
{
    if (message_decode(MESSAGE_CONFIG_SOFTWARE, content, &settings->next_software) != STATUS_OK)
        settings->next_software = (wire_ConfigSoftware)wire_ConfigSoftware_init_zero;
}

/* Makes settings->content the configuration in force. */
static void apply(struct settings *settings, uint64_t generation, struct span content)
{
    read_software(settings, content);
    settings->software = settings->next_software;
    read_content(settings, generation);
    settings->values = settings->next;
    settings->answers = settings->next_answers;
}

/* The file is a Config message without a header. */
static enum status store(struct settings *settings, uint64_t generation, struct span content)
{
    wire_Config *stored = &settings->stored;
    size_t size;

    if (content.size > sizeof stored->content.bytes)
        return STATUS_FULL;
    *stored = (wire_Config){.generation = generation};
    stored->content.size = (pb_size_t)content.size;
    memcpy(stored->content.bytes, content.data, content.size);
    enum status status =
        message_encode(MESSAGE_CONFIG, stored, settings->bytes, sizeof settings->bytes, &size);
    return status == STATUS_OK ? file_replace(settings->path, span_of(settings->bytes, size), 0600)
                               : status;
}

static void note_running(struct settings *settings, uint64_t generation,
                         const uint8_t hash[CRYPTO_HASH_SIZE])
{
    settings->running.generation_held = generation;
    settings->running.generation_running = generation;
    settings->running.has_config = true;
    memcpy(settings->running.config_hash, hash, CRYPTO_HASH_SIZE);
}

/* Trials. The file of a held configuration is a KeptTrial. It is written before anything else
 * changes, and what is in force only changes by replacing the other file: so whatever a power cut
 * leaves is held, in force, or gone back from, and nothing is in force that was not adopted. */

static enum status store_trial(struct settings *settings, const wire_KeptTrial *trial)
{
    size_t size;
    enum status status =
        message_encode(MESSAGE_KEPT_TRIAL, trial, settings->bytes, sizeof settings->bytes, &size);

    if (status == STATUS_OK)
        status = file_replace(settings->trial_path, span_of(settings->bytes, size), 0600);
    crypto_wipe(settings->bytes, sizeof settings->bytes);
    return status;
}

static void tell_trial(struct settings *settings)
{
    struct peer_running *running = &settings->running;

    running->has_trial = settings->trial.report.generation > 0;
    running->trial = settings->trial.report;
    running->generation_held = running->generation_running;
    if (running->trial.generation > running->generation_held)
        running->generation_held = running->trial.generation;
}

/* Of settings->next_software, the one that goes with the trial. */
static void note_software(struct settings *settings, struct settings_held *held)
{
    const wire_ConfigSoftware *software = &settings->next_software;

    for (size_t i = 0; i < software->software_count && !held->has_software; i++) {
        held->has_software = software->software[i].on_trial;
        if (held->has_software)
            held->software = software->software[i];
    }
}

/* A server that gives no credit for it wants no test of it. */
static void note_speech(struct settings *settings, struct settings_held *held)
{
    const struct settings_values *now = &settings->values, *next = &settings->next;
    const wire_TrialSpec *spec = &settings->content.trial;

    held->has_speech = next->speech_route_count > 0 && spec->speech_line_id[0] &&
                       (now->speech_route_count == 0 ||
                        !spoken_is_same(&now->speech_routes[0], &next->speech_routes[0]));
    if (!held->has_speech)
        return;
    held->speech = next->speech_routes[0];
    memcpy(held->speech_line_id, spec->speech_line_id, sizeof held->speech_line_id);
}

/* The first one, or the one that the server wants asked: its key is what changes. */
static void note_route(struct settings *settings, struct settings_held *held)
{
    const struct settings_values *next = &settings->next;
    const wire_TrialSpec *spec = &settings->content.trial;

    held->has_route = next->route_count > 0;
    held->route = next->routes[0];
    memcpy(held->line_id, spec->line_id, sizeof held->line_id);
    for (size_t i = 0; i < next->route_count && spec->vendor[0]; i++) {
        if (strcmp(next->routes[i].vendor, spec->vendor) != 0)
            continue;
        held->route = next->routes[i];
        memcpy(held->line_id, spec->vendor_line_id, sizeof held->line_id);
        return;
    }
}

/* From settings->content, which these bytes are. */
static void note_held(struct settings *settings, uint64_t generation, struct span content)
{
    const struct settings_values *values = &settings->next;
    const wire_TrialSpec *spec = &settings->content.trial;
    struct settings_held *held = &settings->held;

    read_content(settings, generation);
    *held = (struct settings_held){
        .generation = generation,
        .window_s = spec->window_s,
        .tries = settings->trial.report.tries,
        .language = settings_language(values),
        .is_test = spec->test,
        .needs_no_route = settings->content.routes_count == 0,
    };
    read_software(settings, content);
    note_software(settings, held);
    note_route(settings, held);
    note_speech(settings, held);
    for (size_t i = 0; i < settings->next_answers.count; i++)
        if (strcmp(settings->next_answers.rows[i].name, "routes") == 0)
            memcpy(held->refusal, settings->next_answers.rows[i].reason, sizeof held->refusal);
}

static bool is_held(const struct settings *settings)
{
    return settings->trial.report.verdict == wire_TrialVerdict_TRIAL_RUNNING;
}

/* Ends the trial by this verdict, in memory and, if it can, on disk. */
static void end_trial(struct settings *settings, const wire_TrialReport *report,
                      wire_TrialVerdict verdict)
{
    crypto_wipe(&settings->trial.content, sizeof settings->trial.content);
    crypto_wipe(&settings->held, sizeof settings->held);
    settings->trial.is_testing = false;
    settings->trial.report = *report;
    settings->trial.report.verdict = verdict;
    tell_trial(settings);
    if (store_trial(settings, &settings->trial) != STATUS_OK)
        log_warning("agent", "how a trial ended cannot be kept; after a restart %s",
                    verdict == wire_TrialVerdict_TRIAL_FAILED ? "it begins anew"
                                                              : "its steps are forgotten");
}

/* Another configuration is in force, which no trial led to. */
static void forget_trial(struct settings *settings)
{
    if (settings->trial.report.generation == 0)
        return;
    crypto_wipe(&settings->trial, sizeof settings->trial);
    crypto_wipe(&settings->held, sizeof settings->held);
    tell_trial(settings);
    if (unlink(settings->trial_path) < 0 && errno != ENOENT)
        log_debug("agent", "an old trial stays on disk, where it is older than what runs");
}

/* settings->content is decoded. The former one stays in force. */
static enum status hold(struct settings *settings, uint64_t generation, struct span content,
                        const uint8_t hash[CRYPTO_HASH_SIZE])
{
    wire_KeptTrial *trial = &settings->next_trial;

    *trial = (wire_KeptTrial){
        .has_report = true,
        .report = {.generation = generation, .verdict = wire_TrialVerdict_TRIAL_RUNNING},
        .content.size = (pb_size_t)content.size,
        .hash.size = CRYPTO_HASH_SIZE,
    };
    memcpy(trial->content.bytes, content.data, content.size);
    memcpy(trial->hash.bytes, hash, CRYPTO_HASH_SIZE);
    enum status status = store_trial(settings, trial);
    if (status == STATUS_OK) {
        settings->trial = *trial;
        note_held(settings, generation, content);
        tell_trial(settings);
    }
    crypto_wipe(trial, sizeof *trial);
    return status;
}

/* It has come before: tried now, or in vain. A database that was restored may have made something
 * else under the same number. */
static bool was_tried(const struct settings *settings, uint64_t generation,
                      const uint8_t hash[CRYPTO_HASH_SIZE])
{
    const wire_KeptTrial *trial = &settings->trial;

    return trial->report.generation == generation &&
           trial->report.verdict != wire_TrialVerdict_TRIAL_PASSED &&
           span_equal(span_of(trial->hash.bytes, trial->hash.size),
                      span_of(hash, CRYPTO_HASH_SIZE));
}

static enum status run_at_once(struct settings *settings, uint64_t generation, struct span content,
                               const uint8_t hash[CRYPTO_HASH_SIZE])
{
    enum status status = store(settings, generation, content);

    if (status != STATUS_OK)
        return status;
    apply(settings, generation, content);
    note_running(settings, generation, hash);
    forget_trial(settings);
    return STATUS_OK;
}

static void take_content(struct settings *settings, uint64_t generation, struct span content,
                         const uint8_t hash[CRYPTO_HASH_SIZE])
{
    const char *problem = "the configuration cannot be stored";
    enum status status = message_decode(MESSAGE_CONFIG_CONTENT, content, &settings->content);

    if (status != STATUS_OK)
        problem = "the configuration cannot be read";
    else if (content.size > sizeof settings->trial.content.bytes)
        status = STATUS_FULL;
    else if (!settings->content.has_trial ||
             (!settings->content.trial.test && !settings->content.trial.install))
        status = run_at_once(settings, generation, content, hash);
    else if (generation > settings->running.generation_running)
        status = hold(settings, generation, content, hash);
    /* else another content has this number: the server learns so, and finds a higher one */
    if (status != STATUS_OK) {
        settings->answers.count = 0;
        snprintf(
            add_status(&settings->answers, "configuration", wire_SettingOutcome_SETTING_REFUSED)
                ->reason,
            LIMIT_REASON + 1, "%s: %s", problem, status_text(status));
    }
}

void settings_configure(struct settings *settings, uint64_t generation, struct span content,
                        const uint8_t hash[CRYPTO_HASH_SIZE])
{
    pthread_mutex_lock(&settings->lock);
    if (!was_tried(settings, generation, hash))
        take_content(settings, generation, content, hash);
    pthread_mutex_unlock(&settings->lock);
}

bool settings_held(struct settings *settings, struct settings_held *out)
{
    pthread_mutex_lock(&settings->lock);
    const bool any = is_held(settings);
    if (any)
        *out = settings->held;
    pthread_mutex_unlock(&settings->lock);
    return any;
}

static bool is_about_held(const struct settings *settings, const wire_TrialReport *report)
{
    return is_held(settings) && settings->trial.report.generation == report->generation;
}

enum status settings_begin_test(struct settings *settings, uint64_t generation, uint32_t tries)
{
    const wire_TrialReport begun = {.generation = generation};
    enum status status = STATUS_STALE;

    pthread_mutex_lock(&settings->lock);
    if (is_about_held(settings, &begun)) {
        settings->trial.report.tries = tries;
        settings->trial.is_testing = true;
        tell_trial(settings);
        status = store_trial(settings, &settings->trial);
    }
    pthread_mutex_unlock(&settings->lock);
    return status;
}

void settings_note_trial(struct settings *settings, const wire_TrialReport *report)
{
    pthread_mutex_lock(&settings->lock);
    if (is_about_held(settings, report)) {
        settings->trial.report = *report;
        settings->trial.report.verdict = wire_TrialVerdict_TRIAL_RUNNING;
        settings->trial.is_testing = false;
        tell_trial(settings);
        if (store_trial(settings, &settings->trial) != STATUS_OK)
            log_debug("agent", "how a test ended cannot be kept: the disk takes nothing");
    }
    pthread_mutex_unlock(&settings->lock);
}

/* The held content is in force once its file is the one that a restart finds. */
static enum status adopt(struct settings *settings, uint64_t generation)
{
    const struct span content =
        span_of(settings->trial.content.bytes, settings->trial.content.size);
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = message_decode(MESSAGE_CONFIG_CONTENT, content, &settings->content);

    if (status == STATUS_OK)
        status = store(settings, generation, content);
    if (status != STATUS_OK)
        return status;
    crypto_sha256(&content, 1, hash);
    apply(settings, generation, content);
    note_running(settings, generation, hash);
    return STATUS_OK;
}

enum status settings_adopt(struct settings *settings, const wire_TrialReport *report)
{
    enum status status = STATUS_STALE;

    pthread_mutex_lock(&settings->lock);
    if (is_about_held(settings, report)) {
        wire_TrialReport end = *report;

        status = adopt(settings, report->generation);
        if (status != STATUS_OK) {
            end.retryable = true;
            snprintf(end.reason, sizeof end.reason, "it went well, but cannot be stored: %s",
                     status_text(status));
        }
        end_trial(settings, &end,
                  status == STATUS_OK ? wire_TrialVerdict_TRIAL_PASSED
                                      : wire_TrialVerdict_TRIAL_FAILED);
    }
    pthread_mutex_unlock(&settings->lock);
    return status;
}

void settings_go_back(struct settings *settings, const wire_TrialReport *report)
{
    pthread_mutex_lock(&settings->lock);
    if (is_about_held(settings, report))
        end_trial(settings, report, wire_TrialVerdict_TRIAL_FAILED);
    pthread_mutex_unlock(&settings->lock);
}

static enum status load(struct settings *settings)
{
    uint8_t *data = NULL, hash[CRYPTO_HASH_SIZE];
    size_t size;
    enum status status = file_read(settings->path, LIMIT_MESSAGE_BYTES, &data, &size);

    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status == STATUS_OK)
        status = message_decode(MESSAGE_CONFIG, span_of(data, size), &settings->stored);
    if (data)
        crypto_wipe(data, size);
    free(data);
    const struct span content =
        span_of(settings->stored.content.bytes, settings->stored.content.size);
    if (status == STATUS_OK)
        status = message_decode(MESSAGE_CONFIG_CONTENT, content, &settings->content);
    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    crypto_sha256(&content, 1, hash);
    apply(settings, settings->stored.generation, content);
    note_running(settings, settings->stored.generation, hash);
    return STATUS_OK;
}

static void resume_held(struct settings *settings, wire_KeptTrial *trial)
{
    const struct span content = span_of(trial->content.bytes, trial->content.size);

    trial->cut_off += trial->is_testing;
    trial->is_testing = false;
    if (trial->cut_off >= MAX_CUT_OFF) {
        wire_TrialReport report = trial->report;

        snprintf(report.reason, sizeof report.reason, "the robot stopped in the middle of %u tests",
                 (unsigned)trial->cut_off);
        end_trial(settings, &report, wire_TrialVerdict_TRIAL_FAILED);
    } else if (message_decode(MESSAGE_CONFIG_CONTENT, content, &settings->content) == STATUS_OK) {
        note_held(settings, trial->report.generation, content);
    } else {
        crypto_wipe(trial, sizeof *trial);
    }
}

/* What was on its way when the process ended. An older generation than the one in force was
 * replaced by it; the same one was adopted. */
static void resume_trial(struct settings *settings)
{
    wire_KeptTrial *trial = &settings->trial;
    const uint64_t running = settings->running.generation_running;

    if (trial->report.generation == running) {
        trial->report.verdict = wire_TrialVerdict_TRIAL_PASSED;
        crypto_wipe(&trial->content, sizeof trial->content);
    } else if (trial->report.generation < running ||
               trial->report.verdict == wire_TrialVerdict_TRIAL_PASSED) {
        crypto_wipe(trial, sizeof *trial);
    } else if (trial->report.verdict == wire_TrialVerdict_TRIAL_RUNNING) {
        resume_held(settings, trial);
    }
    tell_trial(settings);
}

/* A file that cannot be read holds nothing that is in force: the server will send it again. */
static void load_trial(struct settings *settings)
{
    uint8_t *data = NULL;
    size_t size;
    enum status status = file_read(settings->trial_path, LIMIT_MESSAGE_BYTES, &data, &size);

    if (status == STATUS_OK)
        status = message_decode(MESSAGE_KEPT_TRIAL, span_of(data, size), &settings->trial);
    if (data)
        crypto_wipe(data, size);
    free(data);
    if (status == STATUS_OK)
        resume_trial(settings);
    else
        crypto_wipe(&settings->trial, sizeof settings->trial);
}

enum status settings_open(struct settings **out, const struct settings_options *options)
{
    struct settings *settings = calloc(1, sizeof *settings);

    if (!settings)
        return STATUS_MEMORY;
    if (span_to_text(span_text(options->path), settings->path, sizeof settings->path) !=
            STATUS_OK ||
        span_to_text(span_text(options->regions), settings->regions, sizeof settings->regions) !=
            STATUS_OK) {
        free(settings);
        return STATUS_INVALID;
    }
    snprintf(settings->trial_path, sizeof settings->trial_path, "%s.trial", settings->path);
    pthread_mutex_init(&settings->lock, NULL);
    settings->ear = ear_mode_from(options->ear ? options->ear : "off");
    take_defaults(&settings->values);
    bound_ear(settings, &settings->values);
    *out = settings;
    enum status status = load(settings);
    load_trial(settings);
    settings->has_started = true;
    return status;
}

void settings_close(struct settings *settings)
{
    if (!settings)
        return;
    pthread_mutex_destroy(&settings->lock);
    crypto_wipe(settings, sizeof *settings);
    free(settings);
}

void settings_software(struct settings *settings, wire_ConfigSoftware *out)
{
    pthread_mutex_lock(&settings->lock);
    *out = settings->software;
    pthread_mutex_unlock(&settings->lock);
}

void settings_running(struct settings *settings, struct peer_running *out)
{
    pthread_mutex_lock(&settings->lock);
    *out = settings->running;
    pthread_mutex_unlock(&settings->lock);
}

size_t settings_statuses(struct settings *settings, wire_SettingStatus out[LIMIT_SETTINGS])
{
    pthread_mutex_lock(&settings->lock);
    const size_t count = settings->answers.count;
    memcpy(out, settings->answers.rows, count * sizeof *out);
    pthread_mutex_unlock(&settings->lock);
    return count;
}

void settings_values(struct settings *settings, struct settings_values *out)
{
    pthread_mutex_lock(&settings->lock);
    *out = settings->values;
    pthread_mutex_unlock(&settings->lock);
}

enum voice_language settings_language(const struct settings_values *values)
{
    if (strcmp(values->language, "zh") == 0)
        return VOICE_LANGUAGE_ZH;
    return strcmp(values->language, "en") == 0 ? VOICE_LANGUAGE_EN : VOICE_LANGUAGE_AUTO;
}
