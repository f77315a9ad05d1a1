/* vendor_health.h - how vendors answer: attempts by hour and error class, and the robots that leave
 * one out for now */
#ifndef SERVER_STORE_VENDOR_HEALTH_H
#define SERVER_STORE_VENDOR_HEALTH_H

#include "server/store/store.h"

/* Adds the records of these stamps to myna.vendor_hour; in the transaction that moves the cursor of
 * the hourly sums on. */
MUST_CHECK enum status vendor_health_add(struct store_conn *conn, int64_t from, int64_t until);

/* {"as_of","vendor","hours":[{"at","attempts","failed","classes":{"rate":n...},"first_token_ms"}...],
 * "heard","left_out":{"robots","first":[ids],"classes":{"net":n...},"circuits":[...]}}, oldest
 * first, of the last hours; heard: robots that were heard within ten minutes, of which left_out
 * have opened their circuit to this vendor; circuits: by route, of those in first that tell so
 * much. STATUS_NOT_FOUND. */
MUST_CHECK enum status vendor_health_read(struct store *store, const char *vendor_id, int64_t hours,
                                          struct arena *arena, struct span *json);

/* The same of every vendor over the last hour, in short: {"items":[{"id","attempts","failed",
 * "first_token_ms","left_out"}...],"next":null}. */
MUST_CHECK enum status vendor_health_list(struct store *store, struct arena *arena,
                                          struct span *json);

#endif
