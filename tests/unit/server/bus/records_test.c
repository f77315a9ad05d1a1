#include "server/bus/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ARRIVED_MS INT64_C(1800000000000)

static void an_attempt_counts_at_its_start_by_the_servers_clock(void **state)
{
    (void)state;
    assert_int_equal(records_booking_time(ARRIVED_MS - 5000, -1000, 0, ARRIVED_MS),
                     ARRIVED_MS - 6000);
}

static void not_before_the_last_state_it_had_seen_and_not_after_arrival(void **state)
{
    (void)state;
    assert_int_equal(records_booking_time(ARRIVED_MS - 86400000, 0, ARRIVED_MS - 1000, ARRIVED_MS),
                     ARRIVED_MS - 1000);
    assert_int_equal(records_booking_time(ARRIVED_MS + 86400000, 0, 0, ARRIVED_MS), ARRIVED_MS);
    assert_int_equal(records_booking_time(0, 0, ARRIVED_MS + 5, ARRIVED_MS), ARRIVED_MS);
}

static void clocks_that_tell_nonsense_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(records_booking_time(INT64_MAX, 5, 0, ARRIVED_MS), ARRIVED_MS);
    assert_int_equal(records_booking_time(INT64_MIN, 5, 0, ARRIVED_MS), INT64_C(1577836800000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_counts_at_its_start_by_the_servers_clock),
        cmocka_unit_test(not_before_the_last_state_it_had_seen_and_not_after_arrival),
        cmocka_unit_test(clocks_that_tell_nonsense_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
