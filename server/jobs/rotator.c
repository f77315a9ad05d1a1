#include "server/jobs/rotator.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/timer.h"
#include "server/store/authorities.h"
#include "server/store/sealing_keys.h"

#define TICK_MS     1000
#define WATCH_MS    60000
#define ARENA_BYTES ((size_t)1 << 20)

struct rotator {
    struct store *store;
    uint8_t data_key[CRYPTO_KEY_SIZE];
    struct arena *arena;
    enum status before; /* of the last tick; of the timer's thread, as the next */
    int64_t watch_due_ms;
    struct timer *timer;
};

static void run_job(void *context, bool woken)
{
    struct rotator *rotator = context;

    (void)woken;
    arena_reset(rotator->arena);
    enum status status = sealing_keys_step(rotator->store, rotator->data_key, rotator->arena);
    if (status == STATUS_OK)
        status = sealing_keys_welcome(rotator->store, rotator->arena);
    if (status == STATUS_OK && clock_mono_ms() >= rotator->watch_due_ms) {
        rotator->watch_due_ms = clock_mono_ms() + WATCH_MS;
        arena_reset(rotator->arena);
        status = authorities_watch(rotator->store, rotator->arena);
    }
    if (status != STATUS_OK && status != STATUS_UNREACHABLE && status != rotator->before)
        log_warning("rotator", "the replacement of keys does not go on: %s", status_text(status));
    rotator->before = status;
}

enum status rotator_start(struct rotator **out, struct store *store,
                          const uint8_t data_key[CRYPTO_KEY_SIZE])
{
    struct rotator *rotator = calloc(1, sizeof *rotator);

    if (!rotator)
        return STATUS_MEMORY;
    rotator->store = store;
    memcpy(rotator->data_key, data_key, sizeof rotator->data_key);
    enum status status = arena_create(&rotator->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = timer_start(&rotator->timer, TICK_MS, run_job, rotator);
    if (status != STATUS_OK) {
        rotator_stop(rotator);
        return status;
    }
    *out = rotator;
    return STATUS_OK;
}

void rotator_stop(struct rotator *rotator)
{
    if (!rotator)
        return;
    timer_stop(rotator->timer);
    arena_free(rotator->arena);
    crypto_wipe(rotator, sizeof *rotator);
    free(rotator);
}
