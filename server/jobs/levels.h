/* levels.h - keeps pools in step with caps and budgets, and credit with whoever needs it
 *
 * Each second, and at NOTIFY myna_credit: a database that was restored or failed over begins a new
 * epoch (store/installation.h); pools begin, end and move their limits (store/pools.h);
 * where a cap was lowered below what is out, or robots starve while others let theirs lie, credit
 * is asked back (fleet/grant.h) by states that go out at once; where a limit was raised or a period
 * began, robots that want credit are granted it without having to ask again; where they ask in
 * vain, an alert says so (store/exhaustion.h). One thread; several instances may run.
 */
#ifndef SERVER_JOBS_LEVELS_H
#define SERVER_JOBS_LEVELS_H

#include "server/bus/bus.h"
#include "server/store/store.h"

struct levels;

/* store and bus outlive it. The caller owns *out. */
MUST_CHECK enum status levels_start(struct levels **out, struct store *store, struct bus *bus);
/* NULL is allowed. */
void levels_stop(struct levels *levels);

#endif
