#include "agent/speech/clip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MS(ms) ((uint32_t)(ms)*CLIP_RATE / 1000)

/* What came out, frame by frame. */
struct seen {
    unsigned begins, ends, failures;
    uint32_t samples;
    unsigned marks, words;
    uint32_t last_mark;
    uint32_t first_b; /* where the first phoneme "b" is */
    char phonemes[256];
    bool is_early; /* a mark before its sound, or one out of order */
    bool is_late;  /* more than 100 ms behind it */
};

static void look(struct seen *seen, struct span bytes)
{
    struct voice_wire frame;
    size_t used;

    while (voice_wire_decode(bytes, &frame, &used) == STATUS_OK) {
        assert_int_equal(frame.turn, 7);
        assert_int_equal(frame.clause, 2);
        seen->begins += frame.kind == VOICE_WIRE_BEGIN;
        seen->ends += frame.kind == VOICE_WIRE_END;
        seen->failures += frame.kind == VOICE_WIRE_FAILED;
        if (frame.kind == VOICE_WIRE_PCM)
            seen->samples += (uint32_t)(frame.bytes.size / 2);
        if (frame.kind == VOICE_WIRE_WORD)
            seen->words++;
        if (frame.kind == VOICE_WIRE_MARK) {
            seen->marks++;
            if (frame.phoneme[0] == 'b' && seen->first_b == 0)
                seen->first_b = frame.sample;
            const size_t size = strlen(seen->phonemes);
            snprintf(seen->phonemes + size, sizeof seen->phonemes - size, "%s ", frame.phoneme);
            seen->is_early |= frame.sample >= seen->samples || frame.sample < seen->last_mark;
            seen->is_late |= seen->samples - frame.sample > MS(100) + 2;
            seen->last_mark = frame.sample;
        }
        bytes = span_of(bytes.data + used, bytes.size - used);
    }
}

static enum status give_at(struct clip *clip, int64_t now_ms, struct seen *seen)
{
    struct buffer out;
    enum status status = STATUS_OK;

    while (status == STATUS_OK) {
        buffer_init(&out, 1u << 16);
        status = clip_give(clip, now_ms, &out);
        look(seen, buffer_span(&out));
        buffer_release(&out);
    }
    return status;
}

static enum status give_all(struct clip *clip, struct seen *seen)
{
    return give_at(clip, 1000000, seen);
}

/* What the pattern sounds like. */
static void add_pattern(struct clip *clip, unsigned ms, int strength)
{
    for (unsigned i = 0; i < MS(ms); i++) {
        const int16_t sample = (int16_t)(i / 50 % 2 ? strength : -strength);

        clip_add_pattern(clip, &sample, 1);
    }
}

static void add_sound(struct clip *clip, unsigned ms, int strength)
{
    for (unsigned i = 0; i < MS(ms); i++) {
        const int16_t sample = (int16_t)(i / 50 % 2 ? strength : -strength);

        clip_add_sound(clip, &sample, 1);
    }
}

/* Ten phonemes of 100 ms from `from` on. */
static void add_phrase(struct clip *clip, uint32_t from_ms, const char *phoneme)
{
    for (uint32_t i = 0; i < 10; i++) {
        struct voice_mark mark = {.sample = MS(from_ms + 100 * i), .duration = MS(100)};

        snprintf(mark.phoneme, sizeof mark.phoneme, "%s", phoneme);
        clip_add_mark(clip, &mark);
    }
    clip_add_word(clip, &(struct voice_word){.sample = MS(from_ms), .length = 3});
}

static struct clip *made(void)
{
    struct clip *clip = malloc(sizeof *clip);

    assert_non_null(clip);
    assert_int_equal(clip_init(clip, 7, 2), STATUS_OK);
    return clip;
}

static void done(struct clip *clip)
{
    clip_release(clip);
    free(clip);
}

static void a_clause_goes_out_with_its_sound_and_every_phoneme_in_order(void **state)
{
    struct clip *clip = made();
    struct seen seen = {0};

    (void)state;
    add_phrase(clip, 0, "a");
    add_phrase(clip, 1150, "b");
    add_pattern(clip, 1000, 8000);
    add_pattern(clip, 150, 0);
    add_pattern(clip, 1000, 8000);
    clip_end_pattern(clip);
    add_sound(clip, 1200, 8000);
    add_sound(clip, 300, 0);
    add_sound(clip, 1200, 8000);
    clip_end_sound(clip, true);
    assert_int_equal(give_all(clip, &seen), STATUS_CLOSED);
    assert_int_equal(seen.begins, 1);
    assert_int_equal(seen.ends, 1);
    assert_int_equal(seen.failures, 0);
    assert_int_equal(seen.samples, clip->given);
    assert_string_equal(seen.phonemes, "a a a a a a a a a a _: b b b b b b b b b b ");
    assert_in_range(seen.first_b, MS(1480), MS(1520)); /* behind the sound's pause */
    assert_int_equal(seen.words, 2);
    assert_false(seen.is_early);
    assert_false(seen.is_late);
    done(clip);
}

