#include "server/jobs/rollouts.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/rollout_look.h"
#include "server/store/listener.h"
#include "server/store/rollout_steps.h"

#define TICK_MS     500
#define DUE_LIMIT   32
#define STEPS_LIMIT 64 /* of one rollout before the others have their turn */
#define LIST_BYTES  ((size_t)64 << 10)
#define LOOK_BYTES  ((size_t)64 << 20)

static const char *const channels[] = {"myna_rollouts"};

struct rollouts {
    struct store *store;
    struct rollouts_options options;
    struct arena *list;
    struct arena *arena; /* of one look */
    struct listener *listener;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex, like the next */
    bool woken;
};

static void look_at(struct rollouts *job, const char *rollout_id)
{
    bool moved = true;

    for (int i = 0; moved && i < STEPS_LIMIT; i++) {
        const struct rollout_look look = {.rollout_id = rollout_id,
                                          .now_ms = clock_wall_ms(),
                                          .approval_devices = job->options.approval_devices};

        arena_reset(job->arena);
        enum status status = rollout_look(job->store, job->arena, &look, &moved);
        if (status != STATUS_OK && status != STATUS_UNREACHABLE)
            log_warning("rollouts", "cannot drive rollout \"%s\": %s", rollout_id,
                        status_text(status));
    }
}

static void run_pass(struct rollouts *job)
{
    const char *ids[DUE_LIMIT];
    size_t count = 0;

    arena_reset(job->list);
    enum status status =
        rollout_steps_due(job->store, clock_wall_ms(), job->list, ids, DUE_LIMIT, &count);
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("rollouts", "cannot read what is due: %s", status_text(status));
    for (size_t i = 0; i < count; i++)
        look_at(job, ids[i]);
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct rollouts *job = context;

    (void)channel;
    (void)payload;
    pthread_mutex_lock(&job->mutex);
    job->woken = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->mutex);
}

/* False: it is time to stop. */
static bool rest(struct rollouts *job)
{
    const int64_t at_ns = clock_mono_ns() + TICK_MS * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&job->mutex);
    while (!job->stopping && !job->woken && error == 0)
        error = pthread_cond_timedwait(&job->changed, &job->mutex, &at);
    job->woken = false;
    bool go_on = !job->stopping;
    pthread_mutex_unlock(&job->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct rollouts *job = argument;

    do {
        run_pass(job);
    } while (rest(job));
    return NULL;
}

static void init_lock(struct rollouts *job)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&job->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status rollouts_start(struct rollouts **out, struct store *store,
                           const struct rollouts_options *options)
{
    struct rollouts *job = calloc(1, sizeof *job);

    if (job == NULL)
        return STATUS_MEMORY;
    init_lock(job);
    job->store = store;
    job->options = *options;
    enum status status = arena_create(&job->list, LIST_BYTES);
    if (status == STATUS_OK)
        status = arena_create(&job->arena, LOOK_BYTES);
    if (status == STATUS_OK)
        status = listener_start(&job->listener, store, channels, 1, on_notify, job);
    if (status == STATUS_OK) {
        job->thread_runs = pthread_create(&job->thread, NULL, run, job) == 0;
        status = job->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        rollouts_stop(job);
        return status;
    }
    *out = job;
    return STATUS_OK;
}

void rollouts_stop(struct rollouts *job)
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
    arena_free(job->arena);
    arena_free(job->list);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->mutex);
    free(job);
}
