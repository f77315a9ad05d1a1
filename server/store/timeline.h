/* timeline.h - everything that happened to one device, newest first: what people changed about it
 * and asked of it, its alerts, its rollouts, its newest configuration, when it went
 */
#ifndef SERVER_STORE_TIMELINE_H
#define SERVER_STORE_TIMELINE_H

#include "server/store/store.h"

/* after: the "next" of the page before; NULL: from now back. STATUS_INVALID: it is none.
 * STATUS_NOT_FOUND: no such device. *json, a page, is in the arena. */
MUST_CHECK enum status timeline_read(struct store *store, const char *device_id, const char *after,
                                     int64_t limit, struct arena *arena, struct span *json);

#endif
