/* rollout_approval.h - what an operator agreed to, and whether a rollout has outgrown it
 *
 * Approval is of figures: so many robots, so much money (schema/ROLLOUT.md, Approval). A rollout
 * may wait for days between being approved and being begun, and for weeks until its last wave, and
 * robots and use grow meanwhile. Pure; texts are in the arena.
 */
#ifndef SERVER_JOBS_ROLLOUT_APPROVAL_H
#define SERVER_JOBS_ROLLOUT_APPROVAL_H

#include "server/store/preflight.h"
#include "server/store/rollout_steps.h"

/* What a rollout is now. */
struct rollout_approval {
    int64_t robots;
    const struct preflight *cost;
};

/* The figures as they are kept: {"robots": 12, "costs": [{"currency": "CNY", "amount": "3004.00"}],
 * "unknown": null}. */
MUST_CHECK enum status rollout_approval_write(struct arena *arena,
                                              const struct rollout_approval *now, struct span *out);

/* How it is more than what the row's approver agreed to, as people read it; NULL: it is not.
 * STATUS_CORRUPT: what was kept is none of the above. */
MUST_CHECK enum status rollout_approval_outgrown(struct arena *arena,
                                                 const struct rollout_steps_row *row,
                                                 const struct rollout_approval *now,
                                                 const char **out);

/* For how many robots the row is approved; 0: it is not. STATUS_CORRUPT: as above. */
MUST_CHECK enum status rollout_approval_robots(const struct rollout_steps_row *row, int64_t *out);

#endif
