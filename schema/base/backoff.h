/* backoff.h - when to try again, as data
 *
 * Exponential with full jitter: the n-th delay is uniform in [0, min(max, first * 2^n)], after
 * "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), but never under floor_ms.
 * Fields are plain data; no clock inside.
 */
#ifndef SCHEMA_BASE_BACKOFF_H
#define SCHEMA_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms;
    int64_t max_ms;
    int64_t floor_ms;
    unsigned attempts; /* since the last reset */
};

void backoff_init(struct backoff *backoff, int64_t first_ms, int64_t max_ms, int64_t floor_ms);
void backoff_reset(struct backoff *backoff);

/* Counts one failure and returns the delay before the next try. random is any uniform 64 bits. */
int64_t backoff_next(struct backoff *backoff, uint64_t random);

#endif
