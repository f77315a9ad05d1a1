#include "server/money/fraction.h"

#include <assert.h>

__extension__ typedef unsigned __int128 wide; /* a magnitude: of an int64 product, of a numerator */

#define LARGEST ((wide)(~(wide)0 >> 1)) /* of a numerator or denominator */

static wide magnitude(decimal_units number)
{
    return number < 0 ? -(wide)number : (wide)number;
}

static unsigned trailing_zeros(wide number)
{
    uint64_t low = (uint64_t)number;

    return low ? (unsigned)__builtin_ctzll(low)
               : 64 + (unsigned)__builtin_ctzll((uint64_t)(number >> 64));
}

/* By halving (Stein): 128-bit division is a slow library call. gcd(0, b) is b. */
static wide common_divisor(wide a, wide b)
{
    if (a == 0 || b == 0)
        return a | b;
    if (a == 1 || b == 1)
        return 1;

    unsigned shift = trailing_zeros(a | b);

    a >>= trailing_zeros(a);
    while (b != 0) {
        b >>= trailing_zeros(b);
        if (a > b) {
            wide swap = a;

            a = b;
            b = swap;
        }
        b -= a;
    }
    return a << shift;
}

/* sign * top / bottom, which have no common divisor. */
static enum status assemble(bool negative, wide top, wide bottom, struct fraction *out)
{
    if (top > LARGEST || bottom > LARGEST)
        return STATUS_FULL;
    out->numerator = negative ? -(decimal_units)top : (decimal_units)top;
    out->denominator = (decimal_units)bottom;
    return STATUS_OK;
}

static struct fraction reduced(bool negative, wide top, wide bottom)
{
    wide divisor = common_divisor(top, bottom);
    struct fraction result = FRACTION_ZERO;
    enum status status = assemble(negative, top / divisor, bottom / divisor, &result);

    assert(status == STATUS_OK); /* callers give less than 128 bits, or enough common factors */
    (void)status;
    return result;
}

static wide power_of_ten(unsigned power)
{
    wide result = 1;

    while (power-- > 0)
        result *= 10;
    return result;
}

struct fraction fraction_of(int64_t whole)
{
    return (struct fraction){whole, 1};
}

struct fraction fraction_of_decimal(struct decimal number)
{
    const decimal_units one = (decimal_units)power_of_ten(DECIMAL_PLACES);

    if (number.units % one == 0) /* most are whole, and need no common divisor */
        return (struct fraction){number.units / one, 1};
    return reduced(number.units < 0, magnitude(number.units), (wide)one);
}

enum status fraction_parse(struct span text, struct fraction *out)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t at = negative, digits = 0, point = SIZE_MAX;
    wide top = 0;

    for (; at < text.size; at++) {
        if (text.data[at] == '.' && point == SIZE_MAX && digits > 0) {
            point = at;
            continue;
        }
        if (text.data[at] < '0' || text.data[at] > '9')
            return STATUS_INVALID;
        digits++;
        if (__builtin_mul_overflow(top, (wide)10, &top) ||
            __builtin_add_overflow(top, (wide)(text.data[at] - '0'), &top) || top > LARGEST)
            return STATUS_FULL;
    }
    size_t places = point == SIZE_MAX ? 0 : text.size - point - 1;
    if (digits == 0 || (point != SIZE_MAX && places == 0) || places > FRACTION_PLACES)
        return STATUS_INVALID;
    *out = reduced(negative, top, power_of_ten((unsigned)places));
    return STATUS_OK;
}

struct fraction fraction_ratio(int64_t parts, int64_t whole)
{
    assert(whole > 0);
    return reduced(parts < 0, magnitude(parts), (wide)whole);
}

/* Over the least common denominator; what is left to cancel can only divide what the denominators
 * had in common (Knuth, The Art of Computer Programming, 4.5.1). */
enum status fraction_add(struct fraction a, struct fraction b, struct fraction *out)
{
    decimal_units common = (decimal_units)common_divisor((wide)a.denominator, (wide)b.denominator);
    decimal_units left, right, sum;
    wide bottom;

    if (__builtin_mul_overflow(a.numerator, b.denominator / common, &left) ||
        __builtin_mul_overflow(b.numerator, a.denominator / common, &right) ||
        __builtin_add_overflow(left, right, &sum))
        return STATUS_FULL;

    wide divisor = common_divisor(magnitude(sum), (wide)common);
    if (__builtin_mul_overflow((wide)(a.denominator / common), (wide)b.denominator / divisor,
                               &bottom))
        return STATUS_FULL;
    return assemble(sum < 0, magnitude(sum) / divisor, bottom, out);
}

static struct fraction negated(struct fraction number)
{
    return (struct fraction){-number.numerator, number.denominator};
}

enum status fraction_subtract(struct fraction a, struct fraction b, struct fraction *out)
{
    return fraction_add(a, negated(b), out);
}

/* a_top / a_bottom * b_top / b_bottom, each in lowest terms. */
static enum status product(bool negative, wide a_top, wide a_bottom, wide b_top, wide b_bottom,
                           struct fraction *out)
{
    wide one = common_divisor(a_top, b_bottom);
    wide other = common_divisor(b_top, a_bottom);
    wide top, bottom;

    if (__builtin_mul_overflow(a_top / one, b_top / other, &top) ||
        __builtin_mul_overflow(a_bottom / other, b_bottom / one, &bottom))
        return STATUS_FULL;
    return assemble(negative, top, bottom, out);
}

enum status fraction_multiply(struct fraction a, struct fraction b, struct fraction *out)
{
    if (a.numerator == 0 || b.numerator == 0) {
        *out = FRACTION_ZERO;
        return STATUS_OK;
    }
    return product((a.numerator < 0) != (b.numerator < 0), magnitude(a.numerator),
                   (wide)a.denominator, magnitude(b.numerator), (wide)b.denominator, out);
}

