#include "server/api/throttle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define WINDOW_MS 1000

static int make(void **state)
{
    const struct throttle_limits limits = {.max_keys = 4, .tries = 3, .window_ms = WINDOW_MS};
    struct throttle *throttle;

    if (throttle_create(&throttle, &limits) != STATUS_OK)
        return -1;
    *state = throttle;
    return 0;
}

static int drop(void **state)
{
    throttle_free(*state);
    return 0;
}

static void guess(struct throttle *throttle, const char *key, int times, int64_t now_ms)
{
    while (times-- > 0)
        throttle_fail(throttle, key, now_ms);
}

static void so_many_failures_pass_and_the_next_waits_for_the_window_to_end(void **state)
{
    struct throttle *throttle = *state;

    guess(throttle, "anna 10.0.0.1", 2, 100);
    assert_int_equal(throttle_wait_ms(throttle, "anna 10.0.0.1", 200), 0);
    guess(throttle, "anna 10.0.0.1", 1, 200);
    assert_int_equal(throttle_wait_ms(throttle, "anna 10.0.0.1", 200), 900);
    assert_int_equal(throttle_wait_ms(throttle, "anna 10.0.0.1", 1099), 1);
    assert_int_equal(throttle_wait_ms(throttle, "anna 10.0.0.1", 1100), 0);
}

static void keys_do_not_touch_each_other(void **state)
{
    struct throttle *throttle = *state;

    guess(throttle, "anna 10.0.0.1", 3, 0);
    assert_int_equal(throttle_wait_ms(throttle, "anna 10.0.0.2", 0), 0);
    assert_int_equal(throttle_wait_ms(throttle, "berta 10.0.0.1", 0), 0);
}

static void success_forgets_the_failures(void **state)
{
    struct throttle *throttle = *state;

    guess(throttle, "anna", 3, 0);
    throttle_clear(throttle, "anna");
    assert_int_equal(throttle_wait_ms(throttle, "anna", 0), 0);
    guess(throttle, "anna", 2, 0);
    assert_int_equal(throttle_wait_ms(throttle, "anna", 0), 0);
}

static void i10_a_full_table_gives_up_its_oldest_window(void **state)
{
    struct throttle *throttle = *state;

    guess(throttle, "first", 3, 0);
    guess(throttle, "second", 3, 1);
    guess(throttle, "third", 3, 2);
    guess(throttle, "fourth", 3, 3);
    guess(throttle, "fifth", 3, 4);
    assert_int_equal(throttle_wait_ms(throttle, "first", 5), 0);
    assert_true(throttle_wait_ms(throttle, "second", 5) > 0);
    assert_true(throttle_wait_ms(throttle, "fifth", 5) > 0);
}

static void a_window_that_ended_counts_from_one_again(void **state)
{
    struct throttle *throttle = *state;

    guess(throttle, "anna", 3, 0);
    guess(throttle, "anna", 2, WINDOW_MS);
    assert_int_equal(throttle_wait_ms(throttle, "anna", WINDOW_MS), 0);
    guess(throttle, "anna", 1, WINDOW_MS);
    assert_int_equal(throttle_wait_ms(throttle, "anna", WINDOW_MS), WINDOW_MS);
}

static void i10_made_up_keys_do_not_push_out_the_one_that_is_guessed_at(void **state)
{
    struct throttle *throttle = *state;

    guess(throttle, "anna", 3, 0);
    for (const char *made_up = "abcdefgh"; *made_up != '\0'; made_up++)
        guess(throttle, made_up, 1, 1);
    assert_true(throttle_wait_ms(throttle, "anna", 2) > 0);
}

static void beyond_the_tries_of_a_paced_key_one_passes_now_and_then(void **state)
{
    const struct throttle_limits limits = {
        .max_keys = 4, .tries = 2, .window_ms = WINDOW_MS, .pace_ms = 100};
    struct throttle *throttle;

    (void)state;
    assert_int_equal(throttle_create(&throttle, &limits), STATUS_OK);
    assert_int_equal(throttle_try(throttle, "anna", 0), 0);
    assert_false(throttle_is_used_up(throttle, "anna", 10));
    assert_int_equal(throttle_try(throttle, "anna", 10), 0);
    assert_true(throttle_is_used_up(throttle, "anna", 10));
    assert_int_equal(throttle_try(throttle, "anna", 20), 90);
    assert_int_equal(throttle_try(throttle, "anna", 110), 0);
    assert_int_equal(throttle_try(throttle, "anna", 110), 100);
    throttle_free(throttle);
}

static void a_try_that_was_none_is_forgiven(void **state)
{
    struct throttle *throttle = *state;

    for (int i = 0; i < 3; i++)
        assert_int_equal(throttle_try(throttle, "anna", 0), 0);
    assert_true(throttle_try(throttle, "anna", 0) > 0);
    throttle_forgive(throttle, "anna");
    assert_int_equal(throttle_try(throttle, "anna", 0), 0);
    assert_true(throttle_try(throttle, "anna", 0) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(so_many_failures_pass_and_the_next_waits_for_the_window_to_end),
        TEST(keys_do_not_touch_each_other),
        TEST(success_forgets_the_failures),
        TEST(i10_a_full_table_gives_up_its_oldest_window),
        TEST(a_window_that_ended_counts_from_one_again),
        TEST(i10_made_up_keys_do_not_push_out_the_one_that_is_guessed_at),
        TEST(beyond_the_tries_of_a_paced_key_one_passes_now_and_then),
        TEST(a_try_that_was_none_is_forgiven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
