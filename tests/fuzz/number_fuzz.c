#include "tests/fuzz/fuzz.h"

#include "server/money/fraction.h"
#include "server/money/zone.h"

/* I5: money that was read is written exactly, and read again as the same. */
static void read_money(struct span text)
{
    struct decimal number, again, back;
    struct fraction fraction;
    char written[DECIMAL_TEXT_SIZE];

    if (decimal_parse(text, &number) == STATUS_OK) {
        decimal_format(number, written);
        FUZZ_CHECK(decimal_parse(span_text(written), &again) == STATUS_OK);
        FUZZ_CHECK(decimal_compare(number, again) == 0);
    }
    if (decimal_parse_exact(text, &number) == STATUS_OK) {
        decimal_format(number, written);
        FUZZ_CHECK(decimal_parse_exact(span_text(written), &again) == STATUS_OK);
        FUZZ_CHECK(decimal_compare(number, again) == 0);
        FUZZ_CHECK(fraction_is_decimal(fraction_of_decimal(number), &back));
        FUZZ_CHECK(decimal_compare(number, back) == 0);
    }
    if (fraction_parse(text, &fraction) == STATUS_OK) {
        FUZZ_CHECK(fraction.denominator > 0);
        FUZZ_CHECK(fraction_compare(fraction, fraction) == 0);
        (void)!fraction_round(fraction, 2, &number);
        (void)!fraction_cut(fraction, &number);
    }
}

static void read_date(struct span text)
{
    char written[ZONE_DATE_SIZE];
    int64_t day;

    if (zone_parse_date(text, &day) != STATUS_OK)
        return;
    zone_format_date(day, written);
    FUZZ_CHECK(span_equal_text(text, written));
}

/* The arithmetic refuses what does not fit, and what it gives is in lowest terms with a denominator
 * above 0: the input is two numbers with a blank between. */
static void calculate(struct span a_text, struct span b_text)
{
    struct fraction a, b, sum, back;

    if (fraction_parse(a_text, &a) != STATUS_OK || fraction_parse(b_text, &b) != STATUS_OK)
        return;
    if (fraction_add(a, b, &sum) == STATUS_OK && fraction_subtract(sum, b, &back) == STATUS_OK)
        FUZZ_CHECK(fraction_compare(back, a) == 0);
    if (fraction_multiply(a, b, &sum) == STATUS_OK && fraction_sign(b) != 0 &&
        fraction_divide(sum, b, &back) == STATUS_OK)
        FUZZ_CHECK(fraction_compare(back, a) == 0);
    FUZZ_CHECK((fraction_compare(a, b) < 0) == (fraction_compare(b, a) > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);

    read_money(text);
    read_date(text);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == ' ') {
            calculate(span_of(data, i), span_of(data + i + 1, size - i - 1));
            break;
        }
    }
    return 0;
}
