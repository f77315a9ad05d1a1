#include "server/jobs/timer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"

struct timer {
    int64_t tick_ms;
    timer_job *job;
    void *context;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex, like the next */
    bool woken;
};

/* False: it is time to stop. */
static bool rest(struct timer *timer, bool *woken)
{
    const int64_t at_ns = clock_mono_ns() + timer->tick_ms * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&timer->mutex);
    while (!timer->stopping && !timer->woken && error == 0)
        error = pthread_cond_timedwait(&timer->changed, &timer->mutex, &at);
    *woken = timer->woken;
    timer->woken = false;
    const bool go_on = !timer->stopping;
    pthread_mutex_unlock(&timer->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct timer *timer = argument;
    bool woken = false;

    do {
        timer->job(timer->context, woken);
    } while (rest(timer, &woken));
    return NULL;
}

static void init_lock(struct timer *timer)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&timer->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&timer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status timer_start(struct timer **out, int64_t tick_ms, timer_job *job, void *context)
{
    struct timer *timer = calloc(1, sizeof *timer);

    if (timer == NULL)
        return STATUS_MEMORY;
    init_lock(timer);
    timer->tick_ms = tick_ms;
    timer->job = job;
    timer->context = context;
    timer->thread_runs = pthread_create(&timer->thread, NULL, run, timer) == 0;
    if (!timer->thread_runs) {
        timer_stop(timer);
        return STATUS_MEMORY;
    }
    *out = timer;
    return STATUS_OK;
}

static void tell(struct timer *timer, bool *what)
{
    pthread_mutex_lock(&timer->mutex);
    *what = true;
    pthread_cond_signal(&timer->changed);
    pthread_mutex_unlock(&timer->mutex);
}

void timer_wake(struct timer *timer)
{
    tell(timer, &timer->woken);
}

void timer_stop(struct timer *timer)
{
    if (timer == NULL)
        return;
    tell(timer, &timer->stopping);
    if (timer->thread_runs)
        pthread_join(timer->thread, NULL);
    pthread_cond_destroy(&timer->changed);
    pthread_mutex_destroy(&timer->mutex);
    free(timer);
}
