/* blackouts.h - the calendar: spans of time in which no rollout opens anybody (schema/ROLLOUT.md)
 *
 * A span is not edited, it is taken out and put in anew; the driver reads the calendar at each look
 * (rollout_steps.h). Besides the statuses named, those of store.h.
 */
#ifndef SERVER_STORE_BLACKOUTS_H
#define SERVER_STORE_BLACKOUTS_H

#include "server/store/document.h"

/* Those that are not over, the next one first, in a page without an end. */
MUST_CHECK enum status blackouts_list(struct store *store, struct arena *arena, struct span *json);

struct blackouts_order {
    int64_t from_ms, until_ms; /* from before until */
    const char *reason;
};

MUST_CHECK enum status blackouts_create(struct store *store, const struct author *author,
                                        const struct blackouts_order *order, struct arena *arena,
                                        struct document *out);

/* STATUS_NOT_FOUND: there is none, or it is over. */
MUST_CHECK enum status blackouts_delete(struct store *store, const struct author *author,
                                        int64_t blackout_id, struct arena *arena);

#endif
