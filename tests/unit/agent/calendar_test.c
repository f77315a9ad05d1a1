/* A real folder and the real clock, which is right. */
#include "agent/calendar.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"

#define DAY_MS ((int64_t)86400 * 1000)

struct fixture {
    char folder[64];
    char path[80];
    struct calendar *calendar;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-calendar-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/clock", fixture->folder);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    calendar_close(fixture->calendar);
    unlink(fixture->path);
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

static void open_calendar(struct fixture *fixture)
{
    calendar_close(fixture->calendar);
    assert_int_equal(calendar_open(&fixture->calendar, fixture->folder), STATUS_OK);
}

static bool is_about(int64_t value_ms, int64_t expected_ms)
{
    return value_ms > expected_ms - DAY_MS / 2 && value_ms < expected_ms + DAY_MS / 2;
}

static void a_clock_that_may_be_right_is_believed(void **state)
{
    struct fixture *fixture = *state;

    open_calendar(fixture);
    assert_true(is_about(calendar_now_ms(fixture->calendar), clock_wall_ms()));
    calendar_learn(fixture->calendar, clock_wall_ms() - DAY_MS / 4);
    assert_true(is_about(calendar_now_ms(fixture->calendar), clock_wall_ms()));
}

static void a_clock_before_the_last_day_that_was_written_down_is_not(void **state)
{
    struct fixture *fixture = *state;
    const int64_t later_ms = clock_wall_ms() + 400 * DAY_MS;
    char text[32];

    snprintf(text, sizeof text, "%lld\n", (long long)later_ms);
    assert_int_equal(file_replace(fixture->path, span_text(text), 0644), STATUS_OK);
    open_calendar(fixture);
    assert_true(is_about(calendar_now_ms(fixture->calendar), later_ms));
}

static void the_servers_word_counts_more_than_the_clock_in_either_direction(void **state)
{
    struct fixture *fixture = *state;
    const int64_t now_ms = clock_wall_ms();

    open_calendar(fixture);
    calendar_learn(fixture->calendar, now_ms + 400 * DAY_MS);
    assert_true(is_about(calendar_now_ms(fixture->calendar), now_ms + 400 * DAY_MS));
    calendar_learn(fixture->calendar, now_ms - 400 * DAY_MS);
    assert_true(is_about(calendar_now_ms(fixture->calendar), now_ms - 400 * DAY_MS));
    /* what was told is a floor for the next start, at which the clock may be right */
    open_calendar(fixture);
    assert_true(is_about(calendar_now_ms(fixture->calendar), now_ms));
}

static void a_damaged_file_is_as_good_as_none(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(file_replace(fixture->path, span_text("99x\n"), 0644), STATUS_OK);
    open_calendar(fixture);
    assert_true(is_about(calendar_now_ms(fixture->calendar), clock_wall_ms()));
}

static void the_day_is_written_down_once_it_is_another(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *data;
    size_t size;

    open_calendar(fixture);
    calendar_look(fixture->calendar);
    assert_int_equal(file_read(fixture->path, 64, &data, &size), STATUS_OK);
    free(data);
    assert_int_equal(unlink(fixture->path), 0);
    calendar_look(fixture->calendar); /* the same day */
    assert_int_equal(file_read(fixture->path, 64, &data, &size), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_clock_that_may_be_right_is_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_clock_before_the_last_day_that_was_written_down_is_not,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_servers_word_counts_more_than_the_clock_in_either_direction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_as_good_as_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_day_is_written_down_once_it_is_another, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
