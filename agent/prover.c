#include "agent/prover.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "agent/trial.h"
#include "agent/trial_turn.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

#define TICK_MS        1000 /* while something is held or has to be brought */
#define BRING_AGAIN_MS 5000
#define BRING_MAX_MS   900000
#define BRING_FLOOR_MS 5000
#define KEEPING        UINT64_MAX /* in the place of a generation under test */

struct prover {
    struct prover_options options;
    pthread_t thread;
    struct trial trial; /* the thread's own, like the next two */
    struct settings_held held;
    wire_TrialReport report;
    wire_ConfigSoftware software; /* that the configuration in force names */
    struct backoff bring_backoff;
    int64_t bring_due_ms;
    bool is_settled;    /* all of it is here, or refused */
    atomic_bool cancel; /* the test under way is not wanted any more */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    bool is_stopping;
    bool has_news;
    uint64_t testing; /* generation; 0: none */
};

/* Waits for news, so long at most when something is held. False: it is time to stop. */
static bool wait(struct prover *prover, bool is_held)
{
    const int64_t until_ms = clock_mono_ms() + TICK_MS;
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int error = 0;

    pthread_mutex_lock(&prover->lock);
    while (!prover->is_stopping && !prover->has_news && error != ETIMEDOUT)
        error = is_held ? pthread_cond_timedwait(&prover->changed, &prover->lock, &until)
                        : pthread_cond_wait(&prover->changed, &prover->lock);
    prover->has_news = false;
    const bool goes_on = !prover->is_stopping;
    pthread_mutex_unlock(&prover->lock);
    return goes_on;
}

static bool is_online(const struct prover *prover)
{
    return prover->options.host.is_online(prover->options.host.context);
}

/* What settings hold is what is tried. */
static bool follow(struct prover *prover)
{
    struct settings_held *held = &prover->held;

    if (!settings_held(prover->options.settings, held)) {
        crypto_wipe(held, sizeof *held);
        trial_withdraw(&prover->trial);
        return false;
    }
    if (prover->trial.state != TRIAL_WAITING || prover->trial.generation != held->generation) {
        trial_offer(&prover->trial, held->generation, held->window_s, held->tries, clock_mono_ms());
        prover->report = (wire_TrialReport){.generation = held->generation};
    }
    return true;
}

static enum trial_outcome refuse(struct prover *prover, bool may_pass, const char *reason)
{
    wire_TrialReport *report = &prover->report;

    report->error_class = wire_ErrorClass_ERROR_NONE;
    report->retryable = may_pass;
    snprintf(report->reason, sizeof report->reason, "%s", reason);
    return may_pass ? TRIAL_MAY_PASS : TRIAL_CANNOT_PASS;
}

static void tell(struct prover *prover, const struct trial_turn_result *result)
{
    const wire_Route *route = result->route;
    wire_TrialReport *report = &prover->report;

    report->step = result->step;
    report->step_ms_count =
        (pb_size_t)(result->step < TRIAL_TURN_STEPS ? result->step : TRIAL_TURN_STEPS);
    memcpy(report->step_ms, result->step_ms, sizeof report->step_ms);
    report->error_class = result->error_class;
    report->retryable = result->may_pass;
    report->reason[0] = 0;
    if (result->reason[0])
        snprintf(report->reason, sizeof report->reason, "%.24s/%.24s: %.68s", route->vendor,
                 route->model, result->reason);
}

/* The software first: what is asked then is answered with it. */
static enum trial_outcome bring(struct prover *prover)
{
    struct updater *updater = prover->options.updater;
    struct updater_result result = {.reason = "this robot takes no software"};
    enum status status = STATUS_DENIED;

    if (updater)
        status = updater_bring(updater, &prover->held.software, &prover->cancel, &result);
    if (result.needs_restart)
        prover->options.host.restart(prover->options.host.context);
    if (status == STATUS_OK)
        return TRIAL_WENT_WELL;
    return refuse(prover, status == STATUS_AGAIN || result.may_pass,
                  result.reason[0] ? result.reason : "it runs after a restart");
}

