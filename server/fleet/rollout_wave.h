/* rollout_wave.h - how many devices each wave opens, and how many of them may fail
 *
 * Members are put in the order of a hash of rollout and device; each wave takes the next of them,
 * and the control group, the last of the order, is opened after all others. No I/O.
 */
#ifndef SERVER_FLEET_ROLLOUT_WAVE_H
#define SERVER_FLEET_ROLLOUT_WAVE_H

#include "server/fleet/rollout_plan.h"

#define ROLLOUT_WAVE_MAX (ROLLOUT_PLAN_WAVES + 1)

/* Plain data. */
struct rollout_wave {
    int64_t share; /* of the plan's wave; the control's: all */
    int64_t size;  /* members of its own */
    bool is_control;
};

/* Devices held back: as the plan says, but never more than half. 0: nobody. */
int64_t rollout_wave_control(const struct rollout_plan *plan, int64_t members);

/* The waves of a rollout with so many members, in order, without those that would open nobody: in a
 * small fleet several shares are the same few devices. Returns their number; 0 without members. */
size_t rollout_wave_sizes(const struct rollout_plan *plan, int64_t members,
                          struct rollout_wave out[ROLLOUT_WAVE_MAX]);

/* So many failures to confirm would come about in fewer than 5 of 1,000 waves if devices failed no
 * more often than the plan allows: the upper tail of the binomial distribution. finished: confirmed
 * and failed ones; who cannot be reached is no failure. */
bool rollout_wave_fails(const struct rollout_plan *plan, int64_t finished, int64_t failed);

#endif
