/* rollout_history.h - what happened to a rollout, by whom, told from the audit
 *
 * The audit has every robot's id and every state before and after; people who look at one rollout
 * want steps. Changes nothing.
 */
#ifndef SERVER_STORE_ROLLOUT_HISTORY_H
#define SERVER_STORE_ROLLOUT_HISTORY_H

#include "server/store/store.h"

/* {"items": [{"seq", "at", "actor", "event", "from", "to": {"state", "step", "cause"} or null,
 * "wave", "robots": how many or null, "reason"}], "next"}, newest first, those before the row
 * numbered after (0: from the newest). Of an id that was used before only what the present rollout
 * went through. In the arena. STATUS_NOT_FOUND. */
MUST_CHECK enum status rollout_history_list(struct store *store, const char *rollout_id,
                                            int64_t after, int64_t limit, struct arena *arena,
                                            struct span *json);

#endif
