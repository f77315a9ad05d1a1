#include "agent/meter/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint8_t one[16] = {1}, two[16] = {2};

static void i1_everything_that_asks_for_a_turn_gets_a_number_of_its_own(void **state)
{
    struct attempts attempts;
    uint8_t uuid[16];
    uint32_t number;

    (void)state;
    attempts_init(&attempts);
    attempts_begin(&attempts, 7, one);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(attempts_next(&attempts, 7, uuid, &number), STATUS_OK);
        assert_int_equal(number, i);
        assert_memory_equal(uuid, one, 16);
    }
    attempts_begin(&attempts, 8, two);
    assert_int_equal(attempts_next(&attempts, 8, uuid, &number), STATUS_OK);
    assert_int_equal(number, 1);
    assert_memory_equal(uuid, two, 16);
    assert_int_equal(attempts_next(&attempts, 7, uuid, &number), STATUS_OK);
    assert_int_equal(number, 4);
    attempts_release(&attempts);
}

static void a_turn_that_did_not_begin_or_is_long_over_has_no_numbers(void **state)
{
    struct attempts attempts;
    uint8_t uuid[16];
    uint32_t number;

    (void)state;
    attempts_init(&attempts);
    assert_int_equal(attempts_next(&attempts, 0, uuid, &number), STATUS_NOT_FOUND);
    assert_int_equal(attempts_next(&attempts, 1, uuid, &number), STATUS_NOT_FOUND);
    for (uint64_t turn = 1; turn <= ATTEMPTS_TURNS + 1; turn++)
        attempts_begin(&attempts, turn, one);
    assert_int_equal(attempts_next(&attempts, 1, uuid, &number), STATUS_NOT_FOUND);
    assert_int_equal(attempts_next(&attempts, 2, uuid, &number), STATUS_OK);
    attempts_release(&attempts);
}

static void i1_a_turn_that_the_ear_heard_counts_on_behind_its_attempts(void **state)
{
    struct attempts attempts;
    uint8_t uuid[16];
    uint32_t number;

    (void)state;
    attempts_init(&attempts);
    attempts_continue(&attempts, two, 3);
    attempts_begin(&attempts, 5, one); /* somebody typed meanwhile */
    attempts_begin(&attempts, 6, two);
    assert_int_equal(attempts_next(&attempts, 5, uuid, &number), STATUS_OK);
    assert_int_equal(number, 1);
    assert_int_equal(attempts_next(&attempts, 6, uuid, &number), STATUS_OK);
    assert_int_equal(number, 4);
    attempts_release(&attempts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i1_everything_that_asks_for_a_turn_gets_a_number_of_its_own),
        cmocka_unit_test(i1_a_turn_that_the_ear_heard_counts_on_behind_its_attempts),
        cmocka_unit_test(a_turn_that_did_not_begin_or_is_long_over_has_no_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
