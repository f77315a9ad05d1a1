/* terms.h - every contract's versions, read from the database and kept parsed
 *
 * Versions are only ever added, so a look at their number tells whether to read them again. One
 * owner thread at a time.
 */
#ifndef SERVER_STORE_TERMS_H
#define SERVER_STORE_TERMS_H

#include "server/money/contract.h"
#include "server/store/store.h"

struct terms;

/* Plain data; borrowed until the next terms_refresh(). */
struct terms_version {
    const char *contract_id;
    int64_t version;
    int64_t effective_from_ms;
    const char *currency;
    const char *zone;
    struct contract contract;
};

MUST_CHECK enum status terms_create(struct terms **out);
void terms_free(struct terms *terms);

/* Makes them current within the transaction on conn. A document that cannot be read (one of a newer
 * program) is left out and logged. Besides those of store.h: STATUS_MEMORY. */
MUST_CHECK enum status terms_refresh(struct terms *terms, struct store_conn *conn);

/* The version in force at that time, or NULL: no such contract, or none in force yet. */
const struct terms_version *terms_find(const struct terms *terms, const char *contract_id,
                                       int64_t at_ms);

#endif
