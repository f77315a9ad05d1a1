/* gate_samples.h - what a wave's robots and those held back did, robot by robot, for its gate
 *
 * From usage records, which overload never sheds; self-tests are left out. At most
 * GATE_SAMPLES_MOST robots of each side, in the order of their hash, which is a drawing by lot: of
 * those that run the change the newest wave's first; besides the control also those that wait for a
 * later wave, which are no other.
 */
#ifndef SERVER_STORE_GATE_SAMPLES_H
#define SERVER_STORE_GATE_SAMPLES_H

#include "server/fleet/gate.h"
#include "server/store/store.h"

#define GATE_SAMPLES_MOST 1000

/* The robots that run the rollout's change (of waves up to that one) and those that do not, over
 * from_ms to to_ms (half-open); robots that began to run it after from_ms count only for being
 * there. Besides what each was like before the rollout started: times of a day, and of a week how
 * many attempts failed and were interrupted, and what they cost. Whoever was heard when the wave
 * was opened and no more in the last 15 minutes before to_ms is unreachable. Samples in the arena.
 *
 * Several statements, none longer than what a fleet sends in three hours, but all of them together
 * may take a while: not for a transaction that holds locks. STATUS_NOT_FOUND: no such wave. */
MUST_CHECK enum status gate_samples_read(struct store_conn *conn, const char *rollout_id,
                                         unsigned wave, int64_t from_ms, int64_t to_ms,
                                         struct arena *arena, struct gate_group *treated,
                                         struct gate_group *control);

#endif
