#include "server/money/fraction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct decimal decimal(const char *text)
{
    struct decimal number = {0};

    assert_int_equal(decimal_parse(span_text(text), &number), STATUS_OK);
    return number;
}

static struct fraction of(const char *text)
{
    return fraction_of_decimal(decimal(text));
}

static void assert_decimal(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(number, text);
    assert_string_equal(text, expected);
}

static void assert_rounds(struct fraction number, unsigned places, const char *expected)
{
    struct decimal rounded;

    assert_int_equal(fraction_round(number, places, &rounded), STATUS_OK);
    assert_decimal(rounded, expected);
}

static void assert_same(struct fraction a, struct fraction b)
{
    assert_true(a.numerator == b.numerator && a.denominator == b.denominator);
    assert_int_equal(fraction_compare(a, b), 0);
}

static struct fraction add(struct fraction a, struct fraction b)
{
    struct fraction sum;

    assert_int_equal(fraction_add(a, b, &sum), STATUS_OK);
    return sum;
}

static struct fraction multiply(struct fraction a, struct fraction b)
{
    struct fraction product;

    assert_int_equal(fraction_multiply(a, b, &product), STATUS_OK);
    return product;
}

static void i5_a_third_and_two_thirds_are_one(void **state)
{
    (void)state;
    assert_same(add(fraction_ratio(1, 3), fraction_ratio(2, 3)), fraction_of(1));
    assert_same(add(fraction_ratio(-1, 3), fraction_ratio(1, 3)), FRACTION_ZERO);
    assert_same(add(fraction_ratio(1, 6), fraction_ratio(1, 10)), fraction_ratio(4, 15));
    assert_same(multiply(of("366000"), fraction_ratio(60, 366)), fraction_of(60000));
    assert_same(fraction_ratio(-50, 100), of("-0.5"));
}

static void i5_texts_of_many_places_are_read_exactly(void **state)
{
    static const char *const bad[] = {
        "", "-", ".5", "5.", "1e3", "+1", "1.2.3", "1,5", "0.0000000000000000000000000000001"};
    struct fraction number = fraction_of(7);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fraction_parse(span_text(bad[i]), &number), STATUS_INVALID);
    assert_int_equal(fraction_parse(span_text("999999999999999999999999999999999999999"), &number),
                     STATUS_FULL);
    assert_same(number, fraction_of(7));
    assert_int_equal(fraction_parse(span_text("17.9699999999999988631316"), &number), STATUS_OK);
    assert_rounds(number, 2, "17.97");
    assert_rounds(number, 12, "17.97");
    assert_true(fraction_compare(number, of("17.97")) < 0);
    assert_int_equal(fraction_parse(span_text("-0.50"), &number), STATUS_OK);
    assert_same(number, fraction_ratio(-1, 2));
}

static void i5_differences_and_quotients_undo_sums_and_products(void **state)
{
    struct fraction a = fraction_ratio(22, 7), b = fraction_ratio(-355, 113), result;

    (void)state;
    assert_int_equal(fraction_subtract(add(a, b), b, &result), STATUS_OK);
    assert_same(result, a);
    assert_int_equal(fraction_divide(multiply(a, b), b, &result), STATUS_OK);
    assert_same(result, a);
    assert_int_equal(fraction_divide(FRACTION_ZERO, b, &result), STATUS_OK);
    assert_same(result, FRACTION_ZERO);
    assert_int_equal(fraction_divide(a, FRACTION_ZERO, &result), STATUS_INVALID);
}

static void i5_rounding_is_half_up_away_from_zero(void **state)
{
    (void)state;
    assert_rounds(of("0.5"), 0, "1");
    assert_rounds(of("-0.5"), 0, "-1");
    assert_rounds(of("0.499999999999"), 0, "0");
    assert_rounds(of("-0.499999999999"), 0, "0");
    assert_rounds(of("1.005"), 2, "1.01");
    assert_rounds(of("2.675"), 2, "2.68");
    assert_rounds(fraction_ratio(18000, 7), 0, "2571");
    assert_rounds(fraction_ratio(2000000, 29), 0, "68966");
    assert_rounds(fraction_ratio(2, 3), 12, "0.666666666667");
}

static void i5_digits_come_out_right_where_ten_times_the_rest_needs_more_than_128_bits(void **state)
{
    /* (2^127 - 2) / (2^127 - 1), and the half of it */
    decimal_units largest = (decimal_units)(~(unsigned __int128)0 >> 1);
    struct fraction nearly = {largest - 1, largest};
    struct fraction half = {(largest - 1) / 2, largest};
    struct decimal cut;

    (void)state;
    assert_rounds(nearly, 12, "1");
    assert_int_equal(fraction_cut(nearly, &cut), STATUS_OK);
    assert_decimal(cut, "0.999999999999999999999");
    assert_rounds(half, 0, "0"); /* below the half by 10^-38 */
    assert_int_equal(fraction_cut(half, &cut), STATUS_OK);
    assert_decimal(cut, "0.499999999999999999999");
}

