#include "server/money/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct decimal of(const char *text)
{
    struct decimal number = {0};

    assert_int_equal(decimal_parse(span_text(text), &number), STATUS_OK);
    return number;
}

static void assert_text(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(number, text);
    assert_string_equal(text, expected);
}

static void i5_numbers_come_back_as_their_shortest_exact_text(void **state)
{
    (void)state;
    assert_text(of("0"), "0");
    assert_text(of("-0.00"), "0");
    assert_text(of("3000000.00"), "3000000");
    assert_text(of("0.000000000001"), "0.000000000001");
    assert_text(of("-12.340"), "-12.34");
    assert_text(of("100000000000000000"), "100000000000000000");
}

static void i5_what_was_written_with_all_its_places_is_read_again(void **state)
{
    struct decimal number;

    (void)state;
    assert_int_equal(decimal_parse_exact(span_text("-333.333333333333333333333"), &number),
                     STATUS_OK);
    assert_text(number, "-333.333333333333333333333");
    assert_int_equal(decimal_parse(span_text("333.3333333333333"), &number), STATUS_INVALID);
    assert_int_equal(decimal_parse_exact(span_text("0.3333333333333333333333"), &number),
                     STATUS_INVALID);
}

static void i5_a_price_divided_by_its_unit_is_exact(void **state)
{
    struct decimal number;

    (void)state;
    assert_int_equal(decimal_shift(of("0.000000000001"), 9, &number), STATUS_OK);
    assert_text(number, "0.000000000000000000001");
    assert_int_equal(decimal_shift(number, 1, &number), STATUS_INVALID);
    assert_text(number, "0.000000000000000000001");
}

static void i5_what_does_not_fit_is_refused_and_not_rounded(void **state)
{
    struct decimal number = of("7");

    (void)state;
    assert_int_equal(decimal_multiply(of("100000000000000000"), 2, &number), STATUS_FULL);
    assert_int_equal(decimal_add(of("100000000000000000"), of("100000000000000000"), &number),
                     STATUS_FULL);
    assert_int_equal(decimal_parse(span_text("1000000000000000000"), &number), STATUS_FULL);
    assert_int_equal(decimal_parse(span_text("99999999999999999999999999999999999999999"), &number),
                     STATUS_FULL);
    assert_text(number, "7");
}

static void sums_and_products_carry(void **state)
{
    struct decimal number;

    (void)state;
    assert_int_equal(decimal_multiply(of("0.0008"), 1000, &number), STATUS_OK);
    assert_text(number, "0.8");
    assert_int_equal(decimal_add(of("0.999999999999"), of("0.000000000001"), &number), STATUS_OK);
    assert_text(number, "1");
    assert_int_equal(decimal_add(of("1"), of("-1.5"), &number), STATUS_OK);
    assert_text(number, "-0.5");
    assert_true(decimal_compare(of("-0.5"), of("0")) < 0);
    assert_true(decimal_compare(of("2"), of("1.999999999999")) > 0);
    assert_int_equal(decimal_compare(of("1.0"), of("1")), 0);
}

static void what_is_no_decimal_is_refused(void **state)
{
    static const char *const bad[] = {"",    "-",   ".5",   "5.",  "1e3",
                                      "+1",  " 1",  "1 ",   "1,5", "0.0000000000001",
                                      "0x1", "--1", "1.2.3"};
    struct decimal number = of("7");

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(decimal_parse(span_text(bad[i]), &number), STATUS_INVALID);
    assert_text(number, "7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_numbers_come_back_as_their_shortest_exact_text),
        cmocka_unit_test(i5_what_was_written_with_all_its_places_is_read_again),
        cmocka_unit_test(i5_a_price_divided_by_its_unit_is_exact),
        cmocka_unit_test(i5_what_does_not_fit_is_refused_and_not_rounded),
        cmocka_unit_test(sums_and_products_carry),
        cmocka_unit_test(what_is_no_decimal_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
