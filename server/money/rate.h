/* rate.h - what one usage record costs under a contract's terms
 *
 * Exact and unrounded (I5): rounding belongs to the bill line. No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_RATE_H
#define SERVER_MONEY_RATE_H

#include "server/money/contract.h"

/* The sum of the contract's unit prices over the quantities of one record of that model. *unpriced
 * gets a bit (1 << metric) for each quantity above zero that no unit price covers, unless the
 * contract has no unit price at all: then its flat fees are the price. Requests need none.
 * STATUS_FULL: the price does not fit. */
MUST_CHECK enum status rate_record(const struct contract *contract, const char *model,
                                   const uint64_t quantities[CONTRACT_METRICS],
                                   struct decimal *price, unsigned *unpriced);

#endif
