/* comparison.h - several contracts under one profile, side by side for every fleet size
 *
 * Amounts are compared exactly, before any rounding, in one currency; what a bill would say at one
 * size is rounded as the bill rounds it. Computes and writes; reads no files, asks no server.
 */
#ifndef SERVER_CTL_COMPARISON_H
#define SERVER_CTL_COMPARISON_H

#include <stdio.h>

#include "schema/base/json.h"
#include "server/money/whatif.h"

/* Other loads looked at: 20 and 10 % less, 10 and 20 % more. */
#define COMPARISON_LOADS 4
extern const int comparison_percents[COMPARISON_LOADS]; /* of the profile's usage */

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
    struct fraction rate; /* of its currency in the comparison's */
    struct curve curve;   /* in its own currency */
    struct curve compared;
    struct comparison_point point;
    const struct whatif_gap *gaps;
    size_t gap_count;     /* above 0: does not price all of the profile, and is not compared */
    const char *no_curve; /* NULL, or why there is none: then it is not compared either */
    const char *no_point; /* likewise, of the cost at the chosen size */
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

    /* made by comparison_make() */
    const struct curve_interval *intervals; /* bits by place among the sides that are compared */
    size_t interval_count;
    unsigned compared[CURVE_MOST]; /* place of the side behind each bit */
    size_t compared_count;
};

/* What one side cannot answer is told there and takes nothing from the others. Else than STATUS_OK:
 * nothing can be told; problem says why, and what to do. */
MUST_CHECK enum status comparison_make(struct comparison *comparison, char problem[256]);

/* Frees what the sides hold beside the arena: zones and what-ifs. */
void comparison_release(struct comparison *comparison);

/* The whole answer as JSON; mynactl(1) documents it. */
void comparison_write(const struct comparison *comparison, struct json_writer *writer);

/* For people: segments, the chosen size, and who is cheapest where, with a bar of so many columns.
 */
void comparison_print(const struct comparison *comparison, FILE *out, int columns);

#endif
