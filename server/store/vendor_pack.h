/* vendor_pack.h - what to know of a vendor before one sits down with it
 *
 * Volumes and errors, how long it takes to its first token, what it owes for service levels, how
 * its contracts' promises stand, and what they have said so far: each with where it comes from.
 */
#ifndef SERVER_STORE_VENDOR_PACK_H
#define SERVER_STORE_VENDOR_PACK_H

#include "server/store/store.h"

/* Above so many attempts what raw records tell (first tokens, errors) is told by a sample of about
 * so many. */
#define VENDOR_PACK_RECORDS 1000000

/* Days of each contract's zone, "YYYY-MM-DD", both inclusive. Plain data, borrowed. */
struct vendor_pack_order {
    const char *vendor_id;
    const char *from;
    const char *to;
    int64_t now_ms;
    int64_t records; /* VENDOR_PACK_RECORDS; another in tests */
};

/* The day that it is for the vendor: where a contract of it has the latest, else in UTC; days since
 * 1970. What is used now is of that day. */
MUST_CHECK enum status vendor_pack_today(struct store *store, const char *vendor_id, int64_t *day);

/* VendorPack in openapi.yaml. STATUS_NOT_FOUND: no such vendor; STATUS_TIMEOUT: too many records
 * for the database's patience. */
MUST_CHECK enum status vendor_pack_get(struct store *store, const struct vendor_pack_order *order,
                                       struct arena *arena, struct span *json);

#endif
