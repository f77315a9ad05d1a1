/* bill.h - what is owed: lines of one charge in one of its periods, commitments, credits, tax
 *
 * A pure function of terms and counts: the same that forecasts, answers what-if and checks an
 * invoice. Rating order: included units and packs, base price, percentage discount of the charge,
 * maximum, minimum; then commitments (which see no discount beside the charges' own), discounts,
 * service levels, money credits, tax. A line is rounded once, half up, to the currency's minor
 * unit; a total is the sum of its lines. Not thread-safe on one arena. No I/O.
 *
 * Time: as_of_ms cuts the bill. Periods that began before it have lines; flat fees are whole for a
 * period that began; minimums, commitments and rebates appear when their period has ended by then.
 * BILL_WHOLE_TERM: all of the term (without a term: from the first usage to the last). Usage after
 * as_of_ms is the caller's to leave out of the tally.
 *
 * Versions split periods. Where counters go on, a part adds what its terms ask for all that was
 * counted in the whole period, less what they ask for what was counted before it: tiers, included
 * units and packages go on. The maximum bounds the sum of the parts, the minimums (each part's, by
 * its days) lift it, and an amendment that changes nothing changes no bill. A charge goes on from
 * that of the same name, or without names of the same place and kind, that counts the same metric.
 */
#ifndef SERVER_MONEY_BILL_H
#define SERVER_MONEY_BILL_H

#include "server/money/tally.h"

#define BILL_WHOLE_TERM INT64_MAX

enum bill_source {
    BILL_CHARGE,
    BILL_COMMITMENT,
    BILL_CARRIED,       /* negative: a shortfall paid earlier, credited */
    BILL_TERMINATION,   /* the fee */
    BILL_PURCHASE,      /* the price of prepaid credit */
    BILL_DISCOUNT,      /* negative */
    BILL_SERVICE_LEVEL, /* negative */
    BILL_CREDIT,        /* negative: what prepaid money paid */
    BILL_INTERIM,       /* an interim line and its counterpart: together 0 */
    BILL_TAX,
};

/* Plain data; texts are borrowed from contract and arena. */
struct bill_line {
    enum bill_source source;
    const char *name; /* of the charge, commitment, credit ... */
    int64_t version;
    struct period period;     /* clipped is what is billed */
    const char *metric;       /* "" where nothing is counted */
    struct fraction quantity; /* as counted; 1 where nothing is; missing units of a commitment */
    struct fraction exact;    /* before rounding */
    struct decimal amount;    /* rounded */
};

struct bill {
    const struct bill_line *lines; /* by source, version, place in the document, period */
    size_t line_count;
    struct decimal total;
    struct decimal tax_included; /* beside the total: what of it is tax, for inclusive prices */
};

/* STATUS_FULL: a number does not fit; STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status bill_make(const struct tally *tally, int64_t as_of_ms, struct arena *arena,
                                 struct bill *out);

/* One charge in one period, rounded, with its included units, discount, maximum and (when the
 * period is over) minimum. */
MUST_CHECK enum status bill_charge(const struct tally *tally, const struct contract_terms *terms,
                                   size_t charge, const struct period *period, bool period_over,
                                   struct bill_line *out);

/* What was counted in that period, in the way a charge, commitment or cap measures it. counter is
 * its number in struct tally_count. */
MUST_CHECK enum status bill_quantity(const struct tally *tally, const struct contract_terms *terms,
                                     size_t counter, const struct period *period,
                                     struct fraction *out);

/* What usage alone costs so far, over all charges on sums and events: without flat fees (also those
 * of a first tier), fees by devices and levels, minimums and commitments. Each charge in each
 * period is cut to DECIMAL_PLACES by fraction_cut(), so that bill_add() can tell differences of it.
 */
MUST_CHECK enum status bill_usage(const struct tally *tally, struct decimal *out);

/* Adds the usage and tells its own price: what bill_usage() grows by, computed from the touched
 * charges alone. The prices of any sequence add up to the whole. Statuses are tally_add()'s; on
 * failure nothing was added. */
MUST_CHECK enum status bill_add(struct tally *tally, const struct tally_usage *usage,
                                struct decimal *price, unsigned *unpriced);

/* Whether the cost of one more unit, of this charge or of a later version's that goes on from it,
 * depends on what was counted before: then the database's counts of it must be loaded before
 * bill_add(). version is its place in the contract. */
bool bill_needs_counts(const struct contract *contract, size_t version, size_t charge);

#endif