static enum trial_outcome ask(struct prover *prover)
{
    const struct settings_held *held = &prover->held;
    const struct trial_turn turn = {
        .journal = prover->options.journal,
        .voice_program = prover->options.voice_program,
        .route = &held->route,
        .line_id = held->line_id,
        .speech = held->has_speech && prover->options.speech_program ? &held->speech : NULL,
        .speech_line_id = held->speech_line_id,
        .speech_program = prover->options.speech_program,
        .generation = held->generation,
        .language = held->language,
        .cancel = &prover->cancel,
    };
    struct trial_turn_result result;

    if (!held->has_route)
        return refuse(prover, false, held->refusal[0] ? held->refusal : "it has no route for chat");
    if (settings_begin_test(prover->options.settings, held->generation, prover->trial.tries) !=
        STATUS_OK)
        return refuse(prover, true, "the disk takes no test");
    enum status status = trial_turn_run(&turn, &result);
    tell(prover, &result);
    prover->options.host.on_used(prover->options.host.context);
    if (status == STATUS_OK)
        return TRIAL_WENT_WELL;
    return result.may_pass ? TRIAL_MAY_PASS : TRIAL_CANNOT_PASS;
}

/* It stays from here on, also over a restart before the configuration is adopted. */
static enum trial_outcome confirm(struct prover *prover)
{
    struct updater_result result;

    updater_note_tested(prover->options.updater);
    enum status status = updater_confirm(prover->options.updater, &prover->cancel, &result);
    if (result.needs_restart)
        prover->options.host.restart(prover->options.host.context);
    return status == STATUS_OK ? TRIAL_WENT_WELL : refuse(prover, result.may_pass, result.reason);
}

static enum trial_outcome test(struct prover *prover)
{
    const struct settings_held *held = &prover->held;
    enum trial_outcome outcome = TRIAL_WENT_WELL;

    prover->report.tries = prover->trial.tries;
    prover->report.reason[0] = 0;
    if (held->has_software)
        outcome = bring(prover);
    /* where no robot of the kind asks anybody anything, the installer's word is all there is */
    if (outcome == TRIAL_WENT_WELL && held->is_test &&
        !(held->has_software && held->needs_no_route))
        outcome = ask(prover);
    if (outcome == TRIAL_WENT_WELL && held->has_software)
        outcome = confirm(prover);
    return outcome;
}

/* Before the configuration goes, so that a restart in between knows what it was about. */
static void reject(struct prover *prover)
{
    const wire_TrialReport *report = &prover->report;

    if (prover->held.has_software && prover->options.updater &&
        updater_reject(prover->options.updater, &prover->held.software, report->reason,
                       report->retryable, &prover->cancel))
        prover->options.host.restart(prover->options.host.context);
}

static void settle(struct prover *prover, bool passed)
{
    struct settings *settings = prover->options.settings;
    const wire_TrialReport *report = &prover->report;
    enum status status = STATUS_OK;

    if (passed)
        status = settings_adopt(settings, report);
    if (!passed || (status != STATUS_OK && status != STATUS_STALE))
        reject(prover);
    if (!passed)
        settings_go_back(settings, report);
    if (passed && status == STATUS_OK)
        log_info("agent", "generation %llu went well and runs",
                 (unsigned long long)report->generation);
    else if (status != STATUS_STALE)
        log_warning("agent", "generation %llu does not run: step=%s class=%s %s",
                    (unsigned long long)report->generation, message_trial_step_name(report->step),
                    message_error_name(report->error_class),
                    passed ? status_text(status) : report->reason);
    if (status != STATUS_STALE)
        prover->options.host.on_settled(prover->options.host.context);
}

/* From here on whoever has news breaks the test off. False: it is time to stop. */
static bool enter(struct prover *prover)
{
    pthread_mutex_lock(&prover->lock);
    prover->testing = prover->held.generation;
    atomic_store(&prover->cancel, prover->is_stopping);
    const bool goes_on = !prover->is_stopping;
    pthread_mutex_unlock(&prover->lock);
    return goes_on;
}

