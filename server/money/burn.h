/* burn.h - prepaid credit and packs: which grant pays, what is left, what rolls over
 *
 * Grants burn by priority (lower first), then expiry, then their place in the list. A credit that
 * recurs is granted anew in each period of its rule, clipped to its days; what is left then is
 * lost, or rolls over for so many periods; what was used beyond it may burn from the next grant.
 * The same code serves bills and `mynactl credit`. Time only goes forward. Not thread-safe. No I/O.
 */
#ifndef SERVER_MONEY_BURN_H
#define SERVER_MONEY_BURN_H

#include "server/money/contract_clause.h"

struct burn;

/* credits are borrowed until burn_free(). */
MUST_CHECK enum status burn_create(struct burn **out, const struct contract_credit *const *credits,
                                   size_t count);
void burn_free(struct burn *burn);

/* Units of earlier overage that a new grant of that credit paid for. */
typedef enum status (*burn_repaid)(void *context, size_t credit, struct fraction units);

/* Grants and expires what the days up to and including day bring. repaid may be NULL. */
MUST_CHECK enum status burn_until(struct burn *burn, int64_t day, burn_repaid repaid,
                                  void *context);

/* Whether that credit may pay. */
typedef bool (*burn_may)(void *context, size_t credit);

/* Burns up to units that day, from the credits that may (NULL: all). *covered tells how many; what
 * is left over is owed to *recurring, a credit whose next grant pays overage; SIZE_MAX: none is. */
MUST_CHECK enum status burn_take(struct burn *burn, int64_t day, struct fraction units,
                                 burn_may may, void *context, struct fraction *covered,
                                 size_t *recurring);

/* What is left of each credit's grants, as of the day of the last call; left has room for all. */
MUST_CHECK enum status burn_left(const struct burn *burn, struct fraction *left);

#endif
