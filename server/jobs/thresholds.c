#include "server/jobs/thresholds.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/enforce.h"
#include "server/store/listener.h"

#define TICK_MS     3000
#define ARENA_BYTES (64u << 20)
#define SLOW_MS     60000 /* active devices are counted as often as this: there are many */

static const char *const channels[] = {"myna_credit"}; /* told when a contract's version is added */

struct thresholds {
    struct store *store;
    struct terms *terms;
    struct arena *arena; /* of one pass */
    struct listener *listener;
    int64_t slow_due_ms; /* CLOCK_MONOTONIC */
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex, like the next */
    bool woken;
};

static enum status look(struct store_conn *conn, void *context)
{
    return survey_take(conn, context);
}

static void run_pass(struct thresholds *job)
{
    const int64_t now_ms = clock_mono_ms();
    struct survey survey = {.arena = job->arena,
                            .terms = job->terms,
                            .now_ms = clock_wall_ms(),
                            .is_slow = now_ms >= job->slow_due_ms};
    enum status status = store_transaction(job->store, look, &survey);

    for (const struct survey_verdict *verdict = survey.verdicts;
         status == STATUS_OK && verdict != NULL; verdict = verdict->next)
        enforce_verdict(job->store, job->arena, verdict);
    if (status == STATUS_OK && survey.is_slow)
        job->slow_due_ms = now_ms + SLOW_MS;
    if (status == STATUS_OK)
        status = thresholds_forget(job->store, job->arena, survey.sources, survey.source_count);
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("thresholds", "cannot judge thresholds: %s", status_text(status));
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct thresholds *job = context;

    (void)channel;
    (void)payload;
    pthread_mutex_lock(&job->mutex);
    job->woken = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->mutex);
}

/* False: it is time to stop. */
static bool rest(struct thresholds *job)
{
    const int64_t at_ns = clock_mono_ns() + TICK_MS * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&job->mutex);
    while (!job->stopping && !job->woken && error == 0)
        error = pthread_cond_timedwait(&job->changed, &job->mutex, &at);
    if (job->woken)
        job->slow_due_ms = 0; /* terms that are new are judged at once, all of them */
    job->woken = false;
    bool go_on = !job->stopping;
    pthread_mutex_unlock(&job->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct thresholds *job = argument;

    do {
        run_pass(job);
    } while (rest(job));
    return NULL;
}

static void init_lock(struct thresholds *job)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&job->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status thresholds_start(struct thresholds **out, struct store *store)
{
    struct thresholds *job = calloc(1, sizeof *job);

    if (job == NULL)
        return STATUS_MEMORY;
    init_lock(job);
    job->store = store;
    enum status status = arena_create(&job->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = terms_create(&job->terms);
    if (status == STATUS_OK)
        status = listener_start(&job->listener, store, channels, 1, on_notify, job);
    if (status == STATUS_OK) {
        job->thread_runs = pthread_create(&job->thread, NULL, run, job) == 0;
        status = job->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        thresholds_stop(job);
        return status;
    }
    *out = job;
    return STATUS_OK;
}

void thresholds_stop(struct thresholds *job)
{
    if (job == NULL)
        return;
    listener_stop(job->listener);
    pthread_mutex_lock(&job->mutex);
    job->stopping = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->mutex);
    if (job->thread_runs)
        pthread_join(job->thread, NULL);
    terms_free(job->terms);
    arena_free(job->arena);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->mutex);
    free(job);
}
