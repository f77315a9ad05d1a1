#include "agent/chat/running.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/base/clock.h"

#define LONG_MS 60000 /* never waited for */

struct fixture {
    struct http *http;
    struct running running;
};

static const uint8_t uuid[16] = "0123456789abcdef";

static int create(void **state)
{
    static struct fixture fixture;

    if (http_create(&fixture.http) != STATUS_OK ||
        running_init(&fixture.running, fixture.http) != STATUS_OK)
        return -1;
    *state = &fixture;
    return 0;
}

static int release(void **state)
{
    struct fixture *fixture = *state;

    running_release(&fixture->running);
    http_free(fixture->http);
    return 0;
}

static bool tell(struct running *running, enum speaker_event_kind kind, uint64_t turn,
                 int64_t mono_ms)
{
    const struct speaker_event event = {.kind = kind, .turn = turn, .mono_ms = mono_ms};
    uint8_t of[16];

    return running_on_speaker(running, &event, of);
}

static void an_interruption_ends_the_turn_and_every_wait_in_it(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;
    uint64_t number = 5;

    running_begin(running, 5, uuid);
    assert_false(running_is_cancelled(running));
    assert_true(running_interrupt(running, &number));
    assert_int_equal(number, 5);
    assert_true(running_is_cancelled(running));
    assert_true(atomic_load(running_halt(running)));
    running_pause(running, LONG_MS);
    running_wait_heard(running, LONG_MS);
}

/* Who interrupts "everything up to now" does not know which turn is running. */
static void an_interruption_names_the_turn_that_it_met(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;
    uint64_t number = 9;

    running_begin(running, 5, uuid);
    assert_true(running_interrupt(running, &number));
    assert_int_equal(number, 5);
}

static void an_interruption_that_comes_first_waits_for_its_turn(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;
    uint64_t number = 6;

    running_begin(running, 5, uuid);
    running_end(running);
    assert_false(running_interrupt(running, &number));
    running_begin(running, 6, uuid);
    assert_true(running_is_cancelled(running));
    running_end(running);
    running_begin(running, 7, uuid);
    assert_false(running_is_cancelled(running));
    assert_false(atomic_load(running_halt(running)));
}

static void an_old_number_changes_nothing(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;
    uint64_t number = 4;

    running_begin(running, 5, uuid);
    assert_false(running_interrupt(running, &number));
    assert_false(tell(running, SPEAKER_INTERRUPTED, 4, 100));
    assert_false(running_is_cancelled(running));
    running_end(running);
    assert_false(tell(running, SPEAKER_INTERRUPTED, 5, 100));
}

static void what_is_held_back_ends_the_request_and_not_the_turn(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;

    running_begin(running, 5, uuid);
    running_hold(running);
    assert_true(atomic_load(running_halt(running)));
    assert_false(running_is_cancelled(running));
}

static void the_first_sound_is_the_one_that_counts(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;

    running_begin(running, 5, uuid);
    assert_int_equal(running_first_audio_ms(running), 0);
    assert_true(tell(running, SPEAKER_CLAUSE_STARTED, 5, 100));
    assert_true(tell(running, SPEAKER_CLAUSE_STARTED, 5, 200));
    assert_int_equal(running_end(running), 100);
    running_begin(running, 6, uuid);
    assert_int_equal(running_first_audio_ms(running), 0);
}

static void a_turn_that_was_said_to_its_end_is_waited_for_no_longer(void **state)
{
    struct running *running = &((struct fixture *)*state)->running;
    const int64_t started_ms = clock_mono_ms();

    running_begin(running, 5, uuid);
    running_wait_heard(running, 20);
    assert_true(clock_mono_ms() - started_ms >= 20);
    assert_true(tell(running, SPEAKER_TURN_FINISHED, 5, 100));
    running_wait_heard(running, LONG_MS);
    assert_false(running_is_cancelled(running));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_interruption_ends_the_turn_and_every_wait_in_it, create,
                                        release),
        cmocka_unit_test_setup_teardown(an_interruption_names_the_turn_that_it_met, create,
                                        release),
        cmocka_unit_test_setup_teardown(an_interruption_that_comes_first_waits_for_its_turn, create,
                                        release),
        cmocka_unit_test_setup_teardown(an_old_number_changes_nothing, create, release),
        cmocka_unit_test_setup_teardown(what_is_held_back_ends_the_request_and_not_the_turn, create,
                                        release),
        cmocka_unit_test_setup_teardown(the_first_sound_is_the_one_that_counts, create, release),
        cmocka_unit_test_setup_teardown(a_turn_that_was_said_to_its_end_is_waited_for_no_longer,
                                        create, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
