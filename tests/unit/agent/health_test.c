#include "agent/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void the_time_counts_from_the_start_and_not_from_the_first_report(void **state)
{
    struct health health;
    wire_Health out = wire_Health_init_zero;

    (void)state;
    health_start(&health, 5000);
    health_read(&health, "/", 65000, &out);
    assert_int_equal(out.uptime_s, 60);
    health_read(&health, "/", 66500, &out);
    assert_int_equal(out.uptime_s, 61);
}

static void the_processor_is_what_was_used_between_two_readings(void **state)
{
    struct health health;
    wire_Health out = wire_Health_init_zero;

    (void)state;
    health_start(&health, 0);
    while (health.cpu_ms < 20) /* reading takes some, too */
        health_read(&health, "/", 1, &out);
    health_read(&health, "/", 3600000, &out);
    assert_int_equal(out.cpu_percent, 0); /* of an hour */
}

static void memory_and_disk_are_told_and_the_rest_is_left(void **state)
{
    struct health health;
    wire_Health out = {.turns = 7, .frames_late = 3};

    (void)state;
    health_start(&health, 0);
    health_read(&health, "/", 1000, &out);
    assert_in_range(out.memory_kib, 500, 64 * 1024 * 1024);
    assert_true(out.disk_free_mib > 0);
    assert_int_equal(out.turns, 7);
    assert_int_equal(out.frames_late, 3);
    out.disk_free_mib = 9;
    health_read(&health, "/no/such/folder", 2000, &out);
    assert_int_equal(out.disk_free_mib, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_counts_from_the_start_and_not_from_the_first_report),
        cmocka_unit_test(the_processor_is_what_was_used_between_two_readings),
        cmocka_unit_test(memory_and_disk_are_told_and_the_rest_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
