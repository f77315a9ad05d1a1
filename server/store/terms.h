/* terms.h - every contract with all its versions, read from the database and kept parsed
 *
 * Versions are only ever added, so a look at their number tells whether to read them again. One
 * owner thread at a time.
 */
#ifndef SERVER_STORE_TERMS_H
#define SERVER_STORE_TERMS_H

#include "server/money/contract.h"
#include "server/money/zone.h"
#include "server/store/store.h"

struct terms;

/* One contract: its documents joined, each in force from its effective_from on. Plain data;
 * borrowed until the next terms_refresh(). */
struct terms_contract {
    const char *contract_id;
    struct contract contract;
    struct zone *zone;       /* of its days */
    const int64_t *versions; /* of myna.contract_version, by contract_terms.document - 1 */
};

MUST_CHECK enum status terms_create(struct terms **out);
void terms_free(struct terms *terms);

/* Makes them current within the transaction on conn. A document that cannot be read (one of a newer
 * program) is left out and logged. Besides those of store.h: STATUS_MEMORY. */
MUST_CHECK enum status terms_refresh(struct terms *terms, struct store_conn *conn);

/* Creates and reads them, in a transaction of their own. The caller owns *out, which holds no
 * connection. */
MUST_CHECK enum status terms_read(struct store *store, struct terms **out);

/* Changes whenever what terms_find() gives is another; borrowed pointers end with it. */
int64_t terms_revision(const struct terms *terms);

/* NULL: no such contract. */
const struct terms_contract *terms_find(const struct terms *terms, const char *contract_id);

/* The terms in force at that time: NULL before the first and after the contract's term; found may
 * be NULL. *version is the row of myna.contract_version that says so. Caps and thresholds follow
 * them at once. */
const struct contract_terms *terms_in_force(const struct terms_contract *found, int64_t at_ms,
                                            int64_t *version);

/* The terms that rate what was used at that time: those that own its local day. Prices change at
 * midnight, so that what was booked today keeps its price whatever is amended today. */
const struct contract_terms *terms_rating(const struct terms_contract *found, int64_t at_ms,
                                          int64_t *version);

#endif
