/* rollout_judge.h - what stands between two waves: the gate, and pre-flight
 *
 * Both read what the robots have used; neither changes anything but the wave's verdict and the
 * rollout's pre-flight document. Inside the driver's transaction.
 */
#ifndef SERVER_JOBS_ROLLOUT_JUDGE_H
#define SERVER_JOBS_ROLLOUT_JUDGE_H

#include "server/store/rollout_steps.h"

/* Takes the next look at the present wave. *event: what comes of it, ROLLOUT_GREEN_LAST included;
 * *reason in the arena, for people. */
MUST_CHECK enum status rollout_judge(struct store_conn *conn, struct arena *arena,
                                     struct rollout_steps_row *row, int64_t now_ms,
                                     enum rollout_event *event, const char **reason);

/* wave 0: all of it. *refusal: why it must not go on, NULL: it may. */
MUST_CHECK enum status rollout_judge_preflight(struct store_conn *conn, struct arena *arena,
                                               const struct rollout_steps_row *row, int64_t wave,
                                               int64_t now_ms, const char **refusal);

#endif
