#include "server/money/course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)

static const struct course_usage devices[] = {
    {.day = 1, .quantities = {3}}, {.day = 2, .quantities = {9}}, {.day = 4, .quantities = {6}}};

static void active_devices_are_measured_as_the_contract_says(void **state)
{
    (void)state;
    assert_int_equal(fraction_compare(course_devices(devices, 3, CONTRACT_SUM), fraction_of(18)),
                     0);
    assert_int_equal(fraction_compare(course_devices(devices, 3, CONTRACT_PEAK), fraction_of(9)),
                     0);
    assert_int_equal(fraction_compare(course_devices(devices, 3, CONTRACT_AVERAGE), fraction_of(6)),
                     0);
    assert_int_equal(fraction_compare(course_devices(devices, 3, CONTRACT_LAST), fraction_of(6)),
                     0);
    assert_int_equal(fraction_compare(course_devices(NULL, 0, CONTRACT_AVERAGE), FRACTION_ZERO), 0);
}

static void a_level_is_of_the_models_that_count(void **state)
{
    static const char *const models[] = {"m"};
    const struct contract_filter filter = {.models = models, .model_count = 1};
    const struct contract_quantity under_way = {.source = CONTRACT_CONCURRENCY},
                                   a_minute = {.source = CONTRACT_REQUESTS_PER_MINUTE};
    const struct course_usage minute[] = {
        {.model = "m", .duration_ms = 90000, .quantities[CONTRACT_REQUESTS] = 4},
        {.model = "n", .duration_ms = 90000, .quantities[CONTRACT_REQUESTS] = 4}};
    struct course_subject subject = {.quantity = &under_way, .filter = &filter};

    (void)state;
    assert_int_equal(fraction_compare(course_level(&subject, minute, 2), fraction_ratio(3, 2)), 0);
    subject.quantity = &a_minute;
    assert_int_equal(fraction_compare(course_level(&subject, minute, 2), fraction_of(4)), 0);
}

static void a_ramp_has_the_step_of_its_period(void **state)
{
    const struct contract_step steps[] = {{.first = 10, .at_least = fraction_of(20)},
                                          {.first = 20, .at_least = fraction_of(30)}};
    const struct contract_commitment promise = {
        .at_least = fraction_of(10), .steps = steps, .step_count = 2};

    (void)state;
    assert_int_equal(fraction_compare(course_floor(&promise, 9), fraction_of(10)), 0);
    assert_int_equal(fraction_compare(course_floor(&promise, 10), fraction_of(20)), 0);
    assert_int_equal(fraction_compare(course_floor(&promise, 25), fraction_of(30)), 0);
}

static void a_day_outside_of_the_term_is_of_its_nearest_period(void **state)
{
    const struct contract contract = {.term_first = 100, .term_end = 200};
    const struct period_rule daily = {.per = PERIOD_DAY};

    (void)state;
    assert_int_equal(course_period(&contract, &daily, 5).clipped.first, 100);
    assert_int_equal(course_period(&contract, &daily, 150).clipped.first, 150);
    assert_int_equal(course_period(&contract, &daily, 300).clipped.first, 199);
}

static void a_day_of_23_hours_is_half_gone_sooner(void **state)
{
    struct zone *zone;

    (void)state;
    assert_int_equal(zone_open(&zone, "Europe/Berlin"), STATUS_OK);
    const int64_t short_ms = zone_midnight(zone, zone_day_of(2026, 3, 29));
    assert_int_equal(course_minutes(zone, short_ms + 23 * HOUR_MS / 2), FORECAST_MINUTES / 2);
    zone_close(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(active_devices_are_measured_as_the_contract_says),
        cmocka_unit_test(a_level_is_of_the_models_that_count),
        cmocka_unit_test(a_ramp_has_the_step_of_its_period),
        cmocka_unit_test(a_day_outside_of_the_term_is_of_its_nearest_period),
        cmocka_unit_test(a_day_of_23_hours_is_half_gone_sooner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
