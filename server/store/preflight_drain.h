/* preflight_drain.h - whether the places where a drained vendor's robots land carry them
 *
 * The arithmetic of preflight.h for what drains.h is about to do: robots go to the next usable
 * route of their own lists, which may differ. As if it lasted: a month's cap is filled as far as a
 * month of it would. Changes nothing.
 */
#ifndef SERVER_STORE_PREFLIGHT_DRAIN_H
#define SERVER_STORE_PREFLIGHT_DRAIN_H

#include "server/store/preflight.h"

/* {"as_of", "vendor", "fits", "robots", "kept", ...}: openapi.yaml's DrainRoom. out->refusal: what
 * does not carry them, the first of it; NULL: all does. It reads a month of hourly sums, a day at a
 * time. STATUS_NOT_FOUND: no such vendor. */
MUST_CHECK enum status preflight_drain(struct store *store, const char *vendor_id, int64_t now_ms,
                                       struct arena *arena, struct preflight *out);

#endif
