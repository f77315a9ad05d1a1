#include "server/money/forecast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NOON (FORECAST_MINUTES / 2)

static void assert_fraction(struct fraction number, int64_t parts, int64_t whole)
{
    assert_int_equal(fraction_compare(number, fraction_ratio(parts, whole)), 0);
}

/* Thirty days of which some have gone by; today is the last of them. */
static struct forecast_basis basis_of(const int64_t *amounts, size_t count, int64_t minutes,
                                      struct fraction *days)
{
    for (size_t i = 0; i < count; i++)
        days[i] = fraction_of(amounts[i]);
    return (struct forecast_basis){{100, 130}, days, count, minutes};
}

static void the_mean_of_the_days_goes_on_until_the_end(void **state)
{
    const int64_t amounts[] = {10, 20, 30, 5};
    struct fraction days[4];
    const struct forecast_basis basis = basis_of(amounts, 4, NOON, days);
    struct forecast made;

    (void)state;
    assert_int_equal(forecast_make(&basis, &made), STATUS_OK);
    assert_fraction(made.so_far, 65, 1);
    assert_fraction(made.per_day, 20, 1);
    assert_fraction(made.at_end, 65 * 2 + 20 * 53, 2); /* 26 and a half days are left */
    assert_fraction(made.low, 65 * 2 + 10 * 53, 2);
    assert_fraction(made.high, 65 * 2 + 30 * 53, 2);
}

static void a_third_is_a_third(void **state)
{
    const int64_t amounts[] = {1, 0, 0, 0};
    struct fraction days[4];
    const struct forecast_basis basis = basis_of(amounts, 4, 0, days);
    struct forecast made;

    (void)state;
    assert_int_equal(forecast_make(&basis, &made), STATUS_OK);
    assert_fraction(made.per_day, 1, 3);
    assert_fraction(made.at_end, 10, 1);
}

static void only_the_last_fortnight_makes_the_trend(void **state)
{
    int64_t amounts[17] = {1000, 1000};
    struct fraction days[17];

    (void)state;
    for (size_t i = 2; i < 16; i++)
        amounts[i] = 7;
    const struct forecast_basis basis = basis_of(amounts, 17, 0, days);
    struct forecast made;

    assert_int_equal(forecast_make(&basis, &made), STATUS_OK);
    assert_fraction(made.per_day, 7, 1);
}

static void the_first_day_is_told_by_its_hours_once_there_is_one(void **state)
{
    const int64_t amounts[] = {6};
    struct fraction days[1];
    struct forecast_basis basis = basis_of(amounts, 1, 59, days);
    struct forecast made;

    (void)state;
    assert_int_equal(forecast_make(&basis, &made), STATUS_AGAIN);
    basis.today_minutes = 6 * 60;
    assert_int_equal(forecast_make(&basis, &made), STATUS_OK);
    assert_fraction(made.per_day, 24, 1);
    assert_fraction(made.at_end, 24 * 30, 1);
}

static int64_t runs_out(int64_t limit)
{
    const int64_t amounts[] = {10, 10, 10, 5};
    struct fraction days[4];
    const struct forecast_basis basis = basis_of(amounts, 4, NOON, days);
    struct forecast made;
    int64_t day = 0;

    assert_int_equal(forecast_make(&basis, &made), STATUS_OK);
    assert_int_equal(forecast_runs_out(&basis, &made, fraction_of(limit), &day), STATUS_OK);
    return day;
}

static void it_says_on_which_day_the_limit_is_reached(void **state)
{
    (void)state;
    assert_int_equal(runs_out(30), 103);  /* already, today */
    assert_int_equal(runs_out(39), 103);  /* later today */
    assert_int_equal(runs_out(40), 104);  /* at midnight: the day that begins */
    assert_int_equal(runs_out(225), 122); /* "on the 23rd" */
    assert_int_equal(runs_out(300), 129); /* with the last moment */
    assert_int_equal(runs_out(301), FORECAST_NEVER);
}

static bool is_surge(int64_t so_far, int64_t last_hour, int64_t hours, int64_t times)
{
    bool reached = true;

    assert_int_equal(forecast_is_surge(fraction_of(so_far), fraction_of(last_hour), hours,
                                       fraction_of(times), &reached),
                     STATUS_OK);
    return reached;
}

static void a_surge_is_measured_against_the_usual_hour(void **state)
{
    (void)state;
    assert_true(is_surge(100 + 30, 30, 101, 30));
    assert_false(is_surge(100 + 29, 29, 101, 30));
}

static void nothing_is_a_surge_before_there_is_a_usual_hour(void **state)
{
    (void)state;
    assert_false(is_surge(1000, 999, 24, 2));
    assert_true(is_surge(1000, 999, 25, 2));
    assert_false(is_surge(999, 999, 100, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_of_the_days_goes_on_until_the_end),
        cmocka_unit_test(a_third_is_a_third),
        cmocka_unit_test(only_the_last_fortnight_makes_the_trend),
        cmocka_unit_test(the_first_day_is_told_by_its_hours_once_there_is_one),
        cmocka_unit_test(it_says_on_which_day_the_limit_is_reached),
        cmocka_unit_test(a_surge_is_measured_against_the_usual_hour),
        cmocka_unit_test(nothing_is_a_surge_before_there_is_a_usual_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
