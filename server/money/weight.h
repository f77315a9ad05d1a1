/* weight.h - what a unit of usage can cost at most: the weights of credit lines
 *
 * A robot keeps within its credit offline, whatever tier or version of the terms will rate its
 * attempts: so a money line weighs each metric by the highest marginal price that any rate, tier or
 * version from now on could give it, whatever service tier, hour or request length. Terms under
 * which no such price exists have no linear upper bound and cannot be kept within a hard limit of
 * money. No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_WEIGHT_H
#define SERVER_MONEY_WEIGHT_H

#include "server/money/contract.h"

/* Weights of money are in 10^-15 of the currency for one unit, rounded up; a sum of them divided by
 * WEIGHT_DIVISOR is in 10^-9 of the currency. */
#define WEIGHT_DIVISOR 1000000
#define WEIGHT_SCALE   1000000000 /* units of 10^-9 in one of the currency */

/* Counting: 1 for each of the metrics. */
void weight_of_metrics(unsigned metrics, uint64_t out[CONTRACT_METRICS]);

/* Of one model under the versions numbered from_version and later. STATUS_DENIED: these terms have
 * no linear upper bound, and reason says which and why; STATUS_FULL: a price is too large. */
MUST_CHECK enum status weight_of_money(const struct contract *contract, int64_t from_version,
                                       const char *model, uint64_t out[CONTRACT_METRICS],
                                       char reason[160]);

/* Whether every model that the terms name, and any other, has weights: asked when a hard cap or
 * budget of money is written. STATUS_DENIED and STATUS_FULL as above. */
MUST_CHECK enum status weight_check(const struct contract *contract, int64_t from_version,
                                    char reason[160]);

/* The bits that a metric's name stands for: a recorded metric, "input", "tokens", or several joined
 * by "+". 0: no such metric. */
unsigned weight_find_metrics(struct span name);

#endif
