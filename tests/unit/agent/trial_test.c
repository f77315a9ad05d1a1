#include "agent/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define WINDOW_S 60

/* Tests until the trial is over or so much time has passed; returns when it was. */
static int64_t try_until(struct trial *trial, enum trial_outcome outcome, bool is_online,
                         int64_t until_ms)
{
    int64_t now_ms = trial->seen_ms;

    for (; now_ms < until_ms && trial->state != TRIAL_FAILED; now_ms += 100)
        if (trial_begin(trial, is_online, now_ms))
            trial_end(trial, outcome, is_online, now_ms, (uint64_t)now_ms * 7919);
    return now_ms;
}

static struct trial offered(void)
{
    struct trial trial = {0};

    trial_offer(&trial, 7, WINDOW_S, 0, 1000);
    return trial;
}

static void a_held_configuration_is_tested_at_once_and_passes_by_one_good_test(void **state)
{
    struct trial trial = offered();

    (void)state;
    assert_true(trial_begin(&trial, true, 1000));
    assert_int_equal(trial.state, TRIAL_TESTING);
    assert_false(trial_begin(&trial, true, 1001));
    trial_end(&trial, TRIAL_WENT_WELL, true, 1500, 1);
    assert_int_equal(trial.state, TRIAL_PASSED);
    assert_int_equal(trial.tries, 1);
    assert_false(trial_begin(&trial, true, 9000000));
}

static void what_cannot_pass_ends_the_trial_at_once(void **state)
{
    struct trial trial = offered();

    (void)state;
    assert_true(trial_begin(&trial, true, 1000));
    trial_end(&trial, TRIAL_CANNOT_PASS, true, 1500, 1);
    assert_int_equal(trial.state, TRIAL_FAILED);
}

static void what_may_pass_is_tried_again_until_the_window_is_over(void **state)
{
    struct trial trial = offered();

    (void)state;
    const int64_t end_ms = try_until(&trial, TRIAL_MAY_PASS, true, 600000);
    assert_int_equal(trial.state, TRIAL_FAILED);
    assert_true(end_ms >= 1000 + WINDOW_S * 1000);
    assert_true(end_ms <= 1000 + WINDOW_S * 1000 + 61000);
    assert_in_range(trial.tries, 3, 30);
}

static void a_test_that_went_well_late_in_the_window_counts(void **state)
{
    struct trial trial = offered();

    (void)state;
    try_until(&trial, TRIAL_MAY_PASS, true, 40000);
    while (trial.state == TRIAL_WAITING)
        trial_begin(&trial, true, trial.seen_ms + 100);
    trial_end(&trial, TRIAL_WENT_WELL, true, 1000 + WINDOW_S * 1000 + 5000, 1);
    assert_int_equal(trial.state, TRIAL_PASSED);
}

static void i11_without_a_server_the_window_does_not_end(void **state)
{
    struct trial trial = offered();

    (void)state;
    try_until(&trial, TRIAL_MAY_PASS, false, 3600 * 1000);
    assert_int_equal(trial.state, TRIAL_WAITING);
    assert_int_equal(trial.left_ms, WINDOW_S * 1000);
    try_until(&trial, TRIAL_MAY_PASS, true, 3900 * 1000);
    assert_int_equal(trial.state, TRIAL_FAILED);
}

static void i11_without_a_server_a_route_that_answers_is_run(void **state)
{
    struct trial trial = offered();

    (void)state;
    assert_true(trial_begin(&trial, false, 1000));
    trial_end(&trial, TRIAL_WENT_WELL, false, 1500, 1);
    assert_int_equal(trial.state, TRIAL_PASSED);
}

static void a_newer_configuration_begins_with_a_window_of_its_own(void **state)
{
    struct trial trial = offered();

    (void)state;
    try_until(&trial, TRIAL_MAY_PASS, true, 600000);
    trial_offer(&trial, 8, 0, 2, 600000);
    assert_int_equal(trial.state, TRIAL_WAITING);
    assert_int_equal(trial.left_ms, TRIAL_WINDOW_S * 1000);
    assert_true(trial_begin(&trial, true, 600000));
    assert_int_equal(trial.tries, 3);
    trial_withdraw(&trial);
    assert_int_equal(trial.state, TRIAL_NONE);
    assert_false(trial_begin(&trial, true, 700000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_held_configuration_is_tested_at_once_and_passes_by_one_good_test),
        cmocka_unit_test(what_cannot_pass_ends_the_trial_at_once),
        cmocka_unit_test(what_may_pass_is_tried_again_until_the_window_is_over),
        cmocka_unit_test(a_test_that_went_well_late_in_the_window_counts),
        cmocka_unit_test(i11_without_a_server_the_window_does_not_end),
        cmocka_unit_test(i11_without_a_server_a_route_that_answers_is_run),
        cmocka_unit_test(a_newer_configuration_begins_with_a_window_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
