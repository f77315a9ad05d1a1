/* rollout_look.h - one look at one rollout: what is due happens, at most one step of it
 *
 * What happens is one transaction under the rollout's lock, so that a server that dies in the
 * middle has done nothing, and of several servers one does it (invariant I6). Usage and pre-flight
 * are read before, without the lock, and count for the version of the rollout that they were read
 * for.
 */
#ifndef SERVER_JOBS_ROLLOUT_LOOK_H
#define SERVER_JOBS_ROLLOUT_LOOK_H

#include "server/store/store.h"

struct rollout_look {
    const char *rollout_id;
    int64_t now_ms;
    int64_t approval_devices;  /* with more than that another operator must agree; -1: never */
    const char *approval_cost; /* or when it costs more than that; NULL or "": for no cost */
};

/* *moved: its state changed, and the next step may follow at once. A rollout that is not due, or
 * that another server looks at, is left alone. */
MUST_CHECK enum status rollout_look(struct store *store, struct arena *arena,
                                    const struct rollout_look *look, bool *moved);

#endif
