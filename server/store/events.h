/* events.h - tells dashboards and other instances that something changed, at the commit */
#ifndef SERVER_STORE_EVENTS_H
#define SERVER_STORE_EVENTS_H

#include "server/store/store.h"

/* NOTIFY myna_events for so many things of one kind ("device", "usage", "alert", "command"). */
MUST_CHECK enum status events_tell(struct store_conn *conn, const char *kind,
                                   const char *const *ids, size_t count);

/* NOTIFY myna_outbox: something is owed to robots. */
MUST_CHECK enum status events_wake_outbox(struct store_conn *conn);

#endif
