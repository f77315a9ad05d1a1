#include "server/fleet/rollout_pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NOON   ((int64_t)1767268800000) /* 2026-01-01T12:00:00Z */
#define MINUTE 60000
#define HOUR   (60 * (int64_t)MINUTE)

/* Opens whatever is allowed, at looks so far apart, and returns how many that were. */
static int64_t open_for(int64_t rate, int64_t span_ms, int64_t look_ms)
{
    int64_t tokens_ms = 0;
    int64_t opened = 0;

    for (int64_t at_ms = NOON; at_ms < NOON + span_ms; at_ms += look_ms) {
        const struct rollout_pace pace = rollout_pace_allow(rate, tokens_ms, at_ms);

        tokens_ms = rollout_pace_use(&pace, pace.allowed, at_ms);
        opened += pace.allowed;
    }
    return opened;
}

static void the_rate_is_kept_however_often_one_looks(void **state)
{
    static const int64_t rates[] = {1, 7, 60, 600, 1000, 5000};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const int64_t often = open_for(rates[i], 10 * MINUTE, 100);
        const int64_t seldom = open_for(rates[i], 10 * MINUTE, 5000);

        assert_in_range(often, 10 * rates[i] * 99 / 100, 10 * rates[i] + 1);
        assert_in_range(seldom, 10 * rates[i] * 98 / 100, 10 * rates[i] + 1 + rates[i] / 12);
    }
}

static void the_first_device_goes_at_once(void **state)
{
    (void)state;
    assert_int_equal(rollout_pace_allow(1, 0, NOON).allowed, 1);
}

static void without_a_rate_all_go_at_once(void **state)
{
    (void)state;
    assert_int_equal(rollout_pace_allow(0, 0, NOON).allowed, INT64_MAX);
}

static void a_pause_is_not_caught_up_with(void **state)
{
    (void)state;
    /* an hour at 600 a minute would be 36,000 */
    assert_int_equal(rollout_pace_allow(600, NOON - HOUR, NOON).allowed, 101);
}

static void time_that_was_not_used_up_stays(void **state)
{
    struct rollout_pace pace = rollout_pace_allow(60, NOON - 5000, NOON);
    const int64_t tokens_ms = rollout_pace_use(&pace, 2, NOON);

    (void)state;
    assert_int_equal(pace.allowed, 5);
    assert_int_equal(tokens_ms, NOON - 3000);
    assert_int_equal(rollout_pace_allow(60, tokens_ms, NOON).allowed, 3);
    assert_int_equal(rollout_pace_next_ms(60, tokens_ms), NOON - 2000);
}

static void a_ramp_grows_by_what_went_out_and_ends_at_the_rate(void **state)
{
    struct rollout_plan plan = {.rate_per_minute = 100, .ramp_from = 10, .ramp_percent = 200};

    (void)state;
    assert_int_equal(rollout_pace_rate(&plan, 0), 10);
    assert_int_equal(rollout_pace_rate(&plan, 9), 10);
    assert_int_equal(rollout_pace_rate(&plan, 10), 20);
    assert_int_equal(rollout_pace_rate(&plan, 29), 20);
    assert_int_equal(rollout_pace_rate(&plan, 30), 40);
    assert_int_equal(rollout_pace_rate(&plan, 70), 80);
    assert_int_equal(rollout_pace_rate(&plan, 150), 100);
    assert_int_equal(rollout_pace_rate(&plan, 1000000), 100);
    plan.ramp_from = 0;
    assert_int_equal(rollout_pace_rate(&plan, 0), 100);
}

static void windows_are_of_the_devices_own_day(void **state)
{
    const struct rollout_plan plan = {.windows = {{22 * 60, 6 * 60}}, .window_count = 1};
    const struct rollout_plan always = {0};

    (void)state;
    assert_true(rollout_pace_is_open(&always, NOON, 0));
    assert_false(rollout_pace_is_open(&plan, NOON, 0));
    assert_true(rollout_pace_is_open(&plan, NOON, 11 * 60));  /* 23:00 there */
    assert_true(rollout_pace_is_open(&plan, NOON, -10 * 60)); /* 02:00 */
    assert_false(rollout_pace_is_open(&plan, NOON, -6 * 60)); /* 06:00: shut */
    assert_int_equal(rollout_pace_opens_ms(&plan, NOON, 0), NOON + 10 * HOUR);
    assert_int_equal(rollout_pace_opens_ms(&plan, NOON + 1, 8 * 60), NOON + 2 * HOUR);
    assert_int_equal(rollout_pace_opens_ms(&plan, NOON, 11 * 60), NOON);
}

static void blackouts_that_follow_one_another_are_one(void **state)
{
    const struct rollout_plan plan = {
        .blackouts = {{NOON + 2 * HOUR, NOON + 3 * HOUR},
                      {NOON, NOON + 2 * HOUR},
                      {NOON + 5 * HOUR, NOON + 6 * HOUR}},
        .blackout_count = 3,
    };

    (void)state;
    assert_int_equal(rollout_pace_blackout_ms(&plan, NOON - 1), 0);
    assert_int_equal(rollout_pace_blackout_ms(&plan, NOON), NOON + 3 * HOUR);
    assert_int_equal(rollout_pace_blackout_ms(&plan, NOON + 3 * HOUR), 0);
    assert_int_equal(rollout_pace_blackout_ms(&plan, NOON + 5 * HOUR + 1), NOON + 6 * HOUR);
}

/* Open from 14 to 16 o'clock: the first afternoon is dark but for its end, then all of it. */
static void a_device_is_free_when_neither_hours_nor_blackouts_keep_it(void **state)
{
    struct rollout_plan plan = {
        .windows = {{14 * 60, 16 * 60}},
        .window_count = 1,
        .blackouts = {{NOON + HOUR, NOON + 3 * HOUR}},
        .blackout_count = 1,
    };

    (void)state;
    assert_int_equal(rollout_pace_free_ms(&plan, NOON, 0), NOON + 3 * HOUR);
    assert_int_equal(rollout_pace_free_ms(&plan, NOON + 3 * HOUR, 0), NOON + 3 * HOUR);
    plan.blackouts[0].to_ms = NOON + 5 * HOUR;
    assert_int_equal(rollout_pace_free_ms(&plan, NOON, 0), NOON + 26 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_kept_however_often_one_looks),
        cmocka_unit_test(the_first_device_goes_at_once),
        cmocka_unit_test(without_a_rate_all_go_at_once),
        cmocka_unit_test(a_pause_is_not_caught_up_with),
        cmocka_unit_test(time_that_was_not_used_up_stays),
        cmocka_unit_test(a_ramp_grows_by_what_went_out_and_ends_at_the_rate),
        cmocka_unit_test(windows_are_of_the_devices_own_day),
        cmocka_unit_test(blackouts_that_follow_one_another_are_one),
        cmocka_unit_test(a_device_is_free_when_neither_hours_nor_blackouts_keep_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
