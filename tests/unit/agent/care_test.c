#include "agent/care.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

#define HOUR_MS (3600 * INT64_C(1000))
#define DAY_MS  (24 * HOUR_MS)
#define NOON_MS (20000 * DAY_MS + 12 * HOUR_MS) /* UTC */

static char folder[] = "/tmp/care_test.XXXXXX";
static char path[64];
static struct care care;
static struct care_rules rules;

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/care", folder);
    unlink(path);
    rules = (struct care_rules){.quiet_hours = "", .zone = "+00:00"};
    return care_load(&care, path) == STATUS_OK ? 0 : -1;
}

static enum excuse refusal(int64_t wall_ms)
{
    return care_refusal(&care, &rules, wall_ms);
}

static void talk(int64_t wall_ms, int minutes)
{
    assert_int_equal(care_note(&care, &rules, wall_ms, wall_ms, minutes * INT64_C(60000)),
                     STATUS_OK);
}

static void quiet_hours_go_over_midnight_in_their_zone(void **state)
{
    (void)state;
    rules.quiet_hours = "22:00-07:00";
    assert_int_equal(refusal(NOON_MS), EXCUSE_NONE);
    assert_int_equal(refusal(NOON_MS + 10 * HOUR_MS), EXCUSE_QUIET);
    assert_int_equal(refusal(NOON_MS + 19 * HOUR_MS - 1), EXCUSE_QUIET);
    assert_int_equal(refusal(NOON_MS + 19 * HOUR_MS), EXCUSE_NONE);
    rules.zone = "+08:00";
    assert_int_equal(refusal(NOON_MS + 2 * HOUR_MS - 1), EXCUSE_NONE);
    assert_int_equal(refusal(NOON_MS + 2 * HOUR_MS), EXCUSE_QUIET);
    rules.quiet_hours = "";
    assert_int_equal(refusal(NOON_MS + 2 * HOUR_MS), EXCUSE_NONE);
}

static void without_a_zone_the_systems_own_holds(void **state)
{
    (void)state;
    setenv("TZ", "XYZ-5", 1); /* five hours ahead of UTC */
    tzset();
    rules.zone = "";
    rules.quiet_hours = "17:00-17:01";
    assert_int_equal(refusal(NOON_MS), EXCUSE_QUIET);
    unsetenv("TZ");
    tzset();
}

/* An hour ahead of UTC, two from the last Sunday of March to that of October. */
static void the_distance_from_utc_follows_daylight_saving_unless_a_zone_is_set(void **state)
{
    const int64_t winter_ms = 20468 * DAY_MS, summer_ms = 20649 * DAY_MS; /* in 2026 */

    (void)state;
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    assert_int_equal(care_utc_offset_min("", winter_ms), 60);
    assert_int_equal(care_utc_offset_min("", summer_ms), 120);
    assert_int_equal(care_utc_offset_min("-03:30", summer_ms), -210);
    unsetenv("TZ");
    tzset();
}

static void daily_minutes_last_a_local_day_and_survive_a_restart(void **state)
{
    (void)state;
    rules.daily_minutes = 30;
    assert_int_equal(refusal(NOON_MS), EXCUSE_NONE);
    talk(NOON_MS, 20);
    assert_int_equal(refusal(NOON_MS), EXCUSE_NONE);
    talk(NOON_MS, 10);
    assert_int_equal(refusal(NOON_MS), EXCUSE_ENOUGH);
    assert_int_equal(care_load(&care, path), STATUS_OK);
    assert_int_equal(refusal(NOON_MS + 11 * HOUR_MS), EXCUSE_ENOUGH);
    rules.daily_minutes = 31;
    assert_int_equal(refusal(NOON_MS), EXCUSE_NONE);
    rules.daily_minutes = 0;
    assert_int_equal(refusal(NOON_MS), EXCUSE_NONE);
    rules.daily_minutes = 30;
    assert_int_equal(refusal(NOON_MS + 12 * HOUR_MS), EXCUSE_NONE);
}

