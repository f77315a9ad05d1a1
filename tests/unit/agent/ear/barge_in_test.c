#include "agent/ear/barge_in.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#define EVENTS (BARGE_IN_CALL + 1)

static enum barge_in_act last_act(enum barge_in_state *state, const enum barge_in_event *events,
                                  size_t count)
{
    enum barge_in_act act = BARGE_IN_NO_ACT;

    for (size_t i = 0; i < count; i++)
        act = barge_in_step(state, events[i]);
    return act;
}

#define AFTER(state, ...)                                                                          \
    last_act(state, (const enum barge_in_event[]){__VA_ARGS__},                                    \
             sizeof((enum barge_in_event[]){__VA_ARGS__}) / sizeof(enum barge_in_event))

static void speech_over_an_answer_lowers_the_voice_and_words_stop_it(void **state)
{
    enum barge_in_state now = BARGE_IN_QUIET;

    (void)state;
    assert_int_equal(AFTER(&now, BARGE_IN_OPENS, BARGE_IN_SPEECH), BARGE_IN_DUCK);
    assert_int_equal(barge_in_step(&now, BARGE_IN_WORDS), BARGE_IN_STOP);
    assert_int_equal(now, BARGE_IN_QUIET);
}

static void without_words_the_voice_is_as_loud_as_before(void **state)
{
    enum barge_in_state now = BARGE_IN_QUIET;

    (void)state;
    assert_int_equal(AFTER(&now, BARGE_IN_OPENS, BARGE_IN_SPEECH, BARGE_IN_PATIENCE),
                     BARGE_IN_RESTORE);
    assert_int_equal(now, BARGE_IN_TALKING);
    assert_int_equal(barge_in_step(&now, BARGE_IN_SPEECH), BARGE_IN_DUCK);
}

static void words_that_began_over_an_answers_end_count(void **state)
{
    enum barge_in_state now = BARGE_IN_QUIET;

    (void)state;
    assert_int_equal(AFTER(&now, BARGE_IN_OPENS, BARGE_IN_SPEECH, BARGE_IN_SHUTS, BARGE_IN_WORDS),
                     BARGE_IN_STOP);
    assert_int_equal(AFTER(&now, BARGE_IN_OPENS, BARGE_IN_SPEECH, BARGE_IN_SHUTS, BARGE_IN_OPENS),
                     BARGE_IN_NO_ACT);
    assert_int_equal(now, BARGE_IN_DUCKED);
}

static void i8_speech_while_nothing_is_answered_is_nobodys_business(void **state)
{
    enum barge_in_state now = BARGE_IN_QUIET;

    (void)state;
    assert_int_equal(AFTER(&now, BARGE_IN_SPEECH, BARGE_IN_WORDS), BARGE_IN_NO_ACT);
    assert_int_equal(AFTER(&now, BARGE_IN_OPENS, BARGE_IN_SHUTS, BARGE_IN_SPEECH, BARGE_IN_WORDS),
                     BARGE_IN_NO_ACT);
    assert_int_equal(now, BARGE_IN_QUIET);
}

/* Whatever happens, a voice that was lowered is stopped or as loud as before in the end. */
static void no_voice_stays_low(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 1u << 15; seed++) {
        enum barge_in_state now = BARGE_IN_QUIET;
        bool is_low = false;

        for (unsigned left = seed; left > 0; left /= EVENTS) {
            const enum barge_in_act act = barge_in_step(&now, (enum barge_in_event)(left % EVENTS));

            if (act == BARGE_IN_DUCK)
                is_low = true;
            if (act == BARGE_IN_STOP || act == BARGE_IN_RESTORE)
                is_low = false;
        }
        assert_int_equal(is_low, now == BARGE_IN_DUCKED || now == BARGE_IN_LATE);
        if (is_low)
            assert_int_equal(barge_in_step(&now, BARGE_IN_PATIENCE), BARGE_IN_RESTORE);
    }
}

static void a_stop_needs_words_and_words_need_speech(void **state)
{
    size_t count;
    const struct barge_in_row *table = barge_in_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (table[i].act == BARGE_IN_STOP)
            assert_true(table[i].event == BARGE_IN_WORDS &&
                        (table[i].from == BARGE_IN_DUCKED || table[i].from == BARGE_IN_LATE));
        if (table[i].act == BARGE_IN_DUCK)
            assert_int_equal(table[i].event, BARGE_IN_SPEECH);
        for (size_t k = 0; k < i; k++)
            assert_false(table[i].from == table[k].from && table[i].event == table[k].event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_over_an_answer_lowers_the_voice_and_words_stop_it),
        cmocka_unit_test(without_words_the_voice_is_as_loud_as_before),
        cmocka_unit_test(words_that_began_over_an_answers_end_count),
        cmocka_unit_test(i8_speech_while_nothing_is_answered_is_nobodys_business),
        cmocka_unit_test(no_voice_stays_low),
        cmocka_unit_test(a_stop_needs_words_and_words_need_speech),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
