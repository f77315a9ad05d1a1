#include "agent/rehearsal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/base/clock.h"

static const struct span clauses[] = {{(const uint8_t *)"Yes, I am here.", 15},
                                      {(const uint8_t *)"我在。", 9}};

static void what_is_spoken_to_nobody_has_sound_and_moves_the_mouth(void **state)
{
    const atomic_bool cancel = false;
    const struct rehearsal rehearsal = {VOICE_PROGRAM, clauses, 2, &cancel};
    struct rehearsal_result result;

    (void)state;
    assert_int_equal(rehearsal_run(&rehearsal, &result), STATUS_OK);
    assert_true(result.samples > 22050 / 2);
    assert_true(result.is_spoken);
    assert_true(result.is_moved);
}

/* sha256sum takes whatever it is told and says nothing while more may come. */
static void who_waits_for_a_voice_that_says_nothing_can_be_called_off(void **state)
{
    const atomic_bool cancel = true;
    const struct rehearsal rehearsal = {"sha256sum", clauses, 1, &cancel};
    const int64_t started_ms = clock_mono_ms();
    struct rehearsal_result result;

    (void)state;
    assert_int_equal(rehearsal_run(&rehearsal, &result), STATUS_CLOSED);
    assert_true(clock_mono_ms() - started_ms < 9000); /* it would wait for ten seconds */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_spoken_to_nobody_has_sound_and_moves_the_mouth),
        cmocka_unit_test(who_waits_for_a_voice_that_says_nothing_can_be_called_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
