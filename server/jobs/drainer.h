/* drainer.h - begins and ends drains when their time comes, and follows who has moved: one thread
 * in every server, any of which may take any step (store/drains.h)
 *
 * Looks twice a second: how long robots took to move is told to that.
 */
#ifndef SERVER_JOBS_DRAINER_H
#define SERVER_JOBS_DRAINER_H

#include "server/store/store.h"

struct drainer;

/* store outlives it. The caller owns *out. */
MUST_CHECK enum status drainer_start(struct drainer **out, struct store *store);
/* NULL is allowed. */
void drainer_stop(struct drainer *drainer);

#endif
