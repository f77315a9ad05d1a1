/* alerts.h - what needs a look: read and acknowledged here, raised by whoever notices */
#ifndef SERVER_STORE_ALERTS_H
#define SERVER_STORE_ALERTS_H

#include "server/store/document.h"

enum alerts_which { ALERTS_ALL, ALERTS_OPEN };

/* Newest first; after 0: from the newest. */
MUST_CHECK enum status alerts_list(struct store *store, enum alerts_which which, int64_t after,
                                   int64_t limit, struct arena *arena, struct span *json);

/* Again is harmless. STATUS_NOT_FOUND. */
MUST_CHECK enum status alerts_acknowledge(struct store *store, const struct author *author,
                                          int64_t alert_id, struct arena *arena,
                                          struct document *out);

#endif
