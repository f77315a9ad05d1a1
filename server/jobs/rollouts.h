/* rollouts.h - drives what is under way: one thread in every server, any of which may do any step
 *
 * Looks at each rollout when it is due, and at once when one was changed.
 */
#ifndef SERVER_JOBS_ROLLOUTS_H
#define SERVER_JOBS_ROLLOUTS_H

#include "server/store/store.h"

struct rollouts_options {
    int64_t approval_devices;  /* with more than that another operator must agree; -1: never */
    const char *approval_cost; /* or when it costs more than that; NULL: for no cost. Borrowed */
};

struct rollouts;

/* store outlives it. The caller owns *out. */
MUST_CHECK enum status rollouts_start(struct rollouts **out, struct store *store,
                                      const struct rollouts_options *options);
/* NULL is allowed. */
void rollouts_stop(struct rollouts *rollouts);

#endif
