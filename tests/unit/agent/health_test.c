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

static void the_strongest_wifi_of_the_kernels_table_counts(void **state)
{
    static const char head[] =
        "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
        " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n";
    char text[1024];

    (void)state;
    assert_int_equal(health_wifi_of(span_text(head)), 0);
    snprintf(text, sizeof text, "%s wlan0: 0000   41.  -69.  -256        0      0\n", head);
    assert_int_equal(health_wifi_of(span_text(text)), -69);
    snprintf(text, sizeof text, "%s wlan0: 0000   41.  -69.  -256 0\n wlp2s0: 0000 70.  -48  -256",
             head);
    assert_int_equal(health_wifi_of(span_text(text)), -48);
    snprintf(text, sizeof text, "%s wlan0: garbage\n wlan1: 0000 0. 0. 0\n", head);
    assert_int_equal(health_wifi_of(span_text(text)), 0);
    assert_int_equal(health_wifi_of(span_text("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_counts_from_the_start_and_not_from_the_first_report),
        cmocka_unit_test(the_processor_is_what_was_used_between_two_readings),
        cmocka_unit_test(memory_and_disk_are_told_and_the_rest_is_left),
        cmocka_unit_test(the_strongest_wifi_of_the_kernels_table_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
