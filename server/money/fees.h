/* fees.h - what a contract's fees come to over some of its days
 *
 * Fees of kind flat and capacity, each spread evenly over the days of its whole period: what
 * thresholds and soft caps on spend have counted by a day, and what a hard cap on spend has no room
 * for, of all its days. It is not the bill, which has a fee whole as soon as its period begins. No
 * I/O; thread-safe.
 */
#ifndef SERVER_MONEY_FEES_H
#define SERVER_MONEY_FEES_H

#include "server/money/contract.h"

/* In the contract's currency, exact; days outside of its term add nothing. STATUS_FULL: does not
 * fit. */
MUST_CHECK enum status fees_over(const struct contract *contract, struct period_range days,
                                 struct fraction *out);

/* Of the charges of these names alone; of all when there are none. */
MUST_CHECK enum status fees_of(const struct contract *contract, const char *const *charges,
                               size_t count, struct period_range days, struct fraction *out);

#endif