enum status fraction_divide(struct fraction a, struct fraction b, struct fraction *out)
{
    if (b.numerator == 0)
        return STATUS_INVALID;
    if (a.numerator == 0) {
        *out = FRACTION_ZERO;
        return STATUS_OK;
    }
    return product((a.numerator < 0) != (b.numerator < 0), magnitude(a.numerator),
                   (wide)a.denominator, (wide)b.denominator, magnitude(b.numerator), out);
}

struct product {
    wide high, low;
};

/* All 256 bits, from four products of halves. */
static struct product whole_product(wide a, wide b)
{
    const wide half = (wide)UINT64_MAX;
    wide low = (a & half) * (b & half);
    wide middle = (a >> 64) * (b & half) + (low >> 64);
    wide cross = (a & half) * (b >> 64) + (middle & half);

    return (struct product){
        .high = (a >> 64) * (b >> 64) + (middle >> 64) + (cross >> 64),
        .low = cross << 64 | (low & half),
    };
}

static int compare_magnitudes(struct fraction a, struct fraction b)
{
    struct product left = whole_product(magnitude(a.numerator), (wide)b.denominator);
    struct product right = whole_product(magnitude(b.numerator), (wide)a.denominator);

    if (left.high != right.high)
        return left.high > right.high ? 1 : -1;
    return (left.low > right.low) - (left.low < right.low);
}

int fraction_compare(struct fraction a, struct fraction b)
{
    int sign = fraction_sign(a);

    if (sign != fraction_sign(b))
        return sign > fraction_sign(b) ? 1 : -1;
    return sign < 0 ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

/* The whole part of 10 * *rest / divisor, and what is left of it in *rest. Bit by bit (ten is 1010
 * in binary), because ten times the rest may need more than 128 bits. rest is below divisor. */
static unsigned next_digit(wide *rest, wide divisor)
{
    unsigned digit = 0;
    wide left = 0;

    for (unsigned bit = 8; bit != 0; bit >>= 1) {
        left <<= 1;
        digit <<= 1;
        if (left >= divisor) {
            left -= divisor;
            digit++;
        }
        if (!(10 & bit))
            continue;
        left += *rest;
        if (left >= divisor) {
            left -= divisor;
            digit++;
        }
    }
    *rest = left;
    return digit;
}

/* The magnitude's digits down to the given place, as a whole number of 10^-places, and what is left
 * of the division by the denominator. */
static enum status cut_magnitude(struct fraction number, unsigned places, wide *units, wide *rest)
{
    wide divisor = (wide)number.denominator;
    wide scaled;

    if (!__builtin_mul_overflow(magnitude(number.numerator), power_of_ten(places), &scaled)) {
        *units = scaled / divisor;
        *rest = scaled % divisor;
        return STATUS_OK;
    }
    *units = magnitude(number.numerator) / divisor;
    *rest = magnitude(number.numerator) % divisor;
    while (places-- > 0) {
        if (__builtin_mul_overflow(*units, (wide)10, units) ||
            __builtin_add_overflow(*units, (wide)next_digit(rest, divisor), units))
            return STATUS_FULL;
    }
    return STATUS_OK;
}

/* units of 10^-places as a decimal. */
static enum status to_decimal(bool negative, wide units, unsigned places, struct decimal *out)
{
    wide full;

    if (__builtin_mul_overflow(units, power_of_ten(DECIMAL_PLACES - places), &full) ||
        full > LARGEST)
        return STATUS_FULL;
    out->units = negative ? -(decimal_units)full : (decimal_units)full;
    return STATUS_OK;
}

enum status fraction_round(struct fraction number, unsigned places, struct decimal *out)
{
    wide units, rest;

    assert(places <= DECIMAL_PRICE_PLACES);
    enum status status = cut_magnitude(number, places, &units, &rest);
    if (status != STATUS_OK)
        return status;
    units += rest >= (wide)number.denominator - rest;
    return to_decimal(number.numerator < 0, units, places, out);
}

enum status fraction_cut(struct fraction number, struct decimal *out)
{
    wide units, rest;
    enum status status = cut_magnitude(number, DECIMAL_PLACES, &units, &rest);

    if (status != STATUS_OK)
        return status;
    units += number.numerator < 0 && rest != 0;
    return to_decimal(number.numerator < 0, units, DECIMAL_PLACES, out);
}

static enum status to_int64(decimal_units number, int64_t *out)
{
    if (number < INT64_MIN || number > INT64_MAX)
        return STATUS_FULL;
    *out = (int64_t)number;
    return STATUS_OK;
}

enum status fraction_floor(struct fraction number, int64_t *out)
{
    decimal_units whole = number.numerator / number.denominator;

    whole -= number.numerator < 0 && number.numerator % number.denominator != 0;
    return to_int64(whole, out);
}

enum status fraction_ceiling(struct fraction number, int64_t *out)
{
    decimal_units whole = number.numerator / number.denominator;

    whole += number.numerator > 0 && number.numerator % number.denominator != 0;
    return to_int64(whole, out);
}

bool fraction_is_decimal(struct fraction number, struct decimal *out)
{
    const wide one = power_of_ten(DECIMAL_PLACES);
    wide units;

    if (one % (wide)number.denominator != 0 ||
        __builtin_mul_overflow(magnitude(number.numerator), one / (wide)number.denominator,
                               &units) ||
        units > LARGEST)
        return false;
    out->units = number.numerator < 0 ? -(decimal_units)units : (decimal_units)units;
    return true;
}
