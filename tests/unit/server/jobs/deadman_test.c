#include "server/jobs/deadman.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct deadman_sight idle = {.database = true, .connected = true};

static void an_idle_server_is_well(void **state)
{
    (void)state;
    assert_true(deadman_is_well(&idle, &idle));
}

static void without_database_or_broker_it_is_not(void **state)
{
    struct deadman_sight now = idle;

    (void)state;
    now.database = false;
    assert_false(deadman_is_well(&idle, &now));
    now = idle;
    now.connected = false;
    assert_false(deadman_is_well(&idle, &now));
}

static void a_queue_that_moves_is_well_one_that_stands_is_not(void **state)
{
    const struct deadman_sight before = {true, true, .queued = 5, .taken = 100};
    struct deadman_sight now = before;

    (void)state;
    assert_false(deadman_is_well(&before, &now));
    now.taken = 101;
    assert_true(deadman_is_well(&before, &now));
    now.taken = 100;
    const struct deadman_sight empty = {true, true, .queued = 0, .taken = 100};
    assert_true(deadman_is_well(&empty, &now)); /* it has only just begun to wait */
    now.queued = 0;
    assert_true(deadman_is_well(&before, &now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_server_is_well),
        cmocka_unit_test(without_database_or_broker_it_is_not),
        cmocka_unit_test(a_queue_that_moves_is_well_one_that_stands_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
