/* How near real voices' times are is seen by ./myna bench lips and integration.speech. */
#include "agent/speech/align.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define RATE        22050
#define MS(ms)      ((uint32_t)(ms)*RATE / 1000)
#define MAX_SECONDS 20

/* Said one after the other, each as long as an unlike neighbour: 0 is a pause. */
static const unsigned words_hz[] = {300, 2500, 700, 5000, 300, 0, 1500, 300, 3500, 700, 1200};

#define WORDS (unsigned)(sizeof words_hz / sizeof words_hz[0])

typedef void (*take_fn)(struct align *align, const int16_t *pcm, size_t count);

static void tone(struct align *align, take_fn take, unsigned hz, unsigned ms)
{
    for (uint32_t i = 0; i < MS(ms); i++) {
        const int16_t sample = (int16_t)(hz ? 9000 * sin(2 * 3.14159265 * hz * i / RATE) : 0);

        take(align, &sample, 1);
    }
}

static struct align *made(void)
{
    struct align *align;

    assert_int_equal(align_create(&align, RATE, MAX_SECONDS), STATUS_OK);
    for (size_t i = 0; i < WORDS; i++)
        align_pattern_word(align, MS(200 * i));
    for (size_t i = 0; i < WORDS; i++)
        tone(align, align_pattern_sound, words_hz[i], 200);
    align_pattern_end(align);
    return align;
}

/* The words from first on, each so long. */
static void say(struct align *align, size_t first, size_t count, unsigned ms)
{
    for (size_t i = first; i < first + count; i++)
        tone(align, align_sound, words_hz[i], ms);
}

static void assert_word(struct align *align, unsigned word, unsigned ms)
{
    const uint32_t place = align_place(align, MS(200 * word));

    assert_int_not_equal(place, ALIGN_NEVER);
    assert_in_range(place + MS(100), MS(100 + ms) - MS(25), MS(100 + ms) + MS(25));
}

static void words_are_found_at_any_speed_from_the_first_one_on(void **state)
{
    static const unsigned lengths_ms[] = {120, 160, 200, 260, 340};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const unsigned ms = lengths_ms[i];
        struct align *align = made();

        say(align, 0, 4, ms);
        assert_word(align, 1, ms);
        assert_word(align, 2, 2 * ms);
        say(align, 4, WORDS - 4, ms);
        align_sound_end(align);
        for (unsigned word = 1; word < WORDS; word++)
            if (words_hz[word] != 0)
                assert_word(align, word, word * ms);
        align_free(align);
    }
}

static void a_change_of_speed_within_a_sentence_is_followed(void **state)
{
    struct align *align = made();

    (void)state;
    say(align, 0, 5, 140);
    say(align, 5, 6, 300);
    align_sound_end(align);
    assert_word(align, 3, 420);
    assert_word(align, 8, 5 * 140 + 3 * 300);
    align_free(align);
}

static void a_pause_may_be_longer_and_lie_where_the_pattern_has_none(void **state)
{
    struct align *align = made();

    (void)state;
    tone(align, align_sound, 0, 300);
    say(align, 0, 2, 200);
    tone(align, align_sound, 0, 400);
    say(align, 2, 3, 200);
    tone(align, align_sound, 0, 900);
    say(align, 6, 5, 200);
    tone(align, align_sound, 0, 500);
    align_sound_end(align);
    assert_word(align, 0, 300);
    assert_word(align, 1, 500);
    assert_word(align, 2, 1100);
    assert_word(align, 6, 2600);
    assert_word(align, 10, 3400);
    align_free(align);
}