static void a_little_sound_is_gathered_first_and_again_after_a_lack_of_it(void **state)
{
    struct clip *clip = made();
    struct seen seen = {0};

    (void)state;
    add_phrase(clip, 0, "a");
    add_pattern(clip, 1000, 8000);
    clip_end_pattern(clip);
    add_sound(clip, CLIP_GATHER_MS - 20, 8000);
    assert_int_equal(give_all(clip, &seen), STATUS_AGAIN);
    assert_int_equal(seen.samples, 0);
    add_sound(clip, 30, 8000);
    assert_int_equal(give_all(clip, &seen), STATUS_AGAIN);
    assert_in_range(seen.samples, MS(200), MS(220));
    add_sound(clip, 50, 8000);
    assert_int_equal(give_all(clip, &seen), STATUS_AGAIN);
    assert_in_range(seen.samples, MS(200), MS(220));
    add_sound(clip, 200, 8000);
    assert_int_equal(give_all(clip, &seen), STATUS_AGAIN);
    assert_true(seen.samples > MS(400));
    clip_end_sound(clip, true);
    assert_int_equal(give_all(clip, &seen), STATUS_CLOSED);
    assert_false(seen.is_early);
    assert_int_equal(seen.marks, 10);
    done(clip);
}

static void sound_that_comes_faster_than_it_is_heard_is_listened_to_meanwhile(void **state)
{
    struct clip *clip = made();
    struct seen seen = {0};

    (void)state;
    add_phrase(clip, 0, "a");
    add_pattern(clip, 1000, 8000);
    clip_end_pattern(clip);
    add_sound(clip, 2000, 8000);
    assert_int_equal(give_at(clip, 5000, &seen), STATUS_AGAIN);
    assert_true(clip_is_timed(clip));
    assert_in_range(seen.samples, MS(CLIP_LEAD_MS) - 1, MS(CLIP_LEAD_MS) + 1);
    assert_int_equal(give_at(clip, 5500, &seen), STATUS_AGAIN);
    assert_in_range(seen.samples, MS(CLIP_LEAD_MS + 500) - 1, MS(CLIP_LEAD_MS + 500) + 1);
    clip_end_sound(clip, true);
    assert_false(clip_is_timed(clip));
    assert_int_equal(give_at(clip, 5500, &seen), STATUS_CLOSED);
    assert_int_equal(seen.samples, MS(2000));
    done(clip);
}

static void sound_waits_for_its_phonemes_but_not_for_ever(void **state)
{
    struct clip *clip = made();
    struct seen seen = {0};

    (void)state;
    add_sound(clip, 900, 8000);
    clip_end_sound(clip, true);
    assert_int_equal(give_all(clip, &seen), STATUS_AGAIN);
    clip_end_pattern(clip);
    assert_int_equal(give_all(clip, &seen), STATUS_CLOSED);
    assert_int_equal(seen.samples, MS(900));
    assert_int_equal(seen.ends, 1);
    done(clip);
}

static void what_broke_off_is_a_failure_behind_the_sound_that_came(void **state)
{
    struct clip *clip = made();
    struct seen seen = {0};

    (void)state;
    clip_end_pattern(clip);
    add_sound(clip, 700, 8000);
    clip_end_sound(clip, false);
    assert_int_equal(give_all(clip, &seen), STATUS_CLOSED);
    assert_int_equal(seen.samples, MS(700));
    assert_int_equal(seen.failures, 1);
    assert_int_equal(seen.ends, 0);
    done(clip);
}

static void no_sound_at_all_is_a_failure_without_a_beginning(void **state)
{
    struct clip *clip = made();
    struct seen seen = {0};

    (void)state;
    clip_end_sound(clip, true);
    assert_int_equal(give_all(clip, &seen), STATUS_CLOSED);
    assert_int_equal(seen.begins, 0);
    assert_int_equal(seen.failures, 1);
    done(clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clause_goes_out_with_its_sound_and_every_phoneme_in_order),
        cmocka_unit_test(a_little_sound_is_gathered_first_and_again_after_a_lack_of_it),
        cmocka_unit_test(sound_that_comes_faster_than_it_is_heard_is_listened_to_meanwhile),
        cmocka_unit_test(sound_waits_for_its_phonemes_but_not_for_ever),
        cmocka_unit_test(what_broke_off_is_a_failure_behind_the_sound_that_came),
        cmocka_unit_test(no_sound_at_all_is_a_failure_without_a_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
