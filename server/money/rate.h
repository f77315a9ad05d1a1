/* rate.h - what one usage record costs under a contract's terms
 *
 * Unrounded (I5): rounding belongs to the bill line. No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_RATE_H
#define SERVER_MONEY_RATE_H

#include "server/money/contract.h"

/* The sum of the terms' prices per unit over the quantities of one record of that model. *unpriced
 * gets a bit (1 << metric) for each quantity above zero that no price covers, unless the terms
 * price nothing by usage at all: then their flat fees are the price. Requests need none.
 * STATUS_FULL: the price does not fit. */
MUST_CHECK enum status rate_record(const struct contract_terms *terms, const char *model,
                                   const uint64_t quantities[CONTRACT_METRICS],
                                   struct decimal *price, unsigned *unpriced);

#endif
