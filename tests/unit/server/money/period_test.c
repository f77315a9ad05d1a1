#include "server/money/period.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "server/money/zone.h"

static int64_t day(const char *date)
{
    int64_t out = 0;

    assert_int_equal(zone_parse_date(span_text(date), &out), STATUS_OK);
    return out;
}

static struct period_range range(const char *first, const char *end)
{
    return (struct period_range){day(first), day(end)};
}

static struct period_rule anchored(enum period_per per, const char *date)
{
    return (struct period_rule){.per = per, .anchored = true, .anchor = day(date)};
}

static void assert_range(struct period_range range, const char *first, const char *end)
{
    char text[ZONE_DATE_SIZE];

    zone_format_date(range.first, text);
    assert_string_equal(text, first);
    zone_format_date(range.end, text);
    assert_string_equal(text, end);
}

static void assert_starts(struct period_rule rule, struct period_range within,
                          const char *const *starts, size_t count)
{
    struct period period = period_at(&rule, within, within.first);

    for (size_t i = 0; i < count; i++) {
        char text[ZONE_DATE_SIZE];

        zone_format_date(period.clipped.first, text);
        assert_string_equal(text, starts[i]);
        assert_int_equal(period_next(&rule, within, &period), i + 1 < count);
    }
}

static void i5_an_anchor_clamped_to_a_short_month_returns(void **state)
{
    static const char *const from_31[] = {"2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"};
    static const char *const from_30[] = {"2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"};

    (void)state;
    assert_starts(anchored(PERIOD_MONTH, "2024-01-31"), range("2024-01-31", "2024-05-31"), from_31,
                  4);
    assert_starts(anchored(PERIOD_MONTH, "2024-01-30"), range("2024-01-30", "2024-05-30"), from_30,
                  4);
}

static void i5_an_anchor_may_lie_before_or_after_the_range(void **state)
{
    struct period_rule rule = anchored(PERIOD_MONTH, "2030-08-31");

    (void)state;
    assert_range(period_at(&rule, range("2023-01-01", "2025-01-01"), day("2023-02-28")).whole,
                 "2023-02-28", "2023-03-31");
    rule = anchored(PERIOD_QUARTER, "1999-11-30");
    assert_range(period_at(&rule, range("2024-01-01", "2025-01-01"), day("2024-02-28")).whole,
                 "2023-11-30", "2024-02-29");
    rule = anchored(PERIOD_YEAR, "2024-02-29");
    assert_range(period_at(&rule, range("2024-01-01", "2029-01-01"), day("2025-03-01")).whole,
                 "2025-02-28", "2026-02-28");
    assert_range(period_at(&rule, range("2024-01-01", "2029-01-01"), day("2028-03-01")).whole,
                 "2028-02-29", "2029-02-28");
    rule = anchored(PERIOD_WEEK, "2026-01-01");
    assert_range(period_at(&rule, range("2025-01-01", "2027-01-01"), day("2025-12-31")).whole,
                 "2025-12-25", "2026-01-01");
}

static void
calendar_periods_begin_with_the_day_the_monday_the_month_the_quarter_the_year(void **state)
{
    static const struct {
        enum period_per per;
        const char *first, *end;
    } cases[] = {
        {PERIOD_DAY, "2026-11-22", "2026-11-23"},   {PERIOD_WEEK, "2026-11-16", "2026-11-23"},
        {PERIOD_MONTH, "2026-11-01", "2026-12-01"}, {PERIOD_QUARTER, "2026-10-01", "2027-01-01"},
        {PERIOD_YEAR, "2026-01-01", "2027-01-01"},  {PERIOD_TERM, "1969-01-01", "2030-01-01"},
        {PERIOD_ONCE, "1969-01-01", "2030-01-01"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct period_rule rule = {.per = cases[i].per};

        assert_range(period_at(&rule, range("1969-01-01", "2030-01-01"), day("2026-11-22")).clipped,
                     cases[i].first, cases[i].end);
    }
}

static void i5_a_clipped_period_tells_its_share_of_the_whole(void **state)
{
    struct period_rule rule = {.per = PERIOD_YEAR};
    struct period period = period_at(&rule, range("2024-01-01", "2024-03-01"), day("2024-02-29"));
    int64_t days, of;

    (void)state;
    assert_range(period.clipped, "2024-01-01", "2024-03-01");
    assert_range(period.whole, "2024-01-01", "2025-01-01");
    period_share(&period, &days, &of);
    assert_int_equal(days, 60);
    assert_int_equal(of, 366);
    rule = (struct period_rule){.per = PERIOD_MONTH};
    period = period_at(&rule, range("2026-01-15", "2026-02-10"), day("2026-01-20"));
    assert_range(period.clipped, "2026-01-15", "2026-02-01");
    assert_true(period_next(&rule, range("2026-01-15", "2026-02-10"), &period));
    assert_range(period.clipped, "2026-02-01", "2026-02-10");
    assert_false(period_next(&rule, range("2026-01-15", "2026-02-10"), &period));
}

static void days_before_1970_are_days_too(void **state)
{
    struct period_rule rule = {.per = PERIOD_QUARTER};

    (void)state;
    assert_range(period_at(&rule, range("1960-01-01", "2030-01-01"), day("1969-12-31")).whole,
                 "1969-10-01", "1970-01-01");
    rule.per = PERIOD_WEEK;
    assert_range(period_at(&rule, range("1960-01-01", "2030-01-01"), day("1969-12-31")).whole,
                 "1969-12-29", "1970-01-05");
}

static void names_are_found_again(void **state)
{
    enum period_per per;

    (void)state;
    for (int i = PERIOD_ONCE; i <= PERIOD_YEAR; i++) {
        assert_int_equal(period_find(period_name((enum period_per)i), &per), STATUS_OK);
        assert_int_equal(per, i);
        assert_true(span_is_choice(span_text(period_name(per)), PERIOD_NAMES));
    }
    assert_int_equal(period_find("fortnight", &per), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_an_anchor_clamped_to_a_short_month_returns),
        cmocka_unit_test(i5_an_anchor_may_lie_before_or_after_the_range),
        cmocka_unit_test(
            calendar_periods_begin_with_the_day_the_monday_the_month_the_quarter_the_year),
        cmocka_unit_test(i5_a_clipped_period_tells_its_share_of_the_whole),
        cmocka_unit_test(days_before_1970_are_days_too),
        cmocka_unit_test(names_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
