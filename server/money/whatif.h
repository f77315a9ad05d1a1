/* whatif.h - what a contract would cost a fleet of n robots that all do the same, for every n
 *
 * A profile says what one robot uses; the fleet is that robot n times: sums grow n-fold, active
 * devices and gauges of devices are n, licences are taken on the first day of the term, units
 * included per device are each device's own. Every cost is bill.h's, over the contract's whole
 * term; nothing is rated here.
 *
 * A curve holds exact amounts before rounding: a bill rounds each of its lines half up, so that at
 * any n it differs from the curve by less than half a minor unit per line. Not thread-safe. No I/O.
 */
#ifndef SERVER_MONEY_WHATIF_H
#define SERVER_MONEY_WHATIF_H

#include "server/money/bill.h"
#include "server/money/curve.h"

#define WHATIF_MOST_DEVICES 100000000

/* One row of what one robot uses in a period. Texts are borrowed. Plain data. */
struct whatif_usage {
    const char *model;
    const char *instead;      /* the model that a contract is asked for which lacks prices of this
                                 one; NULL: none */
    const char *service_tier; /* "": default */
    int32_t time_of_day_ms;   /* local; at which all of it happens */
    struct decimal quantities[CONTRACT_METRICS];
    bool has_amount;
    struct decimal amount;
};

/* Plain data. */
struct whatif_profile {
    enum period_per per; /* day, week, month, quarter, year: the first begins with the term */
    const struct whatif_usage *usage;
    size_t count;
};

struct whatif;

/* Metrics of a row that the contract prices for other models alone. */
struct whatif_gap {
    size_t usage; /* its place in the profile */
    unsigned metrics;
};

/* Borrows contract, which must have a term, and zone until whatif_free(); the profile is spread
 * evenly over the days of its periods, in whole units where it is whole. The caller owns *out.
 * STATUS_INVALID: the contract has no term. */
MUST_CHECK enum status whatif_create(struct whatif **out, const struct contract *contract,
                                     const struct zone *zone, const struct whatif_profile *profile);
void whatif_free(struct whatif *whatif);

/* What the contract does not price: then its cost is no answer. Borrowed until whatif_free(). */
void whatif_gaps(const struct whatif *whatif, const struct whatif_gap **out, size_t *count);

/* The whole term's bill of n robots. */
MUST_CHECK enum status whatif_bill(struct whatif *whatif, int64_t n, struct arena *arena,
                                   struct bill *out);

/* The same bill, and each line tells its steps. */
MUST_CHECK enum status whatif_explain(struct whatif *whatif, int64_t n, struct arena *arena,
                                      struct bill *out);

/* The same before any rounding. */
MUST_CHECK enum status whatif_exact(struct whatif *whatif, int64_t n, struct fraction *out);

/* From now on a curve gives up with STATUS_FULL when it takes more than so many bills to find; 0:
 * never. A bill takes some tens of microseconds for each of its months and charges. */
void whatif_limit(struct whatif *whatif, size_t bills);

/* The exact cost for from .. to robots. Tier bounds, included units and packages are computed from
 * the terms, where maxima, minimums, commitments and credits begin and cease to bind is searched.
 * STATUS_FULL: more segments than a curve may have. */
MUST_CHECK enum status whatif_curve(struct whatif *whatif, int64_t from, int64_t to,
                                    struct arena *arena, struct curve *out);

#endif
