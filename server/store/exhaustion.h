/* exhaustion.h - the alert credit_exhausted: a cap or budget has nothing left, and robots refuse
 * their owners for want of it
 *
 * A threshold tells how far a limit is used; it does not tell that nobody can talk any more, for
 * the last of a limit is held by robots in pieces that are no use to them. That is so when a robot
 * says it of itself: it is online, its screen shows that the credit of all its routes is used up,
 * and it wants more of the pool than is free there. A robot's own budget is its own matter and told
 * by its state alone: a plan of so much a day would alert daily for each of them.
 */
#ifndef SERVER_STORE_EXHAUSTION_H
#define SERVER_STORE_EXHAUSTION_H

#include "server/store/store.h"

/* Raises what is new, renews what has changed (at most each minute) and clears what is over, one
 * alert for a contract or a budget. Any instance may. */
MUST_CHECK enum status exhaustion_watch(struct store *store, struct arena *arena);

#endif
