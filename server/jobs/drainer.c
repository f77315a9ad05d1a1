#include "server/jobs/drainer.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/timer.h"
#include "server/store/drains.h"

#define TICK_MS     500
#define ARENA_BYTES ((size_t)256 << 10)

struct drainer {
    struct store *store;
    struct arena *arena;
    enum status before; /* of the last tick; of the timer's thread */
    struct timer *timer;
};

static void run_job(void *context, bool woken)
{
    struct drainer *drainer = context;

    (void)woken;
    arena_reset(drainer->arena);
    enum status status = drains_tick(drainer->store, drainer->arena, clock_wall_ms());
    if (status != STATUS_OK && status != STATUS_UNREACHABLE && status != drainer->before)
        log_warning("drainer", "cannot see to drains: %s", status_text(status));
    drainer->before = status;
}

enum status drainer_start(struct drainer **out, struct store *store)
{
    struct drainer *drainer = calloc(1, sizeof *drainer);

    if (!drainer)
        return STATUS_MEMORY;
    drainer->store = store;
    enum status status = arena_create(&drainer->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = timer_start(&drainer->timer, TICK_MS, run_job, drainer);
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
    timer_stop(drainer->timer);
    arena_free(drainer->arena);
    free(drainer);
}
