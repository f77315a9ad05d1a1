/* rollout_judge.h - what stands between two waves: the gate, and pre-flight
 *
 * Both read what the robots have used, which takes seconds for a large fleet: that is done before
 * the rollout's row is locked, so that a pause by hand never waits for it, and counts only while
 * the rollout stands where it stood. What follows changes nothing but the wave's verdict and the
 * rollout's pre-flight document, inside the driver's transaction.
 */
#ifndef SERVER_JOBS_ROLLOUT_JUDGE_H
#define SERVER_JOBS_ROLLOUT_JUDGE_H

#include "server/fleet/gate.h"
#include "server/store/preflight.h"
#include "server/store/rollout_steps.h"

/* What was read for a rollout at one version of it. Zero: nothing was. Fields are private. */
struct rollout_reading {
    int64_t version; /* 0: nothing was read */
    struct preflight preflight;
    struct gate_group treated, control;
};

/* Reads what the row's present step wants to know: usage for the gate when it is judged, else
 * pre-flight, of the wave that is to be opened or of all. above_cost: as preflight asks for it.
 * Nothing is locked. out's lists and texts are in the arena. */
MUST_CHECK enum status rollout_judge_read(struct store_conn *conn, struct arena *arena,
                                          const struct rollout_steps_row *row,
                                          const char *above_cost, int64_t now_ms,
                                          struct rollout_reading *out);

/* False: it was read for another state of the rollout, or not at all. */
bool rollout_judge_has_read(const struct rollout_reading *reading,
                            const struct rollout_steps_row *row);

/* Takes the next look at the present wave, by what was read of it. *event: what comes of it,
 * ROLLOUT_GREEN_LAST included; *reason in the arena, for people. */
MUST_CHECK enum status rollout_judge(struct store_conn *conn, struct arena *arena,
                                     struct rollout_steps_row *row,
                                     const struct rollout_reading *reading,
                                     enum rollout_event *event, const char **reason);

/* Keeps what was read. *refusal: why it must not go on, NULL: it may. */
MUST_CHECK enum status rollout_judge_preflight(struct store_conn *conn,
                                               const struct rollout_steps_row *row,
                                               const struct rollout_reading *reading,
                                               int64_t now_ms, const char **refusal);

#endif
