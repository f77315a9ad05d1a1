/* projection.h - a contract's counts as they will be when robots go on as they did
 *
 * To what was counted so far a projection adds the same use each day, until a day; the bill of that
 * is bill.h's, over the whole term, so that tiers, minimums, commitments and caps are what they
 * will be then. Counts only ever grow: what would be used less is another tally. No I/O; not
 * thread-safe on one tally.
 */
#ifndef SERVER_MONEY_PROJECTION_H
#define SERVER_MONEY_PROJECTION_H

#include "server/money/bill.h"

/* Of one model. Plain data. */
struct projection_usage {
    const char *model;
    struct decimal per_day[CONTRACT_METRICS];
};

/* Plain data; borrowed. */
struct projection {
    int64_t first, end; /* days */
    const struct projection_usage *usage;
    size_t count;
    const char *const *devices; /* that are active on each of the days, besides others */
    size_t device_count;
};

enum projection_trust {
    PROJECTION_EXACT,
    PROJECTION_ROUGH,   /* prices by hour or by a request's length are asked for a day's sum at noon
                         */
    PROJECTION_UNKNOWN, /* charges that days' sums say nothing about */
};

/* Whether such a contract's future can be told from sums by day; *why is static text, "" when it is
 * exact. */
enum projection_trust projection_trust(const struct contract *contract, const char **why);

/* Adds it; days on which no terms are in force add nothing. unpriced[i] gets the bits of metrics of
 * usage[i] that the contract prices for other models alone. Statuses are tally_add()'s, but for
 * STATUS_NOT_FOUND; on failure part of it was added. */
MUST_CHECK enum status projection_add(struct tally *tally, const struct projection *projection,
                                      unsigned *unpriced);

/* What a bill's lines of one source and name come to; quantity likewise (missing units). */
MUST_CHECK enum status projection_sum(const struct bill *bill, enum bill_source source,
                                      const char *name, struct decimal *amount,
                                      struct fraction *quantity);

#endif
