/* throttle.h - slows down guessing: so many tries per key in a fixed window, then none until its
 * end, or one at a time
 *
 * In memory, per instance, a bounded table: when it is full of live windows the one with the fewest
 * tries goes, of those the oldest, so that made-up keys cannot push out one that is being guessed
 * at. Thread-safe; the time is an argument.
 */
#ifndef SERVER_API_THROTTLE_H
#define SERVER_API_THROTTLE_H

#include "schema/base/span.h"

struct throttle;

/* Plain data. */
struct throttle_limits {
    size_t max_keys;
    unsigned tries;
    int64_t window_ms;
    int64_t pace_ms; /* beyond the tries one may be made so long after the last; 0: none */
};

MUST_CHECK enum status throttle_create(struct throttle **out, const struct throttle_limits *limits);
/* NULL is allowed. */
void throttle_free(struct throttle *throttle);

/* 0: go on. Otherwise the milliseconds until then. */
int64_t throttle_wait_ms(struct throttle *throttle, const char *key, int64_t now_ms);

/* Likewise, and a try that may go on is counted at once: of many at the same moment no more pass
 * than one after another. */
int64_t throttle_try(struct throttle *throttle, const char *key, int64_t now_ms);

void throttle_fail(struct throttle *throttle, const char *key, int64_t now_ms);

/* One counted try was none. */
void throttle_forgive(struct throttle *throttle, const char *key);

/* Forgets a key that has proved itself. */
void throttle_clear(struct throttle *throttle, const char *key);

/* Whether the tries of its window are used up. */
bool throttle_is_used_up(struct throttle *throttle, const char *key, int64_t now_ms);

#endif
