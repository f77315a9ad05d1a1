/* decimal.h - exact decimal numbers of money (invariant I5)
 *
 * Fixed point with 21 places in 128 bits: a price of 12 places divided by a unit of up to 10^9 is
 * exact, and sums up to 1.7 * 10^17 fit. What does not fit is refused, never rounded. No I/O;
 * thread-safe. Fields are private.
 */
#ifndef SERVER_MONEY_DECIMAL_H
#define SERVER_MONEY_DECIMAL_H

#include "schema/base/span.h"

#define DECIMAL_PLACES       21
#define DECIMAL_PRICE_PLACES 12
#define DECIMAL_TEXT_SIZE    48

__extension__ typedef __int128 decimal_units; /* the compiler's type has no other name in C11 */

struct decimal {
    decimal_units units; /* of 10^-21 */
};

/* Digits with an optional sign and up to 12 places: "3000000.00". STATUS_INVALID: anything else,
 * exponents too; STATUS_FULL: too large. */
MUST_CHECK enum status decimal_parse(struct span text, struct decimal *out);

/* The same with up to 21 places: what decimal_format() wrote, or sums of it. */
MUST_CHECK enum status decimal_parse_exact(struct span text, struct decimal *out);

/* The shortest exact text: "0", "-1.5", "0.000000000000000001". */
void decimal_format(struct decimal number, char out[DECIMAL_TEXT_SIZE]);

/* STATUS_FULL: the result does not fit. */
MUST_CHECK enum status decimal_add(struct decimal a, struct decimal b, struct decimal *out);
MUST_CHECK enum status decimal_multiply(struct decimal a, uint64_t quantity, struct decimal *out);

/* Divides by 10^power, power up to 9. STATUS_INVALID: would not be exact. */
MUST_CHECK enum status decimal_shift(struct decimal number, unsigned power, struct decimal *out);

/* Below, at or above zero like memcmp(). */
int decimal_compare(struct decimal a, struct decimal b);

#endif
