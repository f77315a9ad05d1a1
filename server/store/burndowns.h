/* burndowns.h - how a contract's caps and commitments are used up, as the server has counted it */
#ifndef SERVER_STORE_BURNDOWNS_H
#define SERVER_STORE_BURNDOWNS_H

#include "server/store/store.h"

/* The lines of money/burndown for the terms in force (of a contract that is over, the last; of one
 * to come, the first), the worst first, as BurnDown in openapi.yaml. STATUS_NOT_FOUND: no such
 * contract; STATUS_FULL: a number does not fit. */
MUST_CHECK enum status burndowns_get(struct store *store, const char *contract_id, int64_t now_ms,
                                     struct arena *arena, struct span *json);

/* Which line's robots are asked for. Plain data, borrowed. */
struct burndowns_day {
    const char *contract_id;
    const char *kind; /* "commitment", "cap" */
    const char *name;
    int64_t day; /* below 0: the busiest of its period so far, of several the first */
    int64_t now_ms;
    const char *after; /* as the page before named the next; NULL: from the start */
    int64_t limit;
};

/* The robots that such a line counted on that day, a page by their ids, as ActiveDevices in
 * openapi.yaml. STATUS_NOT_FOUND: no such contract; STATUS_INVALID: it has no such line, or one
 * that counts no active devices. */
MUST_CHECK enum status burndowns_devices(struct store *store, const struct burndowns_day *asked,
                                         struct arena *arena, struct span *json);

/* All lines of every contract of a vendor, a list under that name of an object that is being
 * written; within a transaction. */
struct json_writer;
MUST_CHECK enum status burndowns_write_vendor(struct store_conn *conn, const char *vendor_id,
                                              int64_t now_ms, struct json_writer *writer);

#endif
