/* audit.h - reads and verifies the chain of changes; writing it is part of each change */
#ifndef SERVER_STORE_AUDIT_H
#define SERVER_STORE_AUDIT_H

#include "server/store/store.h"

/* Newest first; after 0: from the newest. subject: NULL, or only rows about it ("device/r1"). */
MUST_CHECK enum status audit_list(struct store *store, int64_t after, int64_t limit,
                                  const char *subject, struct arena *arena, struct span *json);

/* {"ok","rows","first_bad"}: recomputes every hash from the first row on. */
MUST_CHECK enum status audit_verify(struct store *store, struct arena *arena, struct span *json);

#endif