static void i5_cutting_goes_towards_minus_infinity_so_that_differences_add_up(void **state)
{
    struct decimal cut;

    (void)state;
    assert_int_equal(fraction_cut(fraction_ratio(2, 3), &cut), STATUS_OK);
    assert_decimal(cut, "0.666666666666666666666");
    assert_int_equal(fraction_cut(fraction_ratio(-2, 3), &cut), STATUS_OK);
    assert_decimal(cut, "-0.666666666666666666667");
    assert_int_equal(fraction_cut(of("-1.25"), &cut), STATUS_OK);
    assert_decimal(cut, "-1.25");
}

static void comparison_is_exact_beyond_128_bits(void **state)
{
    decimal_units largest = (decimal_units)(~(unsigned __int128)0 >> 1);
    struct fraction less = {largest - 2, largest - 1};
    struct fraction more = {largest - 1, largest};

    (void)state;
    assert_true(fraction_compare(less, more) < 0);
    assert_true(fraction_compare(more, less) > 0);
    assert_true(fraction_compare((struct fraction){2 - largest, largest - 1},
                                 (struct fraction){1 - largest, largest}) > 0);
    assert_true(fraction_compare(fraction_of(-1), fraction_ratio(1, 3)) < 0);
    assert_true(fraction_compare(FRACTION_ZERO, fraction_ratio(-1, 3)) > 0);
    assert_true(fraction_compare(fraction_ratio(1, 3), of("0.333333333333")) > 0);
}

static void i5_what_does_not_fit_is_refused_and_not_rounded(void **state)
{
    decimal_units largest = (decimal_units)(~(unsigned __int128)0 >> 1);
    struct fraction huge = {largest, 1}, tiny = {1, largest}, out = fraction_of(7);
    struct decimal text = decimal("7");

    (void)state;
    assert_int_equal(fraction_add(huge, huge, &out), STATUS_FULL);
    assert_int_equal(fraction_subtract(tiny, fraction_ratio(1, 2), &out), STATUS_FULL);
    assert_int_equal(fraction_multiply(huge, fraction_of(2), &out), STATUS_FULL);
    assert_int_equal(fraction_divide(tiny, fraction_of(2), &out), STATUS_FULL);
    assert_int_equal(fraction_round(huge, 2, &text), STATUS_FULL);
    assert_int_equal(fraction_cut(huge, &text), STATUS_FULL);
    assert_same(out, fraction_of(7));
    assert_decimal(text, "7");
}

static void i5_products_that_reduce_fit_however_large_their_factors(void **state)
{
    decimal_units largest = (decimal_units)(~(unsigned __int128)0 >> 1);

    (void)state;
    assert_same(multiply((struct fraction){largest, 2}, (struct fraction){2, largest}),
                fraction_of(1));
}

static void whole_numbers_below_and_above(void **state)
{
    static const struct {
        int64_t parts, whole, floor, ceiling;
    } cases[] = {{7, 2, 3, 4}, {-7, 2, -4, -3}, {6, 2, 3, 3}, {-6, 2, -3, -3}, {0, 5, 0, 0}};
    int64_t out = 7;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fraction number = fraction_ratio(cases[i].parts, cases[i].whole);

        assert_int_equal(fraction_floor(number, &out), STATUS_OK);
        assert_int_equal(out, cases[i].floor);
        assert_int_equal(fraction_ceiling(number, &out), STATUS_OK);
        assert_int_equal(out, cases[i].ceiling);
    }
    assert_int_equal(fraction_floor((struct fraction){(decimal_units)INT64_MAX + 1, 1}, &out),
                     STATUS_FULL);
    assert_int_equal(fraction_ceiling((struct fraction){(decimal_units)INT64_MIN - 1, 1}, &out),
                     STATUS_FULL);
}

static void a_decimal_is_told_from_a_third(void **state)
{
    struct decimal out = decimal("7");

    (void)state;
    assert_false(fraction_is_decimal(fraction_ratio(1, 3), &out));
    assert_decimal(out, "7");
    assert_true(fraction_is_decimal(fraction_ratio(-7, 8), &out));
    assert_decimal(out, "-0.875");
    assert_same(fraction_of_decimal(out), fraction_ratio(-7, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_a_third_and_two_thirds_are_one),
        cmocka_unit_test(i5_texts_of_many_places_are_read_exactly),
        cmocka_unit_test(i5_differences_and_quotients_undo_sums_and_products),
        cmocka_unit_test(i5_rounding_is_half_up_away_from_zero),
        cmocka_unit_test(
            i5_digits_come_out_right_where_ten_times_the_rest_needs_more_than_128_bits),
        cmocka_unit_test(i5_cutting_goes_towards_minus_infinity_so_that_differences_add_up),
        cmocka_unit_test(comparison_is_exact_beyond_128_bits),
        cmocka_unit_test(i5_what_does_not_fit_is_refused_and_not_rounded),
        cmocka_unit_test(i5_products_that_reduce_fit_however_large_their_factors),
        cmocka_unit_test(whole_numbers_below_and_above),
        cmocka_unit_test(a_decimal_is_told_from_a_third),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
