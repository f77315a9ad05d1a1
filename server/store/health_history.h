/* health_history.h - what robots measured of themselves over the last two days
 *
 * A sample each ten minutes of every robot that was heard meanwhile, in a ring of 288: at a hundred
 * thousand robots some three gigabytes, and no more.
 */
#ifndef SERVER_STORE_HEALTH_HISTORY_H
#define SERVER_STORE_HEALTH_HISTORY_H

#include "server/store/store.h"

/* Takes the samples of this ten minutes unless somebody has. For a chore. */
MUST_CHECK enum status health_history_sample(struct store *store);

/* The device's samples, oldest first, and what it last reported as the newest one. *json is in the
 * arena. STATUS_NOT_FOUND. */
MUST_CHECK enum status health_history_read(struct store *store, const char *device_id,
                                           struct arena *arena, struct span *json);

#endif
