#include "server/jobs/rollouts.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/rollout_look.h"
#include "server/jobs/timer.h"
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
    struct timer *timer;
};

static void look_at(struct rollouts *job, const char *rollout_id)
{
    bool moved = true;

    for (int i = 0; moved && i < STEPS_LIMIT; i++) {
        const struct rollout_look look = {.rollout_id = rollout_id,
                                          .now_ms = clock_wall_ms(),
                                          .approval_devices = job->options.approval_devices,
                                          .approval_cost = job->options.approval_cost};

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

static void run_job(void *context, bool woken)
{
    (void)woken;
    run_pass(context);
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct rollouts *job = context;

    (void)channel;
    (void)payload;
    timer_wake(job->timer);
}

enum status rollouts_start(struct rollouts **out, struct store *store,
                           const struct rollouts_options *options)
{
    struct rollouts *job = calloc(1, sizeof *job);

    if (job == NULL)
        return STATUS_MEMORY;
    job->store = store;
    job->options = *options;
    enum status status = arena_create(&job->list, LIST_BYTES);
    if (status == STATUS_OK)
        status = arena_create(&job->arena, LOOK_BYTES);
    if (status == STATUS_OK)
        status = timer_start(&job->timer, TICK_MS, run_job, job);
    if (status == STATUS_OK)
        status = listener_start(&job->listener, store, channels, 1, on_notify, job);
    if (status == STATUS_OK)
        timer_wake(job->timer); /* for what was told before we listened */
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
    timer_stop(job->timer);
    arena_free(job->arena);
    arena_free(job->list);
    free(job);
}
