#include "server/money/amount.h"

#include <stdio.h>
#include <string.h>

static void format_units(decimal_units number, char out[AMOUNT_SIZE])
{
    char reversed[AMOUNT_SIZE];
    size_t size = 0, written = 0;
    const bool negative = number < 0;

    do {
        int digit = (int)(number % 10);

        reversed[size++] = (char)('0' + (digit < 0 ? -digit : digit));
        number /= 10;
    } while (number != 0);
    if (negative)
        out[written++] = '-';
    while (size > 0)
        out[written++] = reversed[--size];
    out[written] = '\0';
}

void amount_exact(struct fraction number, char out[AMOUNT_SIZE])
{
    struct decimal decimal;
    char bottom[AMOUNT_SIZE];

    if (fraction_is_decimal(number, &decimal)) {
        decimal_format(decimal, out);
        return;
    }
    format_units(number.numerator, out);
    format_units(number.denominator, bottom);
    snprintf(out + strlen(out), AMOUNT_SIZE - strlen(out), "/%s", bottom);
}

void amount_decimal(struct fraction number, char out[AMOUNT_SIZE])
{
    struct decimal decimal;

    if (fraction_is_decimal(number, &decimal)) {
        decimal_format(decimal, out);
        return;
    }
    if (fraction_cut(number, &decimal) != STATUS_OK) { /* too large for places */
        format_units(number.numerator / number.denominator, out);
        return;
    }
    for (int place = DECIMAL_PRICE_PLACES; place < DECIMAL_PLACES; place++)
        decimal.units /= 10;
    for (int place = DECIMAL_PRICE_PLACES; place < DECIMAL_PLACES; place++)
        decimal.units *= 10;
    decimal_format(decimal, out);
}

void amount_money(struct decimal amount, unsigned places, char out[AMOUNT_SIZE])
{
    decimal_format(amount, out);
    const char *point = strchr(out, '.');
    size_t have = point ? strlen(point + 1) : 0;
    size_t at = strlen(out);

    if (places > 0 && point == NULL)
        out[at++] = '.';
    for (; have < places && at + 1 < AMOUNT_SIZE; have++)
        out[at++] = '0';
    out[at] = '\0';
}

void amount_rounded(struct fraction number, unsigned places, char out[AMOUNT_SIZE])
{
    struct decimal rounded;

    if (fraction_round(number, places, &rounded) == STATUS_OK)
        amount_money(rounded, places, out);
    else
        amount_exact(number, out);
}

void amount_group(char text[AMOUNT_SIZE])
{
    const size_t first = text[0] == '-';
    size_t whole = strcspn(text + first, ".");

    for (size_t at = whole; at > 3;) {
        at -= 3;
        if (strlen(text) + 2 > AMOUNT_SIZE)
            return;
        memmove(text + first + at + 1, text + first + at, strlen(text + first + at) + 1);
        text[first + at] = ',';
    }
}
