/* comparison.h - several contracts under one profile, side by side for every fleet size
 *
 * Amounts are compared exactly, before any rounding, in one currency; what a bill would say at one
 * size is rounded as the bill rounds it. Computes and writes; no I/O.
 */
#ifndef SERVER_MONEY_COMPARISON_H
#define SERVER_MONEY_COMPARISON_H

#include "schema/base/json.h"
#include "server/money/whatif.h"

/* Other loads looked at: 20 and 10 % less, 10 and 20 % more. */
#define COMPARISON_LOADS 4
extern const int comparison_percents[COMPARISON_LOADS]; /* of the profile's usage */

/* Loads that a picture over usage is drawn from: 0, 10, 20 ... per cent. */
#define COMPARISON_STEPS     21
#define COMPARISON_STEP_SIZE 10

/* What one contract costs at the chosen size. Plain data. */
struct comparison_point {
    struct fraction exact;
    struct fraction converted; /* exact, in the comparison's currency: rounded for show alone */
    struct decimal billed;
    struct fraction marginal; /* what the next robot adds, exact */
    struct decimal unused;    /* commitments' lines of the bill: paid for what was not used */
    struct bill bill;         /* for its commitments' lines */
    struct decimal loads[COMPARISON_LOADS]; /* billed under other loads */
};

struct comparison_side {
    struct contract contract; /* with a term */
    struct zone *zone;
    struct whatif *whatif;
    struct fraction rate;                 /* of its currency in the comparison's */
    const struct whatif_profile *profile; /* NULL: the comparison's; else the same rows, asked of
                                             this contract by other models */
    struct curve curve;                   /* in its own currency */
    struct curve compared;
    struct comparison_point point;
    const struct whatif_gap *gaps;
    size_t gap_count;      /* above 0: does not price all of the profile, and is not compared */
    const char *no_curve;  /* NULL, or why there is none: then it is not compared either */
    const char *no_point;  /* likewise, of the cost at the chosen size */
    struct decimal *steps; /* billed at the chosen size under COMPARISON_STEPS loads, or NULL */
};

/* A dated rate of exchange: one of currency is so much of the comparison's. Plain data. */
struct comparison_rate {
    char currency[4];
    struct fraction rate;
    const char *text; /* "7.1234" */
    const char *date;
};

/* The caller fills the first part; sides have contract, zone and rate. */
struct comparison {
    struct arena *arena;
    struct comparison_side *sides;
    size_t side_count;
    const struct whatif_profile *profile;
    const char *source; /* where the profile is from, for people */
    const struct comparison_rate *rates;
    size_t rate_count;
    const char *currency; /* in which they are compared */
    unsigned places;      /* of its minor unit */
    int64_t from, to, at; /* robots */
    bool explains;        /* the lines of the bills at that size tell their steps */
    size_t most_bills;    /* of one contract's curve: what takes more is left out; 0: any number */

    /* made by comparison_make() */
    const struct curve_interval *intervals; /* bits by place among the sides that are compared */
    size_t interval_count;
    unsigned compared[CURVE_MOST]; /* place of the side behind each bit */
    size_t compared_count;
};

/* Gives a contract without an end those days. STATUS_MEMORY. */
MUST_CHECK enum status comparison_limit(struct contract *contract, struct period_range days,
                                        struct arena *arena);

/* Finds the currency, the one of the sides that has no rate, and each side's rate. STATUS_INVALID:
 * they cannot be brought to one, or terms of unlike length would be compared (a year is not set
 * against a quarter; a leap day does not matter); problem says why. *wanted: the currency that
 * lacks a rate, else NULL. */
MUST_CHECK enum status comparison_settle(struct comparison *comparison, const char **wanted,
                                         char problem[256]);

/* What one side cannot answer is told there and takes nothing from the others. Else than STATUS_OK:
 * nothing can be told; problem says why, and what to do. */
MUST_CHECK enum status comparison_make(struct comparison *comparison, char problem[256]);

/* Bills each side under the loads of COMPARISON_STEPS; a side that cannot be billed keeps NULL.
 * STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status comparison_step(struct comparison *comparison);

/* Frees what the sides hold beside the arena: zones and what-ifs. */
void comparison_release(struct comparison *comparison);

/* How much of it is written. Plain data. */
struct comparison_shape {
    size_t most_segments;  /* of a contract; those of one that has more are left out */
    size_t most_intervals; /* the first so many */
    size_t points;         /* of each curve, to draw it by; 0: none */
    bool lines;            /* the bill of the chosen size, line by line, with steps that it tells */
};

/* The answer as JSON, for programs; NULL: all segments and intervals, no points, no lines.
 * mynactl(1) and openapi.yaml document it. */
void comparison_write(const struct comparison *comparison, const struct comparison_shape *shape,
                      struct json_writer *writer);

#endif
