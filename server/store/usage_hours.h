/* usage_hours.h - hourly sums per device: myna.usage_hour, made from usage and its corrections
 *
 * Rows are taken by their stamp, in the transaction that moves the cursor past them: each counts
 * once, whatever crashes. A stamp is only passed when no transaction that could still write it is
 * under way. Any number of servers may do this at once. Besides those of store.h.
 */
#ifndef SERVER_STORE_USAGE_HOURS_H
#define SERVER_STORE_USAGE_HOURS_H

#include "server/store/store.h"

/* Takes in what was committed since the last time, a bounded part of it in each transaction, until
 * none is left. */
MUST_CHECK enum status usage_hours_roll_up(struct store *store);

/* To be called at start, before anything is booked: in a database that was moved to another cluster
 * stamps go on above those it holds. */
MUST_CHECK enum status usage_hours_adopt(struct store *store);

#endif
