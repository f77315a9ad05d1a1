#include "server/jobs/porter.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/timer.h"
#include "server/store/job_step.h"

#define TICK_MS     500
#define WORK_MS     800 /* then dashboards are told, and the database has a moment for others */
#define JOBS        32
#define TURN        20 /* robots of one job before the next one's */
#define ARENA_BYTES ((size_t)256 << 10)

struct porter {
    struct store *store;
    struct arena *arena;
    int64_t alone;
    struct job_step steps[JOBS]; /* of the timer's thread, as what follows */
    size_t count;
    enum status before; /* of the last run */
    atomic_bool is_over;
    struct timer *timer;
};

/* *done: nobody waits behind where this instance is. */
static enum status carry(struct porter *porter, struct job_step *step, int64_t until_ms, bool *done)
{
    enum status status = STATUS_OK;

    *done = false;
    for (int i = 0; i < TURN && !*done && status == STATUS_OK; i++) {
        if (atomic_load(&porter->is_over) || clock_mono_ms() >= until_ms)
            return STATUS_OK;
        arena_reset(porter->arena);
        status = job_step_take(porter->store, step, porter->arena);
        *done = status == STATUS_OK && !step->moved;
    }
    return status;
}

/* Where this instance is in a job stays from one run to the next: what is behind is not looked
 * through again. */
static enum status read_jobs(struct porter *porter)
{
    struct job_step before[JOBS];
    const size_t known = porter->count;
    int64_t ids[JOBS];
    size_t count = 0;
    enum status status = job_step_running(porter->store, ids, JOBS, &count);

    if (status != STATUS_OK)
        return status;
    memcpy(before, porter->steps, sizeof before);
    for (size_t i = 0; i < count; i++) {
        porter->steps[i] = (struct job_step){.job_id = ids[i], .alone = porter->alone};
        for (size_t k = 0; k < known; k++)
            if (before[k].job_id == ids[i])
                porter->steps[i] = before[k];
    }
    porter->count = count;
    return STATUS_OK;
}

static enum status run(struct porter *porter)
{
    const int64_t until_ms = clock_mono_ms() + WORK_MS;
    bool done[JOBS] = {false};
    enum status status = read_jobs(porter);
    size_t left = status == STATUS_OK ? porter->count : 0;

    while (left > 0 && status == STATUS_OK && clock_mono_ms() < until_ms &&
           !atomic_load(&porter->is_over)) {
        for (size_t i = 0; i < porter->count && status == STATUS_OK; i++) {
            if (done[i])
                continue;
            status = carry(porter, &porter->steps[i], until_ms, &done[i]);
            left -= done[i];
        }
    }
    for (size_t i = 0; i < porter->count && status == STATUS_OK; i++)
        status = job_step_settle(porter->store, porter->steps[i].job_id);
    return status;
}

static void run_job(void *context, bool woken)
{
    struct porter *porter = context;
    enum status status = run(porter);

    (void)woken;
    if (status != STATUS_OK && status != STATUS_UNREACHABLE && status != porter->before)
        log_warning("porter", "cannot go on with bulk jobs: %s", status_text(status));
    porter->before = status;
}

enum status porter_start(struct porter **out, struct store *store, int64_t alone)
{
    struct porter *porter = calloc(1, sizeof *porter);

    if (!porter)
        return STATUS_MEMORY;
    porter->store = store;
    porter->alone = alone;
    enum status status = arena_create(&porter->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = timer_start(&porter->timer, TICK_MS, run_job, porter);
    if (status != STATUS_OK) {
        porter_stop(porter);
        return status;
    }
    *out = porter;
    return STATUS_OK;
}

void porter_stop(struct porter *porter)
{
    if (!porter)
        return;
    atomic_store(&porter->is_over, true);
    timer_stop(porter->timer);
    arena_free(porter->arena);
    free(porter);
}
