/* pool_holders.h - which robots hold the credit that is out of a pool */
#ifndef SERVER_STORE_POOL_HOLDERS_H
#define SERVER_STORE_POOL_HOLDERS_H

#include "server/store/store.h"

/* {"as_of", "pool", "robots", "items", "next"}: those who hold most first, each with its lines;
 * what all of them hold is the pool's outstanding. after: NULL or the next of the page before.
 * STATUS_NOT_FOUND: no such pool; STATUS_INVALID: after is no next. */
MUST_CHECK enum status pool_holders_list(struct store *store, int64_t pool_id, const char *after,
                                         int64_t limit, struct arena *arena, struct span *json);

#endif
