/* throttle.h - slows down guessing: at most so many failures per key in a fixed window
 *
 * In memory, per instance, a bounded table: when it is full of live windows the oldest goes.
 * Thread- safe; the time is an argument.
 */
#ifndef SERVER_API_THROTTLE_H
#define SERVER_API_THROTTLE_H

#include "schema/base/span.h"

struct throttle;

MUST_CHECK enum status throttle_create(struct throttle **out, size_t max_keys,
                                       unsigned max_failures, int64_t window_ms);
void throttle_free(struct throttle *throttle);

/* 0: go on. Otherwise the milliseconds until the key's window ends. */
int64_t throttle_wait_ms(struct throttle *throttle, const char *key, int64_t now_ms);

void throttle_fail(struct throttle *throttle, const char *key, int64_t now_ms);

/* Forgets a key that has proved itself. */
void throttle_clear(struct throttle *throttle, const char *key);

#endif
