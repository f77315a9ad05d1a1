#include "server/fleet/rollout_wave.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct rollout_plan usual(void)
{
    struct rollout_plan plan;
    struct json_problem problem;
    struct arena *arena;

    assert_int_equal(arena_create(&arena, 4096), STATUS_OK);
    assert_int_equal(rollout_plan_read(NULL, false, arena, &plan, &problem), STATUS_OK);
    arena_free(arena);
    return plan;
}

static void check_sizes(int64_t members, const int64_t *sizes, size_t count)
{
    const struct rollout_plan plan = usual();
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];

    assert_int_equal(rollout_wave_sizes(&plan, members, waves), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(waves[i].size, sizes[i]);
        assert_int_equal(waves[i].is_control, i + 1 == count);
    }
}

static void ten_thousand_are_five_waves_and_the_control(void **state)
{
    static const int64_t sizes[] = {50, 450, 2000, 2500, 4500, 500};

    (void)state;
    check_sizes(10000, sizes, 6);
}

static void two_hundred_begin_with_five(void **state)
{
    static const int64_t sizes[] = {5, 5, 40, 50, 80, 20};

    (void)state;
    check_sizes(200, sizes, 6);
}

static void a_small_fleet_has_fewer_waves_and_half_of_it_is_control(void **state)
{
    static const int64_t sizes[] = {5, 5}; /* 25 % of ten are the five of the first wave */
    static const int64_t three[] = {2, 1};
    static const int64_t one[] = {1};
    const struct rollout_plan plan = usual();
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];

    (void)state;
    check_sizes(10, sizes, 2);
    check_sizes(3, three, 2);
    assert_int_equal(rollout_wave_sizes(&plan, 1, waves), 1);
    assert_int_equal(waves[0].size, one[0]);
    assert_false(waves[0].is_control);
    assert_int_equal(rollout_wave_sizes(&plan, 0, waves), 0);
}

static void waves_open_everybody_once_however_many_there_are(void **state)
{
    const struct rollout_plan plan = usual();
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];

    (void)state;
    for (int64_t members = 1; members < 3000; members++) {
        const size_t count = rollout_wave_sizes(&plan, members, waves);
        int64_t sum = 0;

        for (size_t i = 0; i < count; i++) {
            assert_true(waves[i].size > 0);
            sum += waves[i].size;
        }
        assert_int_equal(sum, members);
        assert_true(rollout_wave_control(&plan, members) <= members / 2);
    }
}

static void the_control_can_be_left_out(void **state)
{
    struct rollout_plan plan = usual();
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];

    (void)state;
    plan.control_share = plan.control_at_least = 0;
    assert_int_equal(rollout_wave_sizes(&plan, 1000, waves), 5);
    assert_int_equal(waves[4].size, 500);
    assert_false(waves[4].is_control);
}

/* The tails by R's pbinom(k - 1, n, 0.02, lower.tail = FALSE). */
static void failures_are_too_many_when_chance_does_not_explain_them(void **state)
{
    const struct rollout_plan plan = usual();

    (void)state;
    assert_false(rollout_wave_fails(&plan, 0, 0));
    assert_false(rollout_wave_fails(&plan, 5, 1));       /* 0.096 */
    assert_true(rollout_wave_fails(&plan, 5, 2));        /* 0.0038 */
    assert_false(rollout_wave_fails(&plan, 50, 4));      /* 0.0178 */
    assert_true(rollout_wave_fails(&plan, 50, 5));       /* 0.0032 */
    assert_false(rollout_wave_fails(&plan, 10000, 200)); /* as many as allowed */
    assert_false(rollout_wave_fails(&plan, 10000, 236)); /* 0.0064 */
    assert_true(rollout_wave_fails(&plan, 10000, 240));
    assert_true(rollout_wave_fails(&plan, 10000, 10000));
}

static void a_plan_may_allow_no_failure_or_any(void **state)
{
    struct rollout_plan plan = usual();

    (void)state;
    plan.max_failed = 0;
    assert_true(rollout_wave_fails(&plan, 1000, 1));
    assert_false(rollout_wave_fails(&plan, 1000, 0));
    plan.max_failed = ROLLOUT_PLAN_ALL;
    assert_false(rollout_wave_fails(&plan, 10, 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_are_five_waves_and_the_control),
        cmocka_unit_test(two_hundred_begin_with_five),
        cmocka_unit_test(a_small_fleet_has_fewer_waves_and_half_of_it_is_control),
        cmocka_unit_test(waves_open_everybody_once_however_many_there_are),
        cmocka_unit_test(the_control_can_be_left_out),
        cmocka_unit_test(failures_are_too_many_when_chance_does_not_explain_them),
        cmocka_unit_test(a_plan_may_allow_no_failure_or_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
