/* listener.h - NOTIFY from the database, on a connection and a thread of its own
 *
 * The connection is made again with backoff when it is lost.
 */
#ifndef SERVER_STORE_LISTENER_H
#define SERVER_STORE_LISTENER_H

#include "server/store/store.h"

struct listener;

/* Called in the listener's thread for each NOTIFY, and once with an empty payload for each channel
 * whenever the connection was made (again): something may have been missed. Must not block long. */
typedef void (*listener_on_notify)(void *context, const char *channel, struct span payload);

/* Channel names are ours: [a-z_]+. Their texts are borrowed until listener_stop(). The caller owns
 * *out and stops it before store_close(). A database that is away is not a failure. */
MUST_CHECK enum status listener_start(struct listener **out, struct store *store,
                                      const char *const *channels, size_t count,
                                      listener_on_notify on_notify, void *context);

/* Returns when the thread has ended. NULL is allowed. */
void listener_stop(struct listener *listener);

#endif
