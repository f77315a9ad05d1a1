/* rollout_pace.h - how many devices may be opened now, and when to look again
 *
 * The rate is kept by time: tokens_ms is the instant up to which the time is used, so that a
 * restart, a second server or a pause neither lose nor repeat any. What was not used while a window
 * was shut or a rollout paused is not caught up with, but for ten seconds' worth. No I/O; time is
 * an argument.
 */
#ifndef SERVER_FLEET_ROLLOUT_PACE_H
#define SERVER_FLEET_ROLLOUT_PACE_H

#include "server/fleet/rollout_plan.h"

/* Devices a minute once opened ones have been opened; 0: no limit. */
int64_t rollout_pace_rate(const struct rollout_plan *plan, int64_t opened);

struct rollout_pace {
    int64_t allowed;   /* INT64_MAX: no limit */
    int64_t tokens_ms; /* where the time began that these use */
    int64_t rate;
};
/* tokens_ms 0: nothing was opened yet. */
struct rollout_pace rollout_pace_allow(int64_t rate, int64_t tokens_ms, int64_t now_ms);

/* Up to when time is used, after count of those allowed were opened. */
int64_t rollout_pace_use(const struct rollout_pace *pace, int64_t count, int64_t now_ms);

/* When the next device may follow. */
int64_t rollout_pace_next_ms(int64_t rate, int64_t tokens_ms);

/* Whether a device at that distance from UTC may be opened by its local time of day. */
bool rollout_pace_is_open(const struct rollout_plan *plan, int64_t now_ms, int zone_min);
/* The next minute in which it may; now_ms when it may now. */
int64_t rollout_pace_opens_ms(const struct rollout_plan *plan, int64_t now_ms, int zone_min);

/* The end of the blackout that now lies in, through those that follow without a gap; 0: none. */
int64_t rollout_pace_blackout_ms(const struct rollout_plan *plan, int64_t now_ms);

/* When neither hours nor blackouts keep a device at that distance from UTC; now_ms when they do not
 * now. INT64_MAX: never, as the two leave no minute. */
int64_t rollout_pace_free_ms(const struct rollout_plan *plan, int64_t now_ms, int zone_min);

#endif
