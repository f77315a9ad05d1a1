#include "server/api/turnstile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#define CROWD 32

struct crowd {
    struct turnstile *turnstile;
    atomic_uint inside, most, entered, turned_away;
};

static void *go_through(void *context)
{
    struct crowd *crowd = context;

    if (!turnstile_enter(crowd->turnstile)) {
        atomic_fetch_add(&crowd->turned_away, 1);
        return NULL;
    }
    const unsigned here = atomic_fetch_add(&crowd->inside, 1) + 1;
    unsigned most = atomic_load(&crowd->most);
    while (here > most && !atomic_compare_exchange_weak(&crowd->most, &most, here))
        ;
    atomic_fetch_add(&crowd->entered, 1);
    atomic_fetch_sub(&crowd->inside, 1);
    turnstile_leave(crowd->turnstile);
    return NULL;
}

static void beyond_who_is_inside_and_who_may_wait_all_are_turned_away_at_once(void **state)
{
    struct crowd crowd = {0};
    pthread_t threads[CROWD];

    (void)state;
    assert_int_equal(turnstile_create(&crowd.turnstile, 1, 2), STATUS_OK);
    assert_true(turnstile_enter(crowd.turnstile));
    for (int i = 0; i < CROWD; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, go_through, &crowd), 0);
    while (atomic_load(&crowd.turned_away) < CROWD - 2)
        ;
    assert_int_equal(atomic_load(&crowd.entered), 0);
    turnstile_leave(crowd.turnstile);
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.entered), 2);
    assert_int_equal(atomic_load(&crowd.most), 1);
    turnstile_free(crowd.turnstile);
}

static void who_left_makes_room(void **state)
{
    struct turnstile *turnstile;

    (void)state;
    assert_int_equal(turnstile_create(&turnstile, 2, 0), STATUS_OK);
    assert_true(turnstile_enter(turnstile));
    assert_true(turnstile_enter(turnstile));
    assert_false(turnstile_enter(turnstile));
    turnstile_leave(turnstile);
    assert_true(turnstile_enter(turnstile));
    turnstile_free(turnstile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beyond_who_is_inside_and_who_may_wait_all_are_turned_away_at_once),
        cmocka_unit_test(who_left_makes_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
