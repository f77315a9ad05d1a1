/* thresholds.h - judges every threshold of contracts and budgets every few seconds, and acts
 *
 * Any number of instances may: whoever moves a threshold's row first acts, in the same transaction
 * that raises the alert, holds the robots to the actions and writes the audit. A shadow threshold
 * alerts only, and says what it would have done.
 */
#ifndef SERVER_JOBS_THRESHOLDS_H
#define SERVER_JOBS_THRESHOLDS_H

#include "server/store/store.h"

struct thresholds;

/* store outlives it. The caller owns *out. */
MUST_CHECK enum status thresholds_start(struct thresholds **out, struct store *store);
/* NULL is allowed. */
void thresholds_stop(struct thresholds *thresholds);

#endif
