#include "schema/base/backoff.h"

#include <assert.h>
#include <limits.h>

void backoff_init(struct backoff *backoff, int64_t first_ms, int64_t max_ms, int64_t floor_ms)
{
    assert(first_ms > 0 && max_ms >= first_ms && floor_ms >= 0);
    *backoff = (struct backoff){.first_ms = first_ms, .max_ms = max_ms, .floor_ms = floor_ms};
}

void backoff_reset(struct backoff *backoff)
{
    backoff->attempts = 0;
}

static int64_t ceiling_ms(const struct backoff *backoff)
{
    int64_t ceiling = backoff->first_ms;

    for (unsigned i = 0; i < backoff->attempts && ceiling < backoff->max_ms; i++)
        ceiling = ceiling > backoff->max_ms / 2 ? backoff->max_ms : ceiling * 2;
    return ceiling < backoff->max_ms ? ceiling : backoff->max_ms;
}

int64_t backoff_next(struct backoff *backoff, uint64_t random)
{
    int64_t delay = (int64_t)(random % ((uint64_t)ceiling_ms(backoff) + 1));

    if (backoff->attempts < UINT_MAX)
        backoff->attempts++;
    return delay > backoff->floor_ms ? delay : backoff->floor_ms;
}
