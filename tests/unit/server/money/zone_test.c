#include "server/money/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/base/clock.h"

#define HOUR_MS INT64_C(3600000)

static int64_t day(const char *date)
{
    int64_t out = 0;

    assert_int_equal(zone_parse_date(span_text(date), &out), STATUS_OK);
    return out;
}

static int64_t instant(const char *text)
{
    int64_t out = 0;

    assert_int_equal(clock_parse(span_text(text), &out), STATUS_OK);
    return out;
}

static struct zone *open_zone(const char *name)
{
    struct zone *zone = NULL;

    assert_int_equal(zone_open(&zone, name), STATUS_OK);
    return zone;
}

static void assert_midnight(const char *name, const char *date, const char *expected)
{
    struct zone *zone = open_zone(name);
    char text[CLOCK_TEXT_SIZE], wanted[CLOCK_TEXT_SIZE];

    clock_format(zone_midnight(zone, day(date)), text);
    clock_format(instant(expected), wanted);
    assert_string_equal(text, wanted);
    zone_close(zone);
}

static int64_t hours_of(const char *name, const char *date)
{
    struct zone *zone = open_zone(name);
    int64_t length = zone_midnight(zone, day(date) + 1) - zone_midnight(zone, day(date));

    zone_close(zone);
    assert_int_equal(length % HOUR_MS, 0);
    return length / HOUR_MS;
}

static void i5_days_of_a_clock_change_have_23_or_25_hours(void **state)
{
    (void)state;
    assert_int_equal(hours_of("America/New_York", "2026-03-08"), 23);
    assert_int_equal(hours_of("America/New_York", "2026-11-01"), 25);
    assert_int_equal(hours_of("America/New_York", "2026-11-02"), 24);
    assert_int_equal(hours_of("America/New_York", "2099-03-08"), 23);
    assert_int_equal(hours_of("Asia/Shanghai", "2026-03-08"), 24);
}

static void i5_a_day_in_shanghai_begins_at_four_in_the_afternoon_before(void **state)
{
    (void)state;
    assert_midnight("Asia/Shanghai", "2026-08-20", "2026-08-19T16:00:00Z");
    assert_midnight("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z");
    assert_midnight("America/New_York", "2026-03-09", "2026-03-09T04:00:00Z");
    assert_midnight("UTC", "2026-03-09", "2026-03-09T00:00:00Z");
    assert_midnight("Asia/Shanghai", "1970-01-01", "1969-12-31T16:00:00Z");
}

static void a_midnight_that_a_change_skips_is_the_first_instant_of_that_day(void **state)
{
    (void)state;
    /* Sao Paulo went from 00:00 to 01:00 on 4 November 2018 */
    assert_midnight("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z");
    assert_int_equal(hours_of("America/Sao_Paulo", "2018-11-04"), 23);
    /* Samoa had no 30 December 2011 */
    assert_int_equal(hours_of("Pacific/Apia", "2011-12-30"), 0);
    assert_midnight("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z");
}

static void of_a_midnight_that_occurs_twice_the_first_counts(void **state)
{
    /* Azores: at 01:00 back to 00:00 on 25 October 2026 */
    struct zone *zone = open_zone("Atlantic/Azores");
    int64_t midnight = zone_midnight(zone, day("2026-10-25"));

    (void)state;
    assert_int_equal(midnight, instant("2026-10-25T00:00:00Z"));
    assert_int_equal(zone_day(zone, midnight + 90 * 60000), day("2026-10-25"));
    assert_int_equal(zone_time_of_day(zone, midnight + 90 * 60000), 30 * 60000);
    zone_close(zone);
}

static void i5_a_day_once_begun_does_not_end_where_the_clock_goes_back_over_midnight(void **state)
{
    /* until 2011 Newfoundland went from 00:01 back to 23:01 of the day before */
    struct zone *zone = open_zone("America/St_Johns");
    int64_t midnight = zone_midnight(zone, day("2010-11-07"));

    (void)state;
    assert_int_equal(zone_day(zone, midnight - 1), day("2010-11-06"));
    assert_int_equal(zone_day(zone, midnight), day("2010-11-07"));
    assert_int_equal(zone_day(zone, midnight + 10 * 60000), day("2010-11-07"));
    assert_int_equal(zone_midnight(zone, day("2010-11-08")) - midnight, 25 * HOUR_MS);
    zone_close(zone);
}

static void i5_every_instant_lies_in_the_day_whose_midnights_enclose_it(void **state)
{
    static const char *const names[] = {"America/New_York",    "Asia/Shanghai",    "Pacific/Apia",
                                        "America/Sao_Paulo",   "America/St_Johns", "Asia/Kathmandu",
                                        "Australia/Lord_Howe", "Africa/Casablanca"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct zone *zone = open_zone(names[i]);

        for (int64_t at_ms = instant("1995-01-01T00:00:00Z");
             at_ms < instant("2040-01-01T00:00:00Z"); at_ms += 7 * HOUR_MS + 1234567) {
            int64_t day_then = zone_day(zone, at_ms);

            assert_true(zone_midnight(zone, day_then) <= at_ms);
            assert_true(at_ms < zone_midnight(zone, day_then + 1));
        }
        zone_close(zone);
    }
}

static void dates_come_back_and_short_months_clamp(void **state)
{
    int year, month, day_of_month;

    (void)state;
    for (int64_t i = -200000; i < 200000; i += 13) {
        zone_date_of(i, &year, &month, &day_of_month);
        assert_int_equal(zone_day_of(year, month, day_of_month), i);
    }
    assert_int_equal(zone_day_of(1970, 1, 1), 0);
    assert_int_equal(zone_day_of(2024, 2, 31), day("2024-02-29"));
    assert_int_equal(zone_day_of(2100, 2, 29), day("2100-02-28"));
    assert_int_equal(zone_day_of(2000, 2, 30), day("2000-02-29"));
    assert_int_equal(zone_weekday(day("2026-11-22")), 6);
    assert_int_equal(zone_weekday(day("1969-12-29")), 0);
}

static void what_is_no_zone_and_what_is_no_date_is_refused(void **state)
{
    static const char *const bad[] = {"",       "Mars/Phobos", "../etc/passwd", "AAA5",
                                      "+08:00", "Asia/../UTC", "/etc/localtime"};
    struct zone *zone = NULL;
    int64_t out = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(zone_open(&zone, bad[i]), STATUS_NOT_FOUND);
    assert_null(zone);
    assert_int_equal(zone_parse_date(span_text("2026-02-30"), &out), STATUS_INVALID);
    assert_int_equal(zone_parse_date(span_text("2026-2-3"), &out), STATUS_INVALID);
    assert_int_equal(zone_parse_date(span_text("2026-02-03T00:00:00Z"), &out), STATUS_INVALID);
    assert_int_equal(out, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_days_of_a_clock_change_have_23_or_25_hours),
        cmocka_unit_test(i5_a_day_in_shanghai_begins_at_four_in_the_afternoon_before),
        cmocka_unit_test(a_midnight_that_a_change_skips_is_the_first_instant_of_that_day),
        cmocka_unit_test(of_a_midnight_that_occurs_twice_the_first_counts),
        cmocka_unit_test(i5_a_day_once_begun_does_not_end_where_the_clock_goes_back_over_midnight),
        cmocka_unit_test(i5_every_instant_lies_in_the_day_whose_midnights_enclose_it),
        cmocka_unit_test(dates_come_back_and_short_months_clamp),
        cmocka_unit_test(what_is_no_zone_and_what_is_no_date_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
