#include "server/money/sampled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void assert_fraction(struct fraction number, int64_t parts, int64_t whole)
{
    assert_int_equal(fraction_compare(number, fraction_ratio(parts, whole)), 0);
}

static void days_without_a_look_lie_on_the_line_between_those_around_them(void **state)
{
    const struct sampled_day samples[] = {{101, fraction_of(10)}, {104, fraction_of(16)}};
    struct fraction days[5];
    bool is_whole = true;

    (void)state;
    assert_int_equal(sampled_fill(SAMPLED_SUM, samples, 2, 100, days, 5, &is_whole), STATUS_OK);
    assert_false(is_whole);
    assert_fraction(days[0], 5, 1); /* grown from nothing in two days */
    assert_fraction(days[1], 10, 1);
    assert_fraction(days[3], 14, 1);
    assert_fraction(days[4], 16, 1);
    assert_int_equal(sampled_fill(SAMPLED_LEVEL, samples, 2, 100, days, 5, &is_whole), STATUS_OK);
    assert_fraction(days[0], 10, 1);
    assert_int_equal(sampled_fill(SAMPLED_LEVEL, samples + 1, 1, 104, days, 1, &is_whole),
                     STATUS_OK);
    assert_true(is_whole);
}

static void the_nearest_line_goes_on_with_a_band_as_wide_as_its_farthest_days(void **state)
{
    const struct fraction days[] = {fraction_of(1), fraction_of(4), fraction_of(4), fraction_of(7),
                                    fraction_of(99)};
    const struct fraction limit = fraction_of(12);
    struct forecast made;
    size_t told_by;
    int64_t runs_out;

    (void)state;
    /* 1.3 + 1.8 x; today, at x = 4, is not in it */
    assert_int_equal(sampled_trend(days, 5, 3, &limit, &made, &told_by, &runs_out), STATUS_OK);
    assert_int_equal(told_by, 4);
    assert_fraction(made.per_day, 18, 10);
    assert_fraction(made.at_end, 139, 10);
    assert_fraction(made.high, 139 + 9, 10); /* the second day lies 0.9 above it */
    assert_fraction(made.low, 139 - 9, 10);  /* the third 0.9 below */
    assert_int_equal(runs_out, 2);           /* at x = 6 it is 12.1 */
    assert_int_equal(sampled_trend(days, 5, 1, &limit, &made, &told_by, &runs_out), STATUS_OK);
    assert_int_equal(runs_out, FORECAST_NEVER);
    assert_int_equal(sampled_trend(days, 5, 1, NULL, &made, &told_by, &runs_out), STATUS_OK);
    assert_int_equal(runs_out, FORECAST_NEVER);
}

static void one_or_two_days_make_no_line_and_none_nothing(void **state)
{
    const struct fraction days[] = {fraction_of(2), fraction_of(6), fraction_of(50)};
    struct forecast made;
    size_t told_by;
    int64_t runs_out;

    (void)state;
    assert_int_equal(sampled_trend(days, 3, 10, NULL, &made, &told_by, &runs_out), STATUS_OK);
    assert_fraction(made.at_end, 4, 1);
    assert_fraction(made.low, 2, 1);
    assert_fraction(made.high, 6, 1);
    assert_int_equal(sampled_trend(days, 1, 10, NULL, &made, &told_by, &runs_out), STATUS_AGAIN);
}

static void a_line_that_falls_ends_at_nothing(void **state)
{
    const struct fraction days[] = {fraction_of(9), fraction_of(6), fraction_of(3), fraction_of(0)};
    struct forecast made;
    size_t told_by;
    int64_t runs_out;

    (void)state;
    assert_int_equal(sampled_trend(days, 4, 10, NULL, &made, &told_by, &runs_out), STATUS_OK);
    assert_fraction(made.per_day, -3, 1);
    assert_fraction(made.at_end, 0, 1);
    assert_fraction(made.low, 0, 1);
}

static void what_stays_is_the_mean_of_its_last_whole_days(void **state)
{
    const struct fraction days[] = {fraction_of(3), fraction_of(9), fraction_of(70)};
    struct forecast made;
    size_t told_by;

    (void)state;
    assert_int_equal(sampled_stays(days, 3, &made, &told_by), STATUS_OK);
    assert_fraction(made.at_end, 6, 1);
    assert_fraction(made.low, 3, 1);
    assert_fraction(made.high, 9, 1);
    assert_int_equal(told_by, 2);
    assert_int_equal(sampled_stays(days, 1, &made, &told_by), STATUS_OK);
    assert_fraction(made.at_end, 3, 1);
    assert_int_equal(told_by, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_without_a_look_lie_on_the_line_between_those_around_them),
        cmocka_unit_test(the_nearest_line_goes_on_with_a_band_as_wide_as_its_farthest_days),
        cmocka_unit_test(one_or_two_days_make_no_line_and_none_nothing),
        cmocka_unit_test(a_line_that_falls_ends_at_nothing),
        cmocka_unit_test(what_stays_is_the_mean_of_its_last_whole_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
