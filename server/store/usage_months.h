/* usage_months.h - the monthly partitions of myna.usage
 *
 * Any number of servers may do this at once. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_USAGE_MONTHS_H
#define SERVER_STORE_USAGE_MONTHS_H

#include "server/store/store.h"

/* Makes the partitions of this month and the next two where they are missing. Moves nothing: a
 * month of which the default partition holds rows already is left there. */
MUST_CHECK enum status usage_months_make(struct store *store);

/* Drops the partitions that ended months ago, when all they hold is rolled up and the months they
 * reach into are closed for every contract in them; each is audited. *dropped: how many. months: 0
 * drops none. */
MUST_CHECK enum status usage_months_drop(struct store *store, int64_t months, int64_t *dropped);

#endif
