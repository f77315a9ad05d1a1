#include "agent/voice/onset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct onset_note mark_at(uint32_t sample)
{
    return (struct onset_note){.mark = {.sample = sample}};
}

static void silence_before_the_first_sound_is_left_out_and_nothing_after_it(void **state)
{
    const int16_t pcm[] = {0, 3, -16, 16, 17, 0, 0, 0};
    struct onset onset;

    (void)state;
    onset_begin(&onset, true);
    assert_int_equal(onset_skip(&onset, pcm, 2), 2);
    assert_true(onset.is_awaited);
    assert_int_equal(onset_skip(&onset, pcm + 2, 6), 2);
    assert_false(onset.is_awaited);
    assert_int_equal(onset_skip(&onset, pcm, 8), 0);
}

static void the_deepest_sample_is_a_sound(void **state)
{
    const int16_t pcm[] = {INT16_MIN};
    struct onset onset;

    (void)state;
    onset_begin(&onset, true);
    assert_int_equal(onset_skip(&onset, pcm, 1), 0);
}

static void a_clause_behind_others_keeps_its_silence(void **state)
{
    const int16_t pcm[4] = {0};
    const struct onset_note note = mark_at(1);
    struct onset onset;

    (void)state;
    onset_begin(&onset, false);
    assert_int_equal(onset_skip(&onset, pcm, 4), 0);
    assert_false(onset_keep(&onset, &note));
}

static void a_silence_of_more_than_half_a_second_is_meant(void **state)
{
    static const int16_t pcm[ONSET_MAX_SAMPLES + 100];
    struct onset onset;

    (void)state;
    onset_begin(&onset, true);
    assert_int_equal(onset_skip(&onset, pcm, 1000), 1000);
    assert_int_equal(onset_skip(&onset, pcm, ONSET_MAX_SAMPLES), ONSET_MAX_SAMPLES - 1000);
    assert_false(onset.is_awaited);
    assert_int_equal(onset_skip(&onset, pcm, 100), 0);
}

static void what_is_marked_in_the_silence_is_kept_in_order_and_within_bounds(void **state)
{
    const int16_t sound = 100;
    struct onset onset;

    (void)state;
    onset_begin(&onset, true);
    for (uint32_t i = 0; i < ONSET_MAX_NOTES + 2; i++) {
        const struct onset_note note = mark_at(i);

        assert_true(onset_keep(&onset, &note));
    }
    assert_int_equal(onset.note_count, ONSET_MAX_NOTES);
    assert_int_equal(onset.notes[0].mark.sample, 0);
    assert_int_equal(onset.notes[ONSET_MAX_NOTES - 1].mark.sample, ONSET_MAX_NOTES - 1);
    onset_skip(&onset, &sound, 1);
    const struct onset_note late = mark_at(99);
    assert_false(onset_keep(&onset, &late));
    assert_int_equal(onset.note_count, ONSET_MAX_NOTES);
    onset_begin(&onset, true);
    assert_int_equal(onset.note_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_before_the_first_sound_is_left_out_and_nothing_after_it),
        cmocka_unit_test(the_deepest_sample_is_a_sound),
        cmocka_unit_test(a_clause_behind_others_keeps_its_silence),
        cmocka_unit_test(a_silence_of_more_than_half_a_second_is_meant),
        cmocka_unit_test(what_is_marked_in_the_silence_is_kept_in_order_and_within_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
