/* open_months.h - the months of a contract's bill that are not locked yet, and what changed since
 * others were */
#ifndef SERVER_STORE_OPEN_MONTHS_H
#define SERVER_STORE_OPEN_MONTHS_H

#include "server/store/store.h"

/* {"open": [{"month", "state", "locks_from", "total"}], "changed", "currency", "as_of"}, oldest
 * first, for the transaction on conn. They begin after the newest locked month, without one with
 * the first that is billed, and end with the one that goes on; of a contract that is over with the
 * last that is billed. state: "running", "grace" (late usage still counts), "ready" (may be locked
 * now) or "waiting" (for an earlier one). changed: what the locked months' bill now says beyond all
 * statements; null while none is locked. STATUS_NOT_FOUND: no such contract. */
MUST_CHECK enum status open_months_read(struct store_conn *conn, const char *contract_id,
                                        int64_t now_ms, struct arena *arena, struct span *json);

#endif
