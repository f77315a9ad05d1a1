#include "agent/ear/transcriber.h"

#include <stdlib.h>

#include "agent/chat/circuit.h"
#include "agent/ear/transcript.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"

/* In all of a question: a grant takes some 50 ms when the server answers at all. */
#define CREDIT_WAIT_MS 700
#define CREDIT_STEP_MS 10

struct transcriber {
    struct transcriber_options options;
    struct http *http;
    pthread_t thread;
    atomic_bool cancel;
    struct circuit_set circuits;          /* the thread's own, like the next two */
    struct transcriber_settings settings; /* of the question under way */
    struct transcript_result result;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool is_stopping;
    bool is_waiting; /* a question, for the thread */
    bool is_busy;
    uint64_t client;
};

/* One question. */
struct job {
    uint64_t client;
    uint8_t uuid[16];
    uint32_t attempts;
    bool limited; /* a route was left out for want of credit */
    bool is_answered;
};

static bool is_cancelled(const struct transcriber *transcriber)
{
    return atomic_load(&transcriber->cancel);
}

static void tell_used(const struct transcriber *transcriber)
{
    const struct transcriber_host *host = &transcriber->options.host;

    if (host->on_used)
        host->on_used(host->context);
}

/* The server was just told that the route lacks credit. True when it came. */
static bool wait_for_credit(const struct transcriber *transcriber, const wire_Route *route)
{
    const struct transcriber_host *host = &transcriber->options.host;
    const int64_t until_ms = clock_mono_ms() + CREDIT_WAIT_MS;
    enum credit_outlook outlook = journal_outlook(transcriber->options.journal, route->line_id);

    while (outlook == CREDIT_AWAITED && clock_mono_ms() < until_ms && !is_cancelled(transcriber) &&
           host->is_online && host->is_online(host->context)) {
        clock_sleep_ms(CREDIT_STEP_MS);
        outlook = journal_outlook(transcriber->options.journal, route->line_id);
    }
    return outlook == CREDIT_GRANTED;
}

static enum status attempt(struct transcriber *transcriber, struct job *job,
                           const wire_Route *route)
{
    const char *language = transcriber->settings.language;
    const struct transcript_request request = {
        .route = route,
        .recording = transcriber->options.recording,
        .language = strcmp(language, "auto") == 0 ? "" : language,
        .turn = job->uuid,
        .number = job->attempts + 1,
        .generation = transcriber->settings.generation,
        .cancel = &transcriber->cancel,
    };
    enum status status = transcript_run(transcriber->http, transcriber->options.journal, &request,
                                        &transcriber->result);

    job->attempts += status == STATUS_OK;
    return status;
}

/* Whether the question is settled. */
static bool try_route(struct transcriber *transcriber, struct job *job, size_t index)
{
    const wire_Route *route = &transcriber->settings.routes[index];
    const struct transcript_result *result = &transcriber->result;
    enum status status = attempt(transcriber, job, route);

    tell_used(transcriber);
    if (status == STATUS_DENIED && wait_for_credit(transcriber, route)) {
        status = attempt(transcriber, job, route);
        tell_used(transcriber);
    }
    if (status != STATUS_OK) {
        log_warning("ear", "cannot use route \"%s\": %s", route->vendor, status_text(status));
        job->limited |= status == STATUS_DENIED || status == STATUS_FULL || status == STATUS_IO;
        return false;
    }
    if (result->problem[0])
        log_warning("ear", "vendor \"%s\" heard nothing: %s", route->vendor, result->problem);
    circuit_set_note(&transcriber->circuits, index, result->record.error_class, -1, clock_mono_ms(),
                     crypto_random_u64());
    job->is_answered = result->record.outcome == wire_Outcome_ANSWERED && !result->problem[0];
    return job->is_answered;
}

static void try_routes(struct transcriber *transcriber, struct job *job)
{
    const size_t count = transcriber->settings.route_count;
    struct circuit_set *circuits = &transcriber->circuits;

    circuit_set_begin(circuits, transcriber->settings.generation, count);
    size_t index = circuit_set_next(circuits, 0, clock_mono_ms());
    if (index == count && count > 0) /* all are left out: one is asked all the same */
        index = circuit_set_soonest(circuits);
    while (index < count && !is_cancelled(transcriber) && !try_route(transcriber, job, index))
        index = circuit_set_next(circuits, index + 1, clock_mono_ms());
}

