/* rollout_draft.h - what a rollout would be before it is one */
#ifndef SERVER_STORE_ROLLOUT_DRAFT_H
#define SERVER_STORE_ROLLOUT_DRAFT_H

#include "schema/base/json.h"
#include "server/fleet/rollout_plan.h"
#include "server/store/store.h"

/* The plan as it is kept, complete. In the arena. */
MUST_CHECK enum status rollout_draft_plan(const struct rollout_plan *plan, struct arena *arena,
                                          struct span *out);

/* Of a group that is made for a filter. */
#define ROLLOUT_DRAFT_PRIORITY 100

/* Plain data. group NULL and program empty: the fleet. */
struct rollout_draft {
    const char *group;
    struct span program; /* of a filter that no group has yet */
    const struct rollout_plan *plan;
    struct span patch; /* empty: of software */
    int64_t approval_devices;
    const char *approval_cost; /* of pre-flight; NULL or "": any may be */
    int64_t preflight_ms;      /* now, when pre-flight is asked for; else 0 */
};

/* {"devices", "online", "busy": in other rollouts, "approval": another operator must agree,
 * "waves": [{"wave", "share", "control", "planned"}], "plan": complete, "preflight": when it is
 * asked for}. Changes nothing. STATUS_NOT_FOUND: no such group; STATUS_INVALID: *problem, a route
 * that cannot be, below "/patch". */
MUST_CHECK enum status rollout_draft_preview(struct store *store, const struct rollout_draft *draft,
                                             struct arena *arena, struct span *json,
                                             struct json_problem *problem);

#endif
