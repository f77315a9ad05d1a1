/* bounds.h - hard limits need dialects that bound their output (schema/wire/dialects)
 *
 * A hard cap or budget of output or of money holds because no attempt costs more than it reserved.
 * A vendor whose dialect cannot bound what a model writes or thinks breaks that, so the two are
 * refused together when either is written. What binds only requests or input does not care.
 * reason says which limit and which vendor. Besides the statuses named, those of store.h.
 */
#ifndef SERVER_STORE_BOUNDS_H
#define SERVER_STORE_BOUNDS_H

#include "server/money/contract.h"
#include "server/store/store.h"

/* The hard caps of the terms, whether in force or to come. *place is the cap's among its terms'.
 * STATUS_DENIED; STATUS_OK also when there is no such vendor. */
MUST_CHECK enum status bounds_check_terms(struct store *store, const struct contract *terms,
                                          size_t *place, char reason[160]);

/* For the transaction on conn that changed the vendor, or the budget, whose pools follow it
 * already. STATUS_DENIED. */
MUST_CHECK enum status bounds_check_vendor(struct store_conn *conn, const char *vendor_id,
                                           char reason[160]);
MUST_CHECK enum status bounds_check_budget(struct store_conn *conn, const char *budget_id,
                                           char reason[160]);

#endif
