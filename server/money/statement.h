/* statement.h - what of a contract's bill falls into one month, what changed since, who bears it
 *
 * A line belongs to the month in which its period ends, when what it counts is known; fees and
 * purchases, which count nothing, to the month in which their period begins. So the statements of
 * all months add up to the bill. What is learned of a month after its close becomes a correction in
 * a later statement: the difference, named after that month. No I/O; thread-safe. Plain data.
 */
#ifndef SERVER_MONEY_STATEMENT_H
#define SERVER_MONEY_STATEMENT_H

#include "server/money/bill.h"

struct statement_line {
    int64_t month; /* first day of the month that it is of; that of the statement, or earlier */
    const char *source; /* "charge", "commitment" ... */
    const char *name;
    int64_t first, end;   /* its period, local days */
    const char *metric;   /* "" where nothing is counted */
    const char *quantity; /* exact text */
    struct decimal amount;
    const struct bill_step *steps; /* how it came to be so much; none of what was stated before */
    size_t step_count;
    bool is_usage; /* a charge for what was counted; else a fee, a shortfall ... */
};

/* The month around that day: first days of it and of the next. */
struct period_range statement_month(int64_t day);

const char *statement_source(enum bill_source source); /* "charge" */

/* First day of the first month to which a line other than of nothing belongs; INT64_MAX: none. */
int64_t statement_first_month(const struct bill *bill);

/* That of the last one; INT64_MIN: none. */
int64_t statement_last_month(const struct bill *bill);

/* The bill's lines of that month; texts in the arena or borrowed from the bill. */
MUST_CHECK enum status statement_lines(const struct bill *bill, struct period_range month,
                                       struct arena *arena, struct statement_line **lines,
                                       size_t *count);

/* What now says otherwise than was: a line for each difference of an amount. was are the lines of
 * that month in all statements so far (own lines and corrections; alike ones add up), now those of
 * statement_lines(). A correction's quantity is what is counted now. */
MUST_CHECK enum status statement_corrections(const struct statement_line *was, size_t was_count,
                                             const struct statement_line *now, size_t now_count,
                                             struct arena *arena, struct statement_line **lines,
                                             size_t *count);

MUST_CHECK enum status statement_total(const struct statement_line *lines, size_t count,
                                       struct decimal *out);

/* Shares total out by weights of 0 or more, in minor units of so many places, exactly: what is left
 * after rounding down goes to the largest remainders, the first of them on a tie. All weights 0:
 * evenly. STATUS_INVALID: a weight below 0, or total is finer than the minor unit. */
MUST_CHECK enum status statement_share(struct decimal total, unsigned places,
                                       const struct fraction *weights, size_t count,
                                       struct decimal *out);

#endif