static void leave(struct prover *prover)
{
    pthread_mutex_lock(&prover->lock);
    prover->testing = 0;
    pthread_mutex_unlock(&prover->lock);
}

static void try_once(struct prover *prover)
{
    struct trial *trial = &prover->trial;

    if (!trial_begin(trial, is_online(prover), clock_mono_ms()) || !enter(prover))
        return;
    const enum trial_outcome outcome = test(prover);
    leave(prover);
    if (atomic_load(&prover->cancel)) { /* something else is held, or the robot stops */
        settings_note_trial(prover->options.settings, &prover->report);
        return;
    }
    trial_end(trial, outcome, is_online(prover), clock_mono_ms(), crypto_random_u64());
    if (trial->state == TRIAL_WAITING)
        settings_note_trial(prover->options.settings, &prover->report);
    else
        settle(prover, trial->state == TRIAL_PASSED);
}

/* What the configuration in force names, and what a trial that is over left behind. True: again by
 * and by. */
static bool keep_software(struct prover *prover)
{
    const wire_ConfigSoftware before = prover->software;
    bool needs_restart = false;

    if (!prover->options.updater)
        return false;
    settings_software(prover->options.settings, &prover->software);
    if (memcmp(&before, &prover->software, sizeof before) != 0) {
        backoff_reset(&prover->bring_backoff);
        prover->bring_due_ms = 0;
        prover->is_settled = false;
    }
    if (prover->is_settled || clock_mono_ms() < prover->bring_due_ms)
        return !prover->is_settled;
    prover->held.generation = KEEPING;
    if (!enter(prover))
        return false;
    prover->is_settled =
        updater_keep(prover->options.updater, &prover->software, &prover->cancel, &needs_restart);
    leave(prover);
    prover->bring_due_ms =
        clock_mono_ms() + backoff_next(&prover->bring_backoff, crypto_random_u64());
    if (needs_restart)
        prover->options.host.restart(prover->options.host.context);
    return !prover->is_settled;
}

static void *run(void *context)
{
    struct prover *prover = context;
    bool is_busy;

    do {
        is_busy = follow(prover);
        if (is_busy) {
            prover->is_settled = false;
            try_once(prover);
        } else {
            is_busy = keep_software(prover);
        }
    } while (wait(prover, is_busy));
    crypto_wipe(&prover->held, sizeof prover->held);
    return NULL;
}

enum status prover_start(struct prover **out, const struct prover_options *options)
{
    struct prover *prover = calloc(1, sizeof *prover);
    pthread_condattr_t clock;

    if (!prover)
        return STATUS_MEMORY;
    prover->options = *options;
    backoff_init(&prover->bring_backoff, BRING_AGAIN_MS, BRING_MAX_MS, BRING_FLOOR_MS);
    pthread_mutex_init(&prover->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&prover->changed, &clock);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&prover->thread, NULL, run, prover) != 0) {
        pthread_cond_destroy(&prover->changed);
        pthread_mutex_destroy(&prover->lock);
        free(prover);
        return STATUS_MEMORY;
    }
    *out = prover;
    return STATUS_OK;
}

void prover_stop(struct prover *prover)
{
    if (!prover)
        return;
    pthread_mutex_lock(&prover->lock);
    prover->is_stopping = true;
    atomic_store(&prover->cancel, true);
    pthread_cond_signal(&prover->changed);
    pthread_mutex_unlock(&prover->lock);
    pthread_join(prover->thread, NULL);
}

void prover_free(struct prover *prover)
{
    if (!prover)
        return;
    pthread_cond_destroy(&prover->changed);
    pthread_mutex_destroy(&prover->lock);
    free(prover);
}

void prover_look(struct prover *prover, uint64_t generation)
{
    pthread_mutex_lock(&prover->lock);
    prover->has_news = true;
    if (prover->testing != 0 && prover->testing != generation)
        atomic_store(&prover->cancel, true);
    pthread_cond_signal(&prover->changed);
    pthread_mutex_unlock(&prover->lock);
}