/* A voice that waits where the pattern does not, right before a word that is shorter than that. */
static void a_short_word_between_two_pauses_is_where_it_is_said(void **state)
{
    static const unsigned hz[] = {2500, 700, 0, 1500, 5000}, ms[] = {200, 80, 200, 200, 200};
    struct align *align;
    uint32_t at_ms = 0;

    (void)state;
    assert_int_equal(align_create(&align, RATE, MAX_SECONDS), STATUS_OK);
    for (size_t i = 0; i < 5; i++) {
        align_pattern_word(align, MS(at_ms));
        tone(align, align_pattern_sound, hz[i], ms[i]);
        at_ms += ms[i];
    }
    align_pattern_end(align);
    tone(align, align_sound, 2500, 200);
    tone(align, align_sound, 0, 700);
    tone(align, align_sound, 700, 80);
    tone(align, align_sound, 0, 200);
    tone(align, align_sound, 1500, 200);
    tone(align, align_sound, 5000, 200);
    align_sound_end(align);
    assert_in_range(align_place(align, MS(200)), MS(875), MS(925));
    assert_in_range(align_place(align, MS(480)), MS(1155), MS(1205));
    align_free(align);
}

static void what_is_behind_a_pause_is_not_placed_while_it_lasts(void **state)
{
    struct align *align = made();

    (void)state;
    say(align, 0, 5, 200);
    tone(align, align_sound, 0, 700);
    assert_word(align, 4, 800);
    assert_int_equal(align_place(align, MS(1200)), ALIGN_NEVER);
    say(align, 6, 5, 200);
    assert_word(align, 6, 1700);
    align_free(align);
}

static void the_patterns_end_is_placed_though_silence_follows(void **state)
{
    struct align *align = made();

    (void)state;
    say(align, 0, WORDS, 200);
    tone(align, align_sound, 0, 300);
    align_sound_end(align);
    assert_in_range(align_place(align, MS(200 * WORDS - 10)), MS(200 * WORDS - 40),
                    MS(200 * WORDS + 300));
    align_free(align);
}

static void what_has_not_arrived_has_no_place(void **state)
{
    struct align *align = made();

    (void)state;
    assert_int_equal(align_place(align, 0), ALIGN_NEVER);
    say(align, 0, 2, 200);
    assert_int_equal(align_place(align, MS(600)), ALIGN_NEVER);
    align_free(align);
}

static void a_pattern_without_sound_places_nothing(void **state)
{
    struct align *align;

    (void)state;
    assert_int_equal(align_create(&align, RATE, MAX_SECONDS), STATUS_OK);
    align_pattern_end(align);
    say(align, 0, 3, 200);
    align_sound_end(align);
    assert_int_equal(align_place(align, MS(200)), ALIGN_NEVER);
    align_free(align);
}

/* More at once than ways are kept for. */
static void a_sound_that_comes_all_at_once_is_followed_to_its_end(void **state)
{
    struct align *align;

    (void)state;
    assert_int_equal(align_create(&align, RATE, MAX_SECONDS), STATUS_OK);
    for (unsigned round = 0; round < 6; round++)
        for (size_t i = 0; i < WORDS; i++)
            tone(align, align_pattern_sound, words_hz[i], 200);
    align_pattern_end(align);
    for (unsigned round = 0; round < 6; round++)
        say(align, 0, WORDS, 240);
    align_sound_end(align);
    assert_word(align, 1, 240);
    assert_word(align, 4 * WORDS + 3, (4 * WORDS + 3) * 240);
    assert_word(align, 6 * WORDS - 1, (6 * WORDS - 1) * 240);
    align_free(align);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found_at_any_speed_from_the_first_one_on),
        cmocka_unit_test(a_change_of_speed_within_a_sentence_is_followed),
        cmocka_unit_test(a_pause_may_be_longer_and_lie_where_the_pattern_has_none),
        cmocka_unit_test(a_short_word_between_two_pauses_is_where_it_is_said),
        cmocka_unit_test(what_is_behind_a_pause_is_not_placed_while_it_lasts),
        cmocka_unit_test(the_patterns_end_is_placed_though_silence_follows),
        cmocka_unit_test(what_has_not_arrived_has_no_place),
        cmocka_unit_test(a_pattern_without_sound_places_nothing),
        cmocka_unit_test(a_sound_that_comes_all_at_once_is_followed_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
