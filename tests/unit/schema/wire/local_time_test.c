#include "schema/wire/local_time.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void hours_are_two_times_of_the_day(void **state)
{
    static const char *const wrong[] = {"22:00",       "22:00-7:00",  "24:00-07:00", "22:60-07:00",
                                        "22:00-22:00", "22.00-07:00", "22:00+07:00", "ab:00-07:00"};
    struct local_time_hours hours;

    (void)state;
    assert_int_equal(local_time_hours(span_text("22:30-07:05"), &hours), STATUS_OK);
    assert_int_equal(hours.from_min, 22 * 60 + 30);
    assert_int_equal(hours.to_min, 7 * 60 + 5);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(local_time_hours(span_text(wrong[i]), &hours), STATUS_INVALID);
    assert_int_equal(hours.to_min, 7 * 60 + 5);
    assert_int_equal(local_time_hours(span_text(""), &hours), STATUS_OK);
    for (int minute = 0; minute < 1440; minute++)
        assert_false(local_time_is_within(hours, minute));
}

static void the_first_minute_is_within_and_the_last_is_not(void **state)
{
    const struct local_time_hours night = {1320, 420}, day = {420, 1320};

    (void)state;
    for (int minute = 0; minute < 1440; minute++) {
        const bool is_day = minute >= 420 && minute < 1320;

        assert_int_equal(local_time_is_within(day, minute), is_day);
        assert_int_equal(local_time_is_within(night, minute), !is_day);
    }
}

static void a_zone_is_a_distance_from_utc(void **state)
{
    static const char *const wrong[] = {"", "08:00", "+8:00", "+14:01", "Z", "+0800", "+08:60"};
    int offset_min = 1;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(local_time_offset(span_text(wrong[i]), &offset_min), STATUS_INVALID);
    assert_int_equal(offset_min, 1);
    assert_int_equal(local_time_offset(span_text("+08:00"), &offset_min), STATUS_OK);
    assert_int_equal(offset_min, 480);
    assert_int_equal(local_time_offset(span_text("-03:30"), &offset_min), STATUS_OK);
    assert_int_equal(offset_min, -210);
}

static void a_distance_from_utc_is_written_as_it_is_read(void **state)
{
    char text[LOCAL_TIME_OFFSET_SIZE] = "as was";
    int again = 0;

    (void)state;
    assert_int_equal(local_time_offset_text(841, text), STATUS_INVALID);
    assert_int_equal(local_time_offset_text(-841, text), STATUS_INVALID);
    assert_int_equal(local_time_offset_text(INT_MIN, text), STATUS_INVALID);
    assert_string_equal(text, "as was");
    for (int offset_min = -840; offset_min <= 840; offset_min++) {
        assert_int_equal(local_time_offset_text(offset_min, text), STATUS_OK);
        assert_int_equal(local_time_offset(span_text(text), &again), STATUS_OK);
        assert_int_equal(again, offset_min);
    }
    assert_int_equal(local_time_offset_text(-570, text), STATUS_OK);
    assert_string_equal(text, "-09:30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_are_two_times_of_the_day),
        cmocka_unit_test(the_first_minute_is_within_and_the_last_is_not),
        cmocka_unit_test(a_zone_is_a_distance_from_utc),
        cmocka_unit_test(a_distance_from_utc_is_written_as_it_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
