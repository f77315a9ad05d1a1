/* amount.h - exact numbers as texts: money, fractions
 *
 * No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_AMOUNT_H
#define SERVER_MONEY_AMOUNT_H

#include "server/money/fraction.h"

#define AMOUNT_SIZE 96

/* A decimal where it is one, else "numerator/denominator". */
void amount_exact(struct fraction number, char out[AMOUNT_SIZE]);

/* The same, but always a decimal: what none holds (a third) is cut after DECIMAL_PRICE_PLACES. */
void amount_decimal(struct fraction number, char out[AMOUNT_SIZE]);

/* With at least so many places: "40.80". */
void amount_money(struct decimal amount, unsigned places, char out[AMOUNT_SIZE]);

/* Rounded to so many places, half up. */
void amount_rounded(struct fraction number, unsigned places, char out[AMOUNT_SIZE]);

/* "1234567.80" becomes "1,234,567.80". */
void amount_group(char text[AMOUNT_SIZE]);

#endif
