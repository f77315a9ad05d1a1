#include "server/jobs/thresholds.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/enforce.h"
#include "server/jobs/timer.h"
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
    struct timer *timer;
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

static void run_job(void *context, bool woken)
{
    struct thresholds *job = context;

    if (woken)
        job->slow_due_ms = 0; /* terms that are new are judged at once, all of them */
    run_pass(job);
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct thresholds *job = context;

    (void)channel;
    (void)payload;
    timer_wake(job->timer);
}

enum status thresholds_start(struct thresholds **out, struct store *store)
{
    struct thresholds *job = calloc(1, sizeof *job);

    if (job == NULL)
        return STATUS_MEMORY;
    job->store = store;
    enum status status = arena_create(&job->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = terms_create(&job->terms);
    if (status == STATUS_OK)
        status = timer_start(&job->timer, TICK_MS, run_job, job);
    if (status == STATUS_OK)
        status = listener_start(&job->listener, store, channels, 1, on_notify, job);
    if (status == STATUS_OK)
        timer_wake(job->timer); /* for what was told before we listened */
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
    timer_stop(job->timer);
    terms_free(job->terms);
    arena_free(job->arena);
    free(job);
}
