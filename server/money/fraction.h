/* fraction.h - exact rational numbers of money (invariant I5)
 *
 * A numerator and a denominator of 128 bits, always in lowest terms: what a third of a month, 29 of
 * 365 days or a price per 60,000 ms is. What does not fit, or whose way there does not (a sum is
 * made over the least common denominator, products are reduced crosswise before they are made), is
 * refused with STATUS_FULL, never rounded. The one rounding is fraction_round(). No I/O;
 * thread-safe. Fields are private.
 */
#ifndef SERVER_MONEY_FRACTION_H
#define SERVER_MONEY_FRACTION_H

#include <stdbool.h>

#include "server/money/decimal.h"

struct fraction {
    decimal_units numerator;
    decimal_units denominator; /* above 0 */
};

#define FRACTION_ZERO ((struct fraction){0, 1})

struct fraction fraction_of(int64_t whole);
struct fraction fraction_of_decimal(struct decimal number);

/* Digits with an optional sign and up to FRACTION_PLACES places, more than a decimal may have.
 * STATUS_INVALID: anything else; STATUS_FULL: too large. */
#define FRACTION_PLACES 30
MUST_CHECK enum status fraction_parse(struct span text, struct fraction *out);

/* parts of whole, which is above 0: 60 days of 366. */
struct fraction fraction_ratio(int64_t parts, int64_t whole);

/* STATUS_FULL: does not fit; divide: STATUS_INVALID when b is 0. out may be a or b. */
MUST_CHECK enum status fraction_add(struct fraction a, struct fraction b, struct fraction *out);
MUST_CHECK enum status fraction_subtract(struct fraction a, struct fraction b,
                                         struct fraction *out);
MUST_CHECK enum status fraction_multiply(struct fraction a, struct fraction b,
                                         struct fraction *out);
MUST_CHECK enum status fraction_divide(struct fraction a, struct fraction b, struct fraction *out);

/* Below, at or above zero like memcmp(); exact whatever the sizes. */
int fraction_compare(struct fraction a, struct fraction b);

/* Here, because a bill asks it of every rate it has. */
static inline int fraction_sign(struct fraction number)
{
    return (number.numerator > 0) - (number.numerator < 0);
}

/* To so many places (0 to 12): half up, away from zero at the half (-0.5 becomes -1): the one
 * rounding of a bill line. STATUS_FULL: does not fit a decimal. */
MUST_CHECK enum status fraction_round(struct fraction number, unsigned places, struct decimal *out);

/* To DECIMAL_PLACES, towards minus infinity: cumulative amounts cut this way make differences that
 * add up again without loss. */
MUST_CHECK enum status fraction_cut(struct fraction number, struct decimal *out);

/* The whole number at or below, at or above. STATUS_FULL: beyond int64_t. */
MUST_CHECK enum status fraction_floor(struct fraction number, int64_t *out);
MUST_CHECK enum status fraction_ceiling(struct fraction number, int64_t *out);

/* Whether a decimal of 21 places holds it exactly. */
bool fraction_is_decimal(struct fraction number, struct decimal *out);

#endif
