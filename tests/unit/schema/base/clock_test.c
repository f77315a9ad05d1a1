#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/clock.h"

static int64_t parsed(const char *text)
{
    int64_t wall_ms = -1;

    if (clock_parse(span_text(text), &wall_ms) != STATUS_OK)
        fail_msg("\"%s\" was not read", text);
    return wall_ms;
}

static void times_are_written_in_utc_with_milliseconds(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    clock_format(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    clock_format(1795341600123, text);
    assert_string_equal(text, "2026-11-22T10:00:00.123Z");
    clock_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
}

static void times_no_calendar_holds_are_written_as_the_nearest(void **state)
{
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

static void what_is_written_is_read_back(void **state)
{
    static const int64_t times[] = {0, 1, 999, 1795341600123, -62167219200000, 253402300799999};
    char text[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        clock_format(times[i], text);
        assert_true(parsed(text) == times[i]);
    }
}

static void offsets_and_fractions_are_taken_into_account(void **state)
{
    (void)state;
    assert_true(parsed("2026-11-22T18:00:00+08:00") == 1795341600000);
    assert_true(parsed("2026-11-22T04:30:00-05:30") == 1795341600000);
    assert_true(parsed("2026-11-22t10:00:00z") == 1795341600000);
    assert_true(parsed("2026-11-22T10:00:00.5Z") == 1795341600500);
    assert_true(parsed("2026-11-22T10:00:00.123999999Z") == 1795341600123);
    assert_true(parsed("2024-02-29T00:00:00Z") == 1709164800000);
    assert_true(parsed("2016-12-31T23:59:60Z") == parsed("2017-01-01T00:00:00Z"));
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T10:00:00",
        "2026-11-22 10:00:00Z",
        "2026-13-22T10:00:00Z",
        "2026-00-22T10:00:00Z",
        "2026-11-31T10:00:00Z",
        "2026-11-00T10:00:00Z",
        "2025-02-29T10:00:00Z",
        "1900-02-29T10:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:60:00Z",
        "2026-11-22T10:00:61Z",
        "2026-11-22T10:00:00.Z",
        "2026-11-22T10:00:00.1234567890Z",
        "2026-11-22T10:00:00+8:00",
        "2026-11-22T10:00:00+08",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22T10:00:00Z ",
        "+026-11-22T10:00:00Z",
        "2026-11-22T10:00:0",
    };
    int64_t wall_ms = 42;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (clock_parse(span_text(bad[i]), &wall_ms) != STATUS_INVALID)
            fail_msg("\"%s\" was read", bad[i]);
        assert_true(wall_ms == 42);
    }
}

static void a_date_is_a_day_that_exists(void **state)
{
    static const char *const dates[] = {"2026-11-22", "2024-02-29", "2026-12-31"};
    static const char *const others[] = {"",           "yesterday",  "infinity",
                                         "2026-02-29", "2026-04-31", "2026-00-10",
                                         "2026-13-01", "2026-11-2",  "2026-11-22T10:00:00Z",
                                         "26-11-2026", "2026/11/22"};

    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        if (!clock_is_date(dates[i]))
            fail_msg("\"%s\" was refused", dates[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (clock_is_date(others[i]))
            fail_msg("\"%s\" was taken", others[i]);
}

static void sleeping_takes_at_least_as_long_as_asked(void **state)
{
    int64_t before_ms = clock_mono_ms();

    (void)state;
    clock_sleep_ms(20);
    clock_sleep_ms(-5);
    assert_true(clock_mono_ms() - before_ms >= 19);
}

static void the_wall_clock_is_of_this_century(void **state)
{
    (void)state;
    assert_true(clock_wall_ms() > parsed("2020-01-01T00:00:00Z"));
    assert_true(clock_wall_ms() < parsed("2100-01-01T00:00:00Z"));
    assert_true(clock_mono_ns() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
        cmocka_unit_test(times_no_calendar_holds_are_written_as_the_nearest),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(offsets_and_fractions_are_taken_into_account),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(a_date_is_a_day_that_exists),
        cmocka_unit_test(sleeping_takes_at_least_as_long_as_asked),
        cmocka_unit_test(the_wall_clock_is_of_this_century),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
