#include "server/fleet/student.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-9 * fabs(wanted)))
        fail_msg("%.15g instead of %.15g", value, wanted);
}

/* For one and two degrees, and for infinitely many, there are closed forms. */
static void tails_are_those_of_the_closed_forms(void **state)
{
    static const double points[] = {-3, -0.5, 0, 0.1, 1, 2.5, 12, 400, 31000};

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        const double t = points[i];

        assert_near(student_tail(t, 1), t > 0 ? atan(1 / t) / acos(-1) : 0.5 - atan(t) / acos(-1));
        assert_near(student_tail(t, 2), t > 0 ? 1 / ((2 + t * t) * (1 + t / sqrt(2 + t * t)))
                                              : 0.5 - t / sqrt(2 + t * t) / 2);
        if (t < 30)
            assert_near(student_tail(t, INFINITY), erfc(t / sqrt(2)) / 2);
    }
}

/* Any table of the distribution has these. */
static void quantiles_are_those_of_the_tables(void **state)
{
    (void)state;
    assert_near(student_quantile(0.025, 10), 2.22813885198627);
    assert_near(student_quantile(0.05, 4), 2.13184678632665);
    assert_near(student_quantile(0.005, 30), 2.74999565356722);
    assert_near(student_quantile(0.05, INFINITY), 1.64485362695147);
}

static void quantiles_undo_tails_far_out_and_between_whole_degrees(void **state)
{
    static const double tails[] = {0.4999, 0.1, 1e-2, 1e-4, 1e-5, 1e-7};
    static const double degrees[] = {0.7, 1.5, 3.99, 7, 24.2, 550, 1e5, 1e8};

    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++)
        for (size_t d = 0; d < sizeof degrees / sizeof *degrees; d++)
            assert_near(student_tail(student_quantile(tails[i], degrees[d]), degrees[d]), tails[i]);
}

static void many_degrees_are_the_normal_distribution(void **state)
{
    (void)state;
    for (double t = 0.5; t < 6; t += 0.5) {
        const double ratio = student_tail(t, 9.9e6) / student_tail(t, INFINITY);

        assert_true(ratio > 1 && ratio < 1.0001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_are_those_of_the_closed_forms),
        cmocka_unit_test(quantiles_are_those_of_the_tables),
        cmocka_unit_test(quantiles_undo_tails_far_out_and_between_whole_degrees),
        cmocka_unit_test(many_degrees_are_the_normal_distribution),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
