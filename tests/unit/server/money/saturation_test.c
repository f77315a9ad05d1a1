/* How many different robots a period will have seen. */
#include "server/money/saturation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/support/dice.h"

#define FLEET 200
#define DAYS  10

static struct fraction tenths(int64_t number)
{
    return fraction_ratio(number, 10);
}

static void those_seen_once_and_twice_tell_who_is_still_to_come_and_how_soon(void **state)
{
    struct saturation seen = {.days = 10, .seen = 60, .once = 20, .twice = 10};
    struct saturation_course course;

    (void)state;
    assert_int_equal(saturation_open(&seen), STATUS_OK);
    assert_int_equal(fraction_compare(seen.hidden, fraction_of(18)), 0);
    assert_int_equal(fraction_compare(seen.rate, tenths(1)), 0);
    course = saturation_begin(&seen);
    assert_int_equal(saturation_step(&seen, &course), STATUS_OK);
    assert_int_equal(fraction_compare(course.robots, tenths(618)), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(saturation_step(&seen, &course), STATUS_OK);
    assert_true(fraction_compare(course.robots, fraction_of(78)) <= 0);
    assert_true(fraction_compare(course.robots, tenths(779)) > 0);
}

static void a_fleet_that_was_all_seen_often_is_all_there_is(void **state)
{
    struct saturation seen = {.days = 5, .seen = 60};
    struct saturation_course course;

    (void)state;
    assert_int_equal(saturation_open(&seen), STATUS_OK);
    course = saturation_begin(&seen);
    assert_int_equal(saturation_step(&seen, &course), STATUS_OK);
    assert_int_equal(fraction_compare(course.robots, fraction_of(60)), 0);
}

static void one_day_tells_nothing_and_newcomers_may_go_on_as_they_came(void **state)
{
    struct saturation seen = {.days = 1, .seen = 60, .once = 60};
    struct fraction robots;

    (void)state;
    assert_int_equal(saturation_open(&seen), STATUS_AGAIN);
    seen.newcomers = 14;
    seen.newcomer_days = 7;
    assert_int_equal(saturation_most(&seen, 5, &robots), STATUS_OK);
    assert_int_equal(fraction_compare(robots, fraction_of(70)), 0);
}

/* Each robot comes on one day in ten: two thirds were seen, and a line of them would go on to
 * several times the fleet. */
static void a_fleet_is_foreseen_from_its_first_days(void **state)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct saturation seen = {.days = DAYS};
        struct saturation_course course;
        struct dice dice;

        (void)state;
        dice_init(&dice, seed, span_text("fleet"));
        for (int robot = 0; robot < FLEET; robot++) {
            int days = 0;

            for (int day = 0; day < DAYS; day++)
                days += dice_below(&dice, 10) == 0;
            seen.seen += days > 0;
            seen.once += days == 1;
            seen.twice += days == 2;
        }
        assert_int_equal(saturation_open(&seen), STATUS_OK);
        course = saturation_begin(&seen);
        for (int day = 0; day < 60; day++)
            assert_int_equal(saturation_step(&seen, &course), STATUS_OK);
        assert_true(fraction_compare(course.robots, fraction_of(FLEET * 3 / 4)) > 0);
        assert_true(fraction_compare(course.robots, fraction_of(FLEET * 3 / 2)) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_seen_once_and_twice_tell_who_is_still_to_come_and_how_soon),
        cmocka_unit_test(a_fleet_that_was_all_seen_often_is_all_there_is),
        cmocka_unit_test(one_day_tells_nothing_and_newcomers_may_go_on_as_they_came),
        cmocka_unit_test(a_fleet_is_foreseen_from_its_first_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
