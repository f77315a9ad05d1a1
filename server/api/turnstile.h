/* turnstile.h - lets so many in at a time, keeps a few waiting, and turns the rest away at once
 *
 * For work that is slow on purpose and that strangers may ask for: it must not take all the workers
 * that everybody else needs. Thread-safe.
 */
#ifndef SERVER_API_TURNSTILE_H
#define SERVER_API_TURNSTILE_H

#include <stdbool.h>

#include "schema/base/status.h"

struct turnstile;

MUST_CHECK enum status turnstile_create(struct turnstile **out, unsigned inside, unsigned waiting);
/* Nobody is inside. NULL is allowed. */
void turnstile_free(struct turnstile *turnstile);

/* Waits for its turn; false: too many wait already. After true, turnstile_leave(). */
MUST_CHECK bool turnstile_enter(struct turnstile *turnstile);
void turnstile_leave(struct turnstile *turnstile);

#endif
