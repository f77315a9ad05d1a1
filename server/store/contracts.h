/* contracts.h - contracts and their versions; documents have been read by money/contract before */
#ifndef SERVER_STORE_CONTRACTS_H
#define SERVER_STORE_CONTRACTS_H

#include "server/money/contract.h"
#include "server/store/document.h"

MUST_CHECK enum status contracts_list(struct store *store, struct arena *arena, struct span *json);

/* With all its versions, newest first. out->version is the newest one's number. STATUS_NOT_FOUND.
 */
MUST_CHECK enum status contracts_get(struct store *store, const char *contract_id,
                                     struct arena *arena, struct document *out);

/* A time zone the database knows. STATUS_NOT_FOUND. */
MUST_CHECK enum status contracts_check_zone(struct store *store, const char *zone);

/* Version 1, in force from the term's start, or from now when it has none. document is the JSON
 * that terms was read from. STATUS_EXISTS; STATUS_CONFLICT: no such vendor. */
MUST_CHECK enum status contracts_create(struct store *store, const struct author *author,
                                        const struct contract *terms, struct span document,
                                        struct arena *arena, struct document *out);

/* Whether it could be made: its statuses. */
MUST_CHECK enum status contracts_check_new(struct store *store, const struct contract *terms);

/* A version to be added. Borrowed; plain data. */
struct contracts_addition {
    const struct author *author;
    const struct contract *terms;
    struct span document; /* the JSON that terms was read from */
    int64_t effective_from_ms;
    int64_t newest; /* the version that must be the newest one; below 0: whichever is */
};

/* Vendor, currency and zone stay. Devices with a route by this contract get a new generation.
 * STATUS_NOT_FOUND: no such contract; STATUS_CONFLICT: another version is the newest;
 * STATUS_DENIED: vendor, currency or zone differ; STATUS_STALE: effective_from_ms is not after the
 * newest version's; STATUS_FULL: more than CONTRACT_VERSIONS with the amendments that the documents
 * hold. */
MUST_CHECK enum status contracts_add_version(struct store *store,
                                             const struct contracts_addition *addition,
                                             struct arena *arena, struct document *out);

/* Whether it could be added: its statuses. */
MUST_CHECK enum status contracts_check_version(struct store *store,
                                               const struct contracts_addition *addition);

#endif
