/* charges.h - what pools are charged outside of the ingest: by whoever corrects what was booked,
 * and by usage that no robot reports
 *
 * Credit accounts stay as they are: what a robot counted as used of its credit it has used. Pools
 * follow what the vendor bills. Each function works in the caller's transaction, and is to be
 * called with the contracts' counts locked (pricing.h) and before the sums of days are. Besides the
 * statuses named, those of store.h; STATUS_MEMORY.
 */
#ifndef SERVER_STORE_CHARGES_H
#define SERVER_STORE_CHARGES_H

#include "server/store/booking.h"

/* Keeps pools from beginning or ending until the transaction ends: the first lock of all. */
MUST_CHECK enum status charges_begin(struct store_conn *conn);

/* Adds records that no credit line was used for, rated, to every pool that counts them, whatever
 * its limit: it happened. */
MUST_CHECK enum status charges_book(struct store_conn *conn, struct arena *arena,
                                    const struct booking_record *records, size_t count);

/* Replaces what was charged for uncertain records by what they came to: the records' quantities and
 * price, of provenance vendor_final. What is over becomes free, and is granted to whoever wants it
 * when next heard. Records that no pool was charged for are passed over. */
MUST_CHECK enum status charges_settle(struct store_conn *conn, struct arena *arena,
                                      const struct booking_record *records, size_t count);

/* Locks every pool of money in the currency, for charges_rerate(). */
MUST_CHECK enum status charges_lock_money(struct store_conn *conn, const char *currency);

/* A record that costs something else now. Texts are borrowed. */
struct charges_difference {
    const char *device_id;
    uint8_t journal_id[16];
    int64_t seq;
    int64_t at_ms;
    const char *vendor_id, *model;
    const char *price; /* more than before; below 0: less */
    int64_t purpose;   /* wire_Purpose */
};

/* Adds the differences to the pools of money that count the contract's records, by the groups that
 * robots are in now. Uncertain records stay charged at their reservation. */
MUST_CHECK enum status charges_rerate(struct store_conn *conn, struct arena *arena,
                                      const char *contract_id, const char *currency,
                                      const struct charges_difference *rows, size_t count);

#endif
