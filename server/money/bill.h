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

/* How a line's amount was made, step by step. The amounts of all steps add up to the line's: each
 * is rounded to DECIMAL_PRICE_PLACES, and the last step is what is between their sum and the line.
 */
enum bill_step_kind {
    BILL_STEP_WEIGHT,   /* quantity x price / unit are so many points, which cost nothing yet */
    BILL_STEP_INCLUDED, /* quantity that costs nothing: included units */
    BILL_STEP_PACK,     /* likewise: units that packs paid */
    BILL_STEP_FREE,     /* likewise: a free amount, free events */
    BILL_STEP_UNITS,    /* quantity x price / unit */
    BILL_STEP_PACKAGES, /* quantity in packages, each started one at price */
    BILL_STEP_FLAT,     /* quantity x price: a fee, whatever was counted */
    BILL_STEP_DAYS,     /* quantity of price: days, or levels by their days; the rest comes off */
    BILL_STEP_DISCOUNT, /* quantity x price comes off */
    BILL_STEP_EARLIER,  /* what was counted under earlier terms comes to that much by these */
    BILL_STEP_MAXIMUM,  /* comes off, for the maximum price */
    BILL_STEP_MINIMUM,  /* is added, for the minimum price */
    BILL_STEP_PROMISED, /* of a commitment: quantity promised; its amount where it is money */
    BILL_STEP_COUNTED,  /* likewise: what was counted */
    BILL_STEP_KEPT,     /* likewise: what earlier periods had too much */
    BILL_STEP_MISSING,  /* quantity that is missing x price */
    BILL_STEP_LISTED,   /* what a charge named `name` would have been without its discount */
    BILL_STEP_SHARE,    /* quantity x price: a share of money */
    BILL_STEP_BILLED,   /* what the charge named `name` is billed already comes off */
    BILL_STEP_BOUND,    /* comes back, since no more was left to take off */
    BILL_STEP_AMOUNT,   /* just that much */
    BILL_STEP_WAS,      /* of a correction: what was stated before comes off */
    BILL_STEP_ROUNDING, /* to the currency's minor unit, half up; last, and only where it is any */
};

/* Plain data; what it points to belongs to the contract. */
struct bill_step {
    enum bill_step_kind kind;
    const char *name;                  /* of what it is about; NULL: of the line's own */
    const char *metric;                /* NULL: the rate's, or the line's */
    const struct contract_rate *rate;  /* which usage; NULL: all that the charge counts */
    const struct contract_tier *tier;  /* NULL: none */
    const struct contract_tier *below; /* the tier before; NULL: from zero */
    bool has_quantity, has_price;
    struct fraction quantity, price; /* price is that of unit */
    int64_t unit;                    /* 0 and 1: of one */
    struct fraction package;         /* how many a package holds */
    struct decimal amount;
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
    const struct bill_step *steps; /* of bill_explain() alone */
    size_t step_count;
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

/* The same bill, and each line tells its steps. */
MUST_CHECK enum status bill_explain(const struct tally *tally, int64_t as_of_ms,
                                    struct arena *arena, struct bill *out);

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

/* What the lines of a commitment's charges come to in a period so far, exact: of charges on what is
 * counted. Fees of kind flat and capacity, which are whole from their period's first day, and what
 * counts toward no commitment are not in it. */
MUST_CHECK enum status bill_spent(const struct bill *bill, const struct contract *contract,
                                  const struct contract_commitment *commitment,
                                  const struct period *period, struct fraction *out);

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