static void a_clock_set_back_gives_no_minutes_back(void **state)
{
    (void)state;
    rules.daily_minutes = 30;
    talk(NOON_MS, 30);
    assert_int_equal(refusal(NOON_MS - DAY_MS), EXCUSE_ENOUGH);
    assert_int_equal(refusal(NOON_MS - 2 * DAY_MS), EXCUSE_ENOUGH);
    assert_int_equal(refusal(NOON_MS), EXCUSE_ENOUGH);
    /* it was wrong before: what was used counts for what the day really is */
    assert_int_equal(refusal(NOON_MS - 400 * DAY_MS), EXCUSE_ENOUGH);
    assert_int_equal(refusal(NOON_MS - 399 * DAY_MS), EXCUSE_NONE);
}

static void a_break_is_proposed_after_a_long_talk_and_not_at_once_again(void **state)
{
    (void)state;
    rules.break_reminder_min = 30;
    assert_false(care_wants_break(&care, &rules, NOON_MS));
    for (int minute = 0; minute <= 28; minute += 7)
        talk(NOON_MS + minute * INT64_C(60000), 1);
    assert_false(care_wants_break(&care, &rules, NOON_MS + 28 * INT64_C(60000)));
    assert_true(care_wants_break(&care, &rules, NOON_MS + 29 * INT64_C(60000)));
    assert_false(care_wants_break(&care, &rules, NOON_MS + 30 * INT64_C(60000)));
}

static void a_pause_begins_another_talk(void **state)
{
    (void)state;
    rules.break_reminder_min = 30;
    talk(NOON_MS, 1);
    talk(NOON_MS + HOUR_MS, 1);
    assert_false(care_wants_break(&care, &rules, NOON_MS + HOUR_MS + 60000));
    assert_false(care_wants_break(&care, &rules, NOON_MS + 2 * HOUR_MS));
    rules.break_reminder_min = 0;
    assert_false(care_wants_break(&care, &rules, NOON_MS + HOUR_MS + 60000));
}

static void the_owner_is_told_once_that_this_is_a_machine(void **state)
{
    (void)state;
    assert_non_null(strstr(care_notice(&care, false), "machine"));
    assert_non_null(strstr(care_notice(&care, true), "人工智能"));
    assert_int_equal(care_noticed(&care), STATUS_OK);
    assert_string_equal(care_notice(&care, false), "");
    assert_int_equal(care_load(&care, path), STATUS_OK);
    assert_string_equal(care_notice(&care, true), "");
    assert_int_equal(care_forget(&care), STATUS_OK);
    assert_int_equal(care_load(&care, path), STATUS_OK);
    assert_string_not_equal(care_notice(&care, true), "");
}

static void a_damaged_file_is_told_and_replaced(void **state)
{
    static const char *const contents[] = {"", "{", "{\"day\":1}", "{\"day\":-1,\"used_ms\":0}",
                                           "[]"};

    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        assert_int_equal(file_replace(path, span_text(contents[i]), 0600), STATUS_OK);
        assert_int_equal(care_load(&care, path), STATUS_CORRUPT);
        assert_int_equal(refusal(NOON_MS), EXCUSE_NONE);
    }
    talk(NOON_MS, 1);
    assert_int_equal(care_load(&care, path), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(quiet_hours_go_over_midnight_in_their_zone, set_up),
        cmocka_unit_test_setup(without_a_zone_the_systems_own_holds, set_up),
        cmocka_unit_test(the_distance_from_utc_follows_daylight_saving_unless_a_zone_is_set),
        cmocka_unit_test_setup(daily_minutes_last_a_local_day_and_survive_a_restart, set_up),
        cmocka_unit_test_setup(a_clock_set_back_gives_no_minutes_back, set_up),
        cmocka_unit_test_setup(a_break_is_proposed_after_a_long_talk_and_not_at_once_again, set_up),
        cmocka_unit_test_setup(a_pause_begins_another_talk, set_up),
        cmocka_unit_test_setup(the_owner_is_told_once_that_this_is_a_machine, set_up),
        cmocka_unit_test_setup(a_damaged_file_is_told_and_replaced, set_up),
    };

    if (!mkdtemp(folder))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
