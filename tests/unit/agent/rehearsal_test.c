#include "agent/rehearsal.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/base/clock.h"

static const struct span clauses[] = {{(const uint8_t *)"Yes, I am here.", 15},
                                      {(const uint8_t *)"我在。", 9}};

static void what_is_spoken_to_nobody_has_sound_and_moves_the_mouth(void **state)
{
    const atomic_bool cancel = false;
    const struct rehearsal rehearsal = {VOICE_PROGRAM, clauses, 2, &cancel, NULL};
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
    const struct rehearsal rehearsal = {"sha256sum", clauses, 1, &cancel, NULL};
    const int64_t started_ms = clock_mono_ms();
    struct rehearsal_result result;

    (void)state;
    assert_int_equal(rehearsal_run(&rehearsal, &result), STATUS_CLOSED);
    assert_true(clock_mono_ms() - started_ms < 9000); /* it would wait for ten seconds */
}

static void *cancel_later(void *context)
{
    clock_sleep_ms(500);
    atomic_store((atomic_bool *)context, true);
    return NULL;
}

static const struct voice_order order = {"http://127.0.0.1:1", "key", "model", "", "id"};

/* A program that never starts was surely given nothing; one that takes all and tells nothing may
 * have asked. */
static void what_became_of_an_order_is_what_can_be_known_of_it(void **state)
{
    static const struct {
        const char *program;
        enum voice_fate fate;
    } cases[] = {{"/does/not/exist", VOICE_FATE_NOT_SENT}, {"sha256sum", VOICE_FATE_UNKNOWN}};
    atomic_bool cancel;
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rehearsal rehearsal = {cases[i].program, clauses, 1, &cancel, &order};
        struct rehearsal_result result;

        atomic_store(&cancel, false);
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &cancel), 0);
        assert_int_equal(rehearsal_run(&rehearsal, &result), STATUS_CLOSED);
        pthread_join(thread, NULL);
        assert_false(result.is_spoken);
        assert_int_equal(result.used.fate, cases[i].fate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_spoken_to_nobody_has_sound_and_moves_the_mouth),
        cmocka_unit_test(who_waits_for_a_voice_that_says_nothing_can_be_called_off),
        cmocka_unit_test(what_became_of_an_order_is_what_can_be_known_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
