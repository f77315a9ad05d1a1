#include "server/jobs/timer.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/base/clock.h"

#define NEVER_MS   (3600 * 1000)
#define PATIENT_MS 30000

struct work {
    atomic_int runs, woken;
    atomic_bool holds; /* a run waits until this ends */
};

static void job(void *context, bool woken)
{
    struct work *work = context;

    atomic_fetch_add(&work->woken, woken);
    atomic_fetch_add(&work->runs, 1);
    while (atomic_load(&work->holds))
        clock_sleep_ms(1);
}

static void wait_for_runs(struct work *work, int runs)
{
    const int64_t until_ms = clock_mono_ms() + PATIENT_MS;

    while (atomic_load(&work->runs) < runs && clock_mono_ms() < until_ms)
        clock_sleep_ms(1);
    assert_true(atomic_load(&work->runs) >= runs);
}

static void it_runs_at_once_and_then_again_and_again(void **state)
{
    struct work work = {0};
    struct timer *timer;

    (void)state;
    assert_int_equal(timer_start(&timer, 1, job, &work), STATUS_OK);
    wait_for_runs(&work, 5);
    timer_stop(timer);
    assert_int_equal(atomic_load(&work.woken), 0);
}

static void whoever_wakes_it_does_not_wait(void **state)
{
    struct work work = {0};
    struct timer *timer;

    (void)state;
    assert_int_equal(timer_start(&timer, NEVER_MS, job, &work), STATUS_OK);
    wait_for_runs(&work, 1);
    timer_wake(timer);
    wait_for_runs(&work, 2);
    timer_stop(timer);
    assert_int_equal(atomic_load(&work.woken), 1);
}

static void a_wake_up_during_a_run_is_followed_by_one_more(void **state)
{
    struct work work = {.holds = true};
    struct timer *timer;

    (void)state;
    assert_int_equal(timer_start(&timer, NEVER_MS, job, &work), STATUS_OK);
    wait_for_runs(&work, 1);
    timer_wake(timer);
    timer_wake(timer);
    atomic_store(&work.holds, false);
    wait_for_runs(&work, 2);
    timer_stop(timer);
    assert_int_equal(atomic_load(&work.runs), 2);
    assert_int_equal(atomic_load(&work.woken), 1);
}

static void stopped_it_runs_no_more(void **state)
{
    struct work work = {0};
    struct timer *timer;

    (void)state;
    assert_int_equal(timer_start(&timer, NEVER_MS, job, &work), STATUS_OK);
    wait_for_runs(&work, 1);
    timer_stop(timer); /* at once, though the next run is an hour away */
    assert_int_equal(atomic_load(&work.runs), 1);
    timer_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_at_once_and_then_again_and_again),
        cmocka_unit_test(whoever_wakes_it_does_not_wait),
        cmocka_unit_test(a_wake_up_during_a_run_is_followed_by_one_more),
        cmocka_unit_test(stopped_it_runs_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
