/* gate_estimate.h - one metric's two groups of robots, estimated: for gate.c
 *
 * Each robot is one observation: its rate r = sum / count, weighed by w = count / (count + PRIOR):
 * few attempts weigh little, and a robot in a loop weighs not much more than any other. What the
 * robot was like before, x, is taken out by regression within the groups.
 */
#ifndef SERVER_FLEET_GATE_ESTIMATE_H
#define SERVER_FLEET_GATE_ESTIMATE_H

#include "server/fleet/gate.h"

/* About the scatter between attempts by that between robots, in the metrics that there are: with it
 * the means scatter least. */
#define GATE_ESTIMATE_PRIOR 50.0

/* Plain data. */
struct gate_estimate_arm {
    double mean;     /* adjusted */
    double variance; /* of the mean */
    double degrees;  /* of freedom of the variance */
    double sum, count;
    size_t robots; /* with a count above 0 */
};

struct gate_estimate_arms {
    struct gate_estimate_arm treated, control;
};

/* is_share: sums are parts of counts, so that a variance is at least what chance makes of them.
 * Means and variances of an arm of fewer than 2 robots are NAN. */
void gate_estimate(enum gate_metric metric, bool is_share, const struct gate_group *treated,
                   const struct gate_group *control, struct gate_estimate_arms *out);

/* Of treated.mean - factor * control.mean: its degrees of freedom after Welch and Satterthwaite. */
double gate_estimate_degrees(const struct gate_estimate_arms *arms, double factor);

#endif
