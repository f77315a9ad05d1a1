#include "server/money/amount.h"

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

static void money_has_the_places_of_its_currency_and_more_where_it_is_finer(void **state)
{
    char text[AMOUNT_SIZE];

    (void)state;
    amount_money(of("40.8"), 2, text);
    assert_string_equal(text, "40.80");
    amount_money(of("-7"), 2, text);
    assert_string_equal(text, "-7.00");
    amount_money(of("7"), 0, text);
    assert_string_equal(text, "7");
    amount_money(of("0.123"), 2, text);
    assert_string_equal(text, "0.123");
}

static void what_no_decimal_holds_is_a_fraction(void **state)
{
    char text[AMOUNT_SIZE];

    (void)state;
    amount_exact(fraction_ratio(-2, 6), text);
    assert_string_equal(text, "-1/3");
    amount_exact(fraction_ratio(1, 8), text);
    assert_string_equal(text, "0.125");
    amount_rounded(fraction_ratio(2, 3), 2, text);
    assert_string_equal(text, "0.67");
}

/* A line's quantity was told as "2/31". */
static void what_no_decimal_holds_may_be_cut(void **state)
{
    char text[AMOUNT_SIZE];

    (void)state;
    amount_decimal(fraction_ratio(2, 31), text);
    assert_string_equal(text, "0.064516129032");
    amount_decimal(fraction_ratio(200, 3), text);
    assert_string_equal(text, "66.666666666666");
    amount_decimal(fraction_ratio(1, 8), text);
    assert_string_equal(text, "0.125");
    amount_decimal((struct fraction){(decimal_units)INT64_MAX * 1000000, 3}, text);
    assert_string_equal(text, "3074457345618258602333333");
}

static void thousands_are_told_apart(void **state)
{
    static const char *const cases[][2] = {{"1234567.80", "1,234,567.80"},
                                           {"-1000", "-1,000"},
                                           {"999.5", "999.5"},
                                           {"-100", "-100"},
                                           {"0", "0"},
                                           {"100000", "100,000"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[AMOUNT_SIZE];

        assert_int_equal(span_to_text(span_text(cases[i][0]), text, sizeof text), STATUS_OK);
        amount_group(text);
        assert_string_equal(text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_has_the_places_of_its_currency_and_more_where_it_is_finer),
        cmocka_unit_test(what_no_decimal_holds_is_a_fraction),
        cmocka_unit_test(what_no_decimal_holds_may_be_cut),
        cmocka_unit_test(thousands_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