static const char *problem_of(const struct transcriber *transcriber, const struct job *job)
{
    if (is_cancelled(transcriber))
        return "the question was dropped";
    if (job->is_answered)
        return NULL;
    if (transcriber->settings.route_count == 0)
        return "no vendor is configured for transcription";
    if (!transcriber->settings.may_ask)
        return "no vendor may be asked now";
    return job->limited ? "the allowance is used up" : "no vendor could hear the question";
}

static void carry_out(struct transcriber *transcriber, struct job *job)
{
    const struct transcriber_host *host = &transcriber->options.host;
    struct transcriber_settings *settings = &transcriber->settings;

    host->settings(host->context, settings);
    crypto_uuid(job->uuid);
    transcriber->result = (struct transcript_result){.text = ""};
    if (settings->may_ask)
        try_routes(transcriber, job);
    attempts_continue(transcriber->options.attempts, job->uuid, job->attempts);
    const struct transcriber_heard heard = {.client = job->client,
                                            .uuid = job->uuid,
                                            .text = transcriber->result.text,
                                            .problem = problem_of(transcriber, job)};
    host->on_heard(host->context, &heard);
    crypto_wipe(&transcriber->result, sizeof transcriber->result);
    crypto_wipe(settings, sizeof *settings);
}

static void *run(void *context)
{
    struct transcriber *transcriber = context;

    pthread_mutex_lock(&transcriber->lock);
    for (;;) {
        while (!transcriber->is_waiting && !transcriber->is_stopping)
            pthread_cond_wait(&transcriber->changed, &transcriber->lock);
        if (transcriber->is_stopping)
            break;
        struct job job = {.client = transcriber->client};
        transcriber->is_waiting = false;
        pthread_mutex_unlock(&transcriber->lock);
        carry_out(transcriber, &job);
        pthread_mutex_lock(&transcriber->lock);
        transcriber->is_busy = transcriber->is_waiting;
        pthread_cond_broadcast(&transcriber->changed);
    }
    pthread_mutex_unlock(&transcriber->lock);
    return NULL;
}

void transcriber_cancel(struct transcriber *transcriber)
{
    pthread_mutex_lock(&transcriber->lock);
    atomic_store(&transcriber->cancel, true);
    http_wake(transcriber->http);
    while (transcriber->is_busy)
        pthread_cond_wait(&transcriber->changed, &transcriber->lock);
    pthread_mutex_unlock(&transcriber->lock);
}

void transcriber_begin(struct transcriber *transcriber, uint64_t client)
{
    pthread_mutex_lock(&transcriber->lock);
    atomic_store(&transcriber->cancel, false);
    transcriber->client = client;
    transcriber->is_waiting = transcriber->is_busy = true;
    pthread_cond_broadcast(&transcriber->changed);
    pthread_mutex_unlock(&transcriber->lock);
}

void transcriber_wake(struct transcriber *transcriber)
{
    http_wake(transcriber->http);
}

enum status transcriber_start(struct transcriber **out, const struct transcriber_options *options)
{
    struct transcriber *transcriber = calloc(1, sizeof *transcriber);

    if (!transcriber)
        return STATUS_MEMORY;
    transcriber->options = *options;
    enum status status = http_create(&transcriber->http);
    if (status != STATUS_OK) {
        free(transcriber);
        return status;
    }
    pthread_mutex_init(&transcriber->lock, NULL);
    pthread_cond_init(&transcriber->changed, NULL);
    if (pthread_create(&transcriber->thread, NULL, run, transcriber) != 0) {
        http_free(transcriber->http);
        pthread_cond_destroy(&transcriber->changed);
        pthread_mutex_destroy(&transcriber->lock);
        free(transcriber);
        return STATUS_MEMORY;
    }
    *out = transcriber;
    return STATUS_OK;
}

void transcriber_free(struct transcriber *transcriber)
{
    if (!transcriber)
        return;
    transcriber_cancel(transcriber);
    pthread_mutex_lock(&transcriber->lock);
    transcriber->is_stopping = true;
    pthread_cond_broadcast(&transcriber->changed);
    pthread_mutex_unlock(&transcriber->lock);
    pthread_join(transcriber->thread, NULL);
    http_free(transcriber->http);
    pthread_cond_destroy(&transcriber->changed);
    pthread_mutex_destroy(&transcriber->lock);
    free(transcriber);
}
