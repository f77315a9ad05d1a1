/* day_sums.h - what records add to the sums by day (myna.usage_day)
 *
 * A few rows instead of many: added up here, so that the database does not have to. No I/O.
 */
#ifndef SERVER_STORE_DAY_SUMS_H
#define SERVER_STORE_DAY_SUMS_H

#include "server/store/booking.h"

/* Texts are borrowed from the records. Plain data. */
struct day_sum {
    const char *contract_id, *vendor_id, *model, *currency;
    int64_t day;
    int64_t attempts; /* a robot's record without an attempt stands for its requests */
    int64_t failed, uncertain;
    int64_t quantities[CONTRACT_METRICS];
    struct decimal total;
    const char *price; /* total as text, in the arena */
};

/* Adds the records up by contract, day, vendor and model; several rows of the same are possible.
 * sums has room for count. STATUS_MEMORY: the arena is full; STATUS_INVALID: a record's price is
 * none. */
MUST_CHECK enum status day_sums_make(struct arena *arena, const struct booking_record *records,
                                     size_t count, struct day_sum *sums, size_t *made);

#endif
