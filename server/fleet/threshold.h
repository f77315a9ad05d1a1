/* threshold.h - when a threshold acts: once per period, and what makes it act again
 *
 *   armed   watching
 *   fired   it acted; its actions hold
 *   waived  it acted, and an operator lifted its actions by hand: it stays quiet
 *
 * A new period and a raised limit arm it again, and so does, where the rule says how far, falling
 * back below (hysteresis: a value that swings around the point must not fire each time). Pure: what
 * is compared with what is the caller's exact arithmetic.
 */
#ifndef SERVER_FLEET_THRESHOLD_H
#define SERVER_FLEET_THRESHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/span.h"

enum threshold_state { THRESHOLD_ARMED = 0, THRESHOLD_FIRED = 1, THRESHOLD_WAIVED = 2 };
const char *threshold_state_name(enum threshold_state state);
MUST_CHECK enum status threshold_state_find(struct span name, enum threshold_state *out);

/* What is kept between two looks. Plain data. */
struct threshold {
    enum threshold_state state;
    int64_t period_from_ms; /* of the period that it stands for */
};

/* One look. Plain data. */
struct threshold_look {
    int64_t period_from_ms;
    bool reached;   /* the value is at the point, or past it */
    bool fell_back; /* it is below the rule's point of return; false: the rule has none */
    bool raised;    /* the limit is higher than it was when the threshold fired */
};

/* What to do, in this order. */
struct threshold_step {
    bool lift; /* take the actions back */
    bool fire; /* alert and act */
};

/* Moves the threshold on by one look. The same look again asks for nothing. */
struct threshold_step threshold_look(struct threshold *threshold,
                                     const struct threshold_look *look);

/* By hand: the actions end now, and it stays quiet until it is armed again. False: it has not
 * fired. */
bool threshold_waive(struct threshold *threshold);

#endif
