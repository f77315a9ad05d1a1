#include "server/money/decimal.h"

#include <assert.h>
#include <string.h>

static decimal_units power_of_ten(unsigned power)
{
    decimal_units result = 1;

    for (unsigned i = 0; i < power; i++)
        result *= 10;
    return result;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads digits from *at on into *units; false when they do not fit. */
static bool take_digits(struct span text, size_t *at, decimal_units *units)
{
    while (*at < text.size && is_digit(text.data[*at])) {
        if (__builtin_mul_overflow(*units, 10, units) ||
            __builtin_add_overflow(*units, text.data[*at] - '0', units))
            return false;
        (*at)++;
    }
    return true;
}

static enum status parse(struct span text, size_t most_places, struct decimal *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t at = negative;
    size_t places = 0;
    decimal_units units = 0;

    if (at >= text.size || !is_digit(text.data[at]))
        return STATUS_INVALID;
    if (!take_digits(text, &at, &units))
        return STATUS_FULL;
    if (at < text.size && text.data[at] == '.') {
        size_t point = at++;

        if (!take_digits(text, &at, &units))
            return STATUS_FULL;
        places = at - point - 1;
        if (places == 0 || places > most_places)
            return STATUS_INVALID;
    }
    if (at != text.size)
        return STATUS_INVALID;
    if (__builtin_mul_overflow(units, power_of_ten(DECIMAL_PLACES - (unsigned)places), &units))
        return STATUS_FULL;
    out->units = negative ? -units : units;
    return STATUS_OK;
}

enum status decimal_parse(struct span text, struct decimal *out)
{
    return parse(text, DECIMAL_PRICE_PLACES, out);
}

enum status decimal_parse_exact(struct span text, struct decimal *out)
{
    return parse(text, DECIMAL_PLACES, out);
}

void decimal_format(struct decimal number, char out[DECIMAL_TEXT_SIZE])
{
    char reversed[DECIMAL_TEXT_SIZE];
    size_t size = 0;
    size_t written = 0;
    decimal_units rest = number.units;
    bool significant = false;

    if (rest < 0)
        out[written++] = '-';
    for (unsigned place = 0; rest != 0 || place <= DECIMAL_PLACES; place++) {
        int digit = (int)(rest % 10); /* of either sign: the least number has no positive twin */

        rest /= 10;
        significant = significant || digit != 0 || place >= DECIMAL_PLACES;
        if (place == DECIMAL_PLACES && size > 0)
            reversed[size++] = '.';
        if (significant)
            reversed[size++] = (char)('0' + (digit < 0 ? -digit : digit));
    }
    while (size > 0)
        out[written++] = reversed[--size];
    out[written] = 0;
}

enum status decimal_add(struct decimal a, struct decimal b, struct decimal *out)
{
    decimal_units sum;

    if (__builtin_add_overflow(a.units, b.units, &sum))
        return STATUS_FULL;
    out->units = sum;
    return STATUS_OK;
}

enum status decimal_multiply(struct decimal a, uint64_t quantity, struct decimal *out)
{
    decimal_units product;

    if (__builtin_mul_overflow(a.units, (decimal_units)quantity, &product))
        return STATUS_FULL;
    out->units = product;
    return STATUS_OK;
}

enum status decimal_shift(struct decimal number, unsigned power, struct decimal *out)
{
    assert(power <= DECIMAL_PLACES - DECIMAL_PRICE_PLACES);
    const decimal_units divisor = power_of_ten(power);

    if (number.units % divisor != 0)
        return STATUS_INVALID;
    out->units = number.units / divisor;
    return STATUS_OK;
}

int decimal_compare(struct decimal a, struct decimal b)
{
    return (a.units > b.units) - (a.units < b.units);
}
