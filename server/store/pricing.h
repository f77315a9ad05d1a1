/* pricing.h - what booked records cost, and the counts that make it exact (invariant I5)
 *
 * A record's price is what its contract's usage grows by when it is added (bill_add), so that the
 * prices of a contract's records add up to bill_usage() of its counts, in whatever order they came.
 * Where a price depends on what was counted before, the contract's counts are locked, loaded and
 * kept; kept counts are used again when nobody else has moved them. One owner thread.
 */
#ifndef SERVER_STORE_PRICING_H
#define SERVER_STORE_PRICING_H

#include "server/store/booking.h"
#include "server/store/terms.h"

struct pricing;

enum pricing_scope {
    PRICING_NEEDED, /* loads the counts that prices depend on: for pricing_run() */
    PRICING_WHOLE,  /* loads all counts, of every contract it prices */
};

/* terms outlive the pricing. */
MUST_CHECK enum status pricing_create(struct pricing **out, const struct terms *terms,
                                      enum pricing_scope scope);
/* NULL is allowed. */
void pricing_free(struct pricing *pricing);

enum pricing_verdict {
    PRICING_UNRATED, /* no version of its contract was in force: costs nothing */
    PRICING_RATED,
    PRICING_UNPRICED,  /* something it used has no price in the contract: the rest is rated */
    PRICING_TOO_LARGE, /* its price or a count does not fit: nothing was counted */
};

struct pricing_outcome {
    enum pricing_verdict verdict;
    unsigned unpriced; /* bits of metrics */
};

/* Within a transaction, with the terms refreshed in it: sets the records' prices in their order,
 * and whose licences their devices took over where a contract counts licences, and tells of each
 * how it went. outcomes has room for count. */
MUST_CHECK enum status pricing_run(struct pricing *pricing, struct store_conn *conn,
                                   struct arena *arena, struct booking_record *records,
                                   size_t count, struct pricing_outcome *outcomes);

/* Likewise, for records booked before whose quantities turned out to be others: moves the counts by
 * the difference, and tells what that changes. after has each record's quantities as they are to
 * be; differences has room for count. The pricing must be of PRICING_WHOLE. STATUS_FULL: a count or
 * price does not fit. */
typedef int64_t pricing_quantities[CONTRACT_METRICS];
MUST_CHECK enum status pricing_replace(struct pricing *pricing, struct store_conn *conn,
                                       struct arena *arena, struct booking_record *records,
                                       const pricing_quantities *after, size_t count,
                                       struct decimal *differences);

/* Within the same transaction: writes what was counted. */
MUST_CHECK enum status pricing_save(struct pricing *pricing, struct store_conn *conn,
                                    struct arena *arena);

/* After the commit: what is kept in memory is what the database holds. Without it the next
 * pricing_run() reads it again. */
void pricing_committed(struct pricing *pricing);

/* Fills what a contract counts of a record. */
struct tally_usage;
void pricing_usage(const struct booking_record *record, struct tally_usage *out);

#endif
