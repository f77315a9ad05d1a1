#include "server/money/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/dice.h"

static int make(void **state)
{
    return arena_create((struct arena **)state, 1u << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static struct decimal of(const char *text)
{
    struct decimal number = {0};

    assert_int_equal(decimal_parse(span_text(text), &number), STATUS_OK);
    return number;
}

static void assert_amount(struct decimal amount, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(amount, text);
    assert_string_equal(text, expected);
}

static int64_t day(const char *date)
{
    int64_t out = 0;

    assert_int_equal(zone_parse_date(span_text(date), &out), STATUS_OK);
    return out;
}

static struct bill_line line(enum bill_source source, const char *metric, const char *first,
                             const char *end, const char *amount)
{
    return (struct bill_line){
        .source = source,
        .name = "c",
        .version = 1,
        .period = {.whole = {day(first), day(end)}, .clipped = {day(first), day(end)}},
        .metric = metric,
        .quantity = fraction_of(1),
        .exact = FRACTION_ZERO,
        .amount = of(amount),
    };
}

static void the_statements_of_all_months_add_up_to_the_bill(void **state)
{
    const struct bill_line lines[] = {
        line(BILL_CHARGE, "", "2026-01-01", "2027-01-01", "3000000"),
        line(BILL_CHARGE, "output", "2026-11-01", "2026-12-01", "1"),
        line(BILL_CHARGE, "output", "2026-11-30", "2026-12-07", "20"),
        line(BILL_COMMITMENT, "spend", "2026-10-01", "2027-01-01", "300"),
        line(BILL_PURCHASE, "", "2026-11-15", "2027-11-15", "4000"),
    };
    const struct bill bill = {.lines = lines, .line_count = 5};
    static const char *const expected[] = {"3000000", "0", "0", "0", "0",    "0",
                                           "0",       "0", "0", "0", "4001", "320"};

    for (int month = 1; month <= 12; month++) {
        struct statement_line *found;
        struct decimal total;
        size_t count;
        const struct period_range range = statement_month(zone_day_of(2026, month, 17));

        assert_int_equal(statement_lines(&bill, range, *state, &found, &count), STATUS_OK);
        assert_int_equal(statement_total(found, count, &total), STATUS_OK);
        assert_amount(total, expected[month - 1]);
    }
}

static void the_first_month_is_that_of_the_first_line_that_is_not_of_nothing(void **state)
{
    const struct bill_line lines[] = {
        line(BILL_CHARGE, "output", "2025-11-01", "2025-12-01", "0"),
        line(BILL_CHARGE, "output", "2025-12-29", "2026-03-01", "7"),
        line(BILL_CHARGE, "", "2026-01-31", "2026-03-01", "30"),
    };
    struct bill bill = {.lines = lines, .line_count = 3};

    (void)state;
    assert_int_equal(statement_first_month(&bill), day("2026-01-01"));
    bill.line_count = 2;
    assert_int_equal(statement_first_month(&bill), day("2026-02-01"));
    bill.line_count = 1;
    assert_int_equal(statement_first_month(&bill), INT64_MAX);
}

static void a_fee_of_the_next_months_first_day_is_none_of_this_month(void **state)
{
    const struct bill_line lines[] = {line(BILL_CHARGE, "", "2026-03-01", "2026-04-01", "30")};
    const struct bill bill = {.lines = lines, .line_count = 1};
    struct statement_line *found;
    size_t count;

    assert_int_equal(
        statement_lines(&bill, statement_month(day("2026-02-01")), *state, &found, &count),
        STATUS_OK);
    assert_int_equal(count, 0);
}

static void only_charges_for_what_was_counted_are_usage(void **state)
{
    const struct bill_line lines[] = {
        line(BILL_CHARGE, "", "2026-03-01", "2026-04-01", "30"),
        line(BILL_CHARGE, "output", "2026-03-01", "2026-04-01", "7"),
        line(BILL_COMMITMENT, "spend", "2026-03-01", "2026-04-01", "2"),
    };
    const struct bill bill = {.lines = lines, .line_count = 3};
    struct statement_line *found;
    size_t count;

    assert_int_equal(
        statement_lines(&bill, statement_month(day("2026-03-01")), *state, &found, &count),
        STATUS_OK);
    assert_int_equal(count, 3);
    assert_false(found[0].is_usage);
    assert_true(found[1].is_usage);
    assert_false(found[2].is_usage);
}

static struct statement_line was(const char *name, const char *first, const char *amount)
{
    return (struct statement_line){
        .month = day("2026-10-01"),
        .source = "charge",
        .name = name,
        .first = day(first),
        .end = day("2026-11-01"),
        .metric = "output",
        .quantity = "7",
        .amount = of(amount),
    };
}

static void a_correction_is_what_is_not_told_yet(void **state)
{
    const struct statement_line told[] = {was("a", "2026-10-01", "10"), was("b", "2026-10-01", "5"),
                                          was("a", "2026-10-01", "2.50"),
                                          was("gone", "2026-10-01", "1")};
    const struct statement_line now[] = {was("a", "2026-10-01", "12.50"),
                                         was("b", "2026-10-01", "4"), was("a", "2026-10-15", "3")};
    struct statement_line *found;
    size_t count;

    assert_int_equal(statement_corrections(told, 4, now, 3, *state, &found, &count), STATUS_OK);
    assert_int_equal(count, 3);
    assert_string_equal(found[0].name, "b");
    assert_amount(found[0].amount, "-1");
    assert_string_equal(found[1].name, "a");
    assert_int_equal(found[1].first, day("2026-10-15"));
    assert_amount(found[1].amount, "3");
    assert_string_equal(found[2].name, "gone");
    assert_string_equal(found[2].quantity, "0");
    assert_amount(found[2].amount, "-1");
    assert_int_equal(statement_corrections(now, 3, now, 3, *state, &found, &count), STATUS_OK);
    assert_int_equal(count, 0);

    const struct statement_line halves[] = {was("a", "2026-10-01", "6"),
                                            was("a", "2026-10-01", "7")};
    assert_int_equal(statement_corrections(now, 1, halves, 2, *state, &found, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_amount(found[0].amount, "0.5");
}

static void lines_that_differ_in_source_metric_or_end_correct_one_another_apart(void **state)
{
    const struct statement_line told[] = {was("a", "2026-10-01", "10")};
    struct statement_line now[] = {told[0], told[0], told[0]};
    struct statement_line *found;
    size_t count;

    now[0].source = "credit";
    now[1].metric = "requests";
    now[2].end--;
    assert_int_equal(statement_corrections(told, 1, now, 3, *state, &found, &count), STATUS_OK);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 3; i++)
        assert_amount(found[i].amount, "10");
    assert_amount(found[3].amount, "-10");
}

static void what_is_gone_is_taken_back_once_however_often_it_was_corrected(void **state)
{
    const struct statement_line told[] = {was("gone", "2026-10-01", "5"),
                                          was("gone", "2026-10-01", "-2")};
    struct statement_line *found;
    size_t count;

    assert_int_equal(statement_corrections(told, 2, NULL, 0, *state, &found, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_amount(found[0].amount, "-3");
}

static void a_share_is_of_one_to_256_and_no_more_than_64_bits(void **state)
{
    static struct fraction weights[257];
    static struct decimal shares[257];

    (void)state;
    for (size_t i = 0; i < 257; i++)
        weights[i] = fraction_of(1);
    assert_int_equal(statement_share(of("2.56"), 2, weights, 256, shares), STATUS_OK);
    assert_amount(shares[255], "0.01");
    assert_int_equal(statement_share(of("2.56"), 2, weights, 257, shares), STATUS_INVALID);
    assert_int_equal(statement_share(of("2.56"), 2, weights, 0, shares), STATUS_INVALID);
    assert_int_equal(statement_share(of("9223372.036854775808"), 12, weights, 2, shares),
                     STATUS_INVALID);
}

static void shares_are_whole_cents_and_none_is_lost(void **state)
{
    const struct fraction thirds[] = {fraction_of(1), fraction_of(1), fraction_of(1)};
    const struct fraction nothing[] = {FRACTION_ZERO, FRACTION_ZERO};
    const struct fraction below[] = {fraction_of(2), fraction_of(-1)};
    struct decimal shares[3];

    (void)state;
    assert_int_equal(statement_share(of("100"), 2, thirds, 3, shares), STATUS_OK);
    assert_amount(shares[0], "33.34");
    assert_amount(shares[1], "33.33");
    assert_amount(shares[2], "33.33");
    assert_int_equal(statement_share(of("-0.05"), 2, nothing, 2, shares), STATUS_OK);
    assert_amount(shares[0], "-0.03");
    assert_amount(shares[1], "-0.02");
    assert_int_equal(statement_share(of("1"), 2, below, 2, shares), STATUS_INVALID);
    assert_int_equal(statement_share(of("0.001"), 2, thirds, 3, shares), STATUS_INVALID);
}

static void i5_random_shares_add_up_and_are_within_a_cent_of_exact(void **state)
{
    struct dice dice;

    (void)state;
    dice_init(&dice, 1, span_text("statement"));
    for (int round = 0; round < 500; round++) {
        const size_t count = 1 + dice_below(&dice, 9);
        const struct decimal total = {((decimal_units)dice_below(&dice, 2000000) - 1000000) *
                                      of("0.01").units};
        struct fraction weights[9], sum = FRACTION_ZERO;
        struct decimal shares[9], all = {0};

        for (size_t i = 0; i < count; i++) {
            weights[i] = fraction_ratio((int64_t)dice_below(&dice, 1000),
                                        1 + (int64_t)dice_below(&dice, 30));
            assert_int_equal(fraction_add(sum, weights[i], &sum), STATUS_OK);
        }
        assert_int_equal(statement_share(total, 2, weights, count, shares), STATUS_OK);
        for (size_t i = 0; i < count; i++) {
            struct fraction exact, off;

            assert_int_equal(decimal_add(all, shares[i], &all), STATUS_OK);
            if (fraction_sign(sum) == 0)
                continue;
            assert_int_equal(fraction_divide(weights[i], sum, &exact), STATUS_OK);
            assert_int_equal(fraction_multiply(exact, fraction_of_decimal(total), &exact),
                             STATUS_OK);
            assert_int_equal(fraction_subtract(exact, fraction_of_decimal(shares[i]), &off),
                             STATUS_OK);
            assert_true(fraction_compare(off, fraction_ratio(1, 100)) < 0);
            assert_true(fraction_compare(off, fraction_ratio(-1, 100)) > 0);
        }
        assert_int_equal(decimal_compare(all, total), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_statements_of_all_months_add_up_to_the_bill, make,
                                        drop),
        cmocka_unit_test(the_first_month_is_that_of_the_first_line_that_is_not_of_nothing),
        cmocka_unit_test_setup_teardown(a_fee_of_the_next_months_first_day_is_none_of_this_month,
                                        make, drop),
        cmocka_unit_test_setup_teardown(only_charges_for_what_was_counted_are_usage, make, drop),
        cmocka_unit_test_setup_teardown(a_correction_is_what_is_not_told_yet, make, drop),
        cmocka_unit_test_setup_teardown(
            lines_that_differ_in_source_metric_or_end_correct_one_another_apart, make, drop),
        cmocka_unit_test_setup_teardown(
            what_is_gone_is_taken_back_once_however_often_it_was_corrected, make, drop),
        cmocka_unit_test(a_share_is_of_one_to_256_and_no_more_than_64_bits),
        cmocka_unit_test(shares_are_whole_cents_and_none_is_lost),
        cmocka_unit_test(i5_random_shares_add_up_and_are_within_a_cent_of_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
