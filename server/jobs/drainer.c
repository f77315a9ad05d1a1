#include "server/jobs/drainer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/store/drains.h"

#define TICK_MS     500
#define ARENA_BYTES ((size_t)256 << 10)

struct drainer {
    struct store *store;
    struct arena *arena;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex */
};

/* False: it is time to stop. */
static bool rest(struct drainer *drainer)
{
    const int64_t at_ns = clock_mono_ns() + TICK_MS * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&drainer->mutex);
    while (!drainer->stopping && error == 0)
        error = pthread_cond_timedwait(&drainer->changed, &drainer->mutex, &at);
    bool go_on = !drainer->stopping;
    pthread_mutex_unlock(&drainer->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct drainer *drainer = argument;
    enum status before = STATUS_OK;

    do {
        arena_reset(drainer->arena);
        enum status status = drains_tick(drainer->store, drainer->arena, clock_wall_ms());
        if (status != STATUS_OK && status != STATUS_UNREACHABLE && status != before)
            log_warning("drainer", "cannot see to drains: %s", status_text(status));
        before = status;
    } while (rest(drainer));
    return NULL;
}

static void init_lock(struct drainer *drainer)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&drainer->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&drainer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status drainer_start(struct drainer **out, struct store *store)
{
    struct drainer *drainer = calloc(1, sizeof *drainer);

    if (!drainer)
        return STATUS_MEMORY;
    init_lock(drainer);
    drainer->store = store;
    enum status status = arena_create(&drainer->arena, ARENA_BYTES);
    if (status == STATUS_OK) {
        drainer->thread_runs = pthread_create(&drainer->thread, NULL, run, drainer) == 0;
        status = drainer->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        drainer_stop(drainer);
        return status;
    }
    *out = drainer;
    return STATUS_OK;
}

void drainer_stop(struct drainer *drainer)
{
    if (!drainer)
        return;
    pthread_mutex_lock(&drainer->mutex);
    drainer->stopping = true;
    pthread_cond_signal(&drainer->changed);
    pthread_mutex_unlock(&drainer->mutex);
    if (drainer->thread_runs)
        pthread_join(drainer->thread, NULL);
    arena_free(drainer->arena);
    pthread_cond_destroy(&drainer->changed);
    pthread_mutex_destroy(&drainer->mutex);
    free(drainer);
}
