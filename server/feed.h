/* feed.h - carries what the database tells (NOTIFY myna_events) to the open event streams */
#ifndef SERVER_FEED_H
#define SERVER_FEED_H

#include "server/http/hub.h"
#include "server/store/store.h"

struct feed;

/* store and hub outlive it. The caller owns *out. */
MUST_CHECK enum status feed_start(struct feed **out, struct store *store, struct hub *hub);
/* NULL is allowed. */
void feed_stop(struct feed *feed);

#endif
