/* rollout_turn.h - one event of a rollout, with all that it brings, in one transaction
 *
 * The only way to a rollout's state: server/fleet/rollout.h says whether the event may happen and
 * what must be done, this does it, moves the state, writes the audit and raises or ends the alerts.
 */
#ifndef SERVER_STORE_ROLLOUT_TURN_H
#define SERVER_STORE_ROLLOUT_TURN_H

#include "server/store/rollout_steps.h"

struct rollout_turn {
    enum rollout_event event;
    const char *reason;      /* for people; "" or NULL: none */
    const struct author *by; /* NULL: the driver */
    struct span asked;       /* of ROLLOUT_NEEDS_APPROVAL: what another operator is to agree to */
    int64_t now_ms;
};

/* row is locked (rollout_steps_lock()), and is as it stands afterwards. STATUS_CONFLICT: the event
 * cannot happen there, or there is nothing to try again; STATUS_EXISTS: another rollout has taken
 * some of its devices; STATUS_NOT_FOUND: it reaches no device. The transaction must be given up
 * then. */
MUST_CHECK enum status rollout_turn(struct store_conn *conn, struct arena *arena,
                                    struct rollout_steps_row *row, const struct rollout_turn *turn);

/* The gate's next look at the present wave after so many, counted from when it was confirmed. */
int64_t rollout_turn_look_ms(const struct rollout_steps_row *row, int64_t confirmed_ms,
                             int64_t looks);

/* Green, green and the last, or green and an operator's to go on. */
enum rollout_event rollout_turn_green(const struct rollout_steps_row *row);

#endif
