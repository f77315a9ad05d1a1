/* rollout_step.h - what has happened to a rollout that nobody touched: the driver's events
 *
 * A pure function of what the database holds, so that it does not matter which server asks, how
 * often, or whether the one that asked last died of it. What needs more than facts and time (pre-
 * flight, the gate) is the driver's: it raises those events itself.
 */
#ifndef SERVER_FLEET_ROLLOUT_STEP_H
#define SERVER_FLEET_ROLLOUT_STEP_H

#include "server/fleet/rollout.h"
#include "server/fleet/rollout_plan.h"

/* Devices by what became of them. Plain data. */
struct rollout_step_counts {
    int64_t waiting, opened, confirmed, failed, unreachable;
};

/* Plain data. */
struct rollout_step_facts {
    enum rollout_place place;
    int64_t now_ms;
    int64_t moved_ms; /* when it came here, or when a device last moved */
    bool is_wave_open;
    bool is_control;                 /* the present wave is the one of those held back */
    struct rollout_step_counts wave; /* of the present wave */
    int64_t look_ms;                 /* when the gate looks next; 0: not known */
    int64_t open;                    /* devices that see the patch, of all waves */
    int64_t going_back;              /* closed, online, and not yet heard with the old content */
};

/* ROLLOUT_NOTHING: wait. */
enum rollout_event rollout_step_event(const struct rollout_plan *plan,
                                      const struct rollout_step_facts *facts);

#endif
