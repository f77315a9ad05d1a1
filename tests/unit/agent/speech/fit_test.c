#include "agent/speech/fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MS 22 /* samples of a millisecond, about: places need not be rounder */

/* Two phrases of ten phonemes, 100 ms each, 150 ms between. */
static void make_pattern(struct fit_pattern *pattern)
{
    *pattern = (struct fit_pattern){.break_count = 0};
    for (uint32_t i = 0; i < 20; i++) {
        const struct voice_mark mark = {
            .phoneme = "a", .sample = (i * 100 + (i >= 10 ? 150 : 0)) * MS, .duration = 100 * MS};

        fit_pattern_add(pattern, &mark, 22050);
    }
    const struct voice_mark pause = {.phoneme = "_:", .sample = 2150 * MS, .duration = 300 * MS};
    fit_pattern_add(pattern, &pause, 22050);
}

/* A sound of so many ms with pauses from, to (ms), as it would have been heard. */
static void make_sound(struct pauses *sound, uint32_t ms, const uint32_t *pauses, size_t count)
{
    pauses_init(sound, 22050);
    sound->is_silent = false;
    sound->samples = ms * MS;
    for (size_t i = 0; i < count; i += 2)
        sound->list[sound->count++] = (struct pause){pauses[i] * MS, pauses[i + 1] * MS};
}

static void assert_place(const struct fit *fit, const struct fit_pattern *pattern,
                         const struct pauses *sound, uint32_t pattern_ms, uint32_t ms)
{
    const uint32_t place = fit_place(fit, pattern, sound, pattern_ms * MS) / MS;

    assert_in_range(place + 10, ms + 10 - 2, ms + 10 + 2);
}

#define SOUND(ms, ...)                                                                             \
    make_sound(&sound, ms, (const uint32_t[]){__VA_ARGS__},                                        \
               sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void a_pattern_knows_its_breaks(void **state)
{
    struct fit_pattern pattern;

    (void)state;
    make_pattern(&pattern);
    assert_int_equal(pattern.break_count, 1);
    assert_int_equal(pattern.breaks[0].start, 1000 * MS);
    assert_int_equal(pattern.breaks[0].end, 1150 * MS);
    assert_int_equal(pattern.samples, 2150 * MS);
}

static void each_phrase_is_stretched_between_its_pauses(void **state)
{
    struct fit_pattern pattern;
    struct pauses sound;
    struct fit fit;

    (void)state;
    make_pattern(&pattern);
    /* 100 ms of silence, a phrase in 1200 ms, 400 ms of silence, the other in 800 ms */
    SOUND(2500, 0, 100, 1300, 1700);
    fit_make(&fit, &pattern, &sound, true, 1);
    assert_place(&fit, &pattern, &sound, 0, 100);
    assert_place(&fit, &pattern, &sound, 500, 700);
    assert_place(&fit, &pattern, &sound, 1150, 1700);
    assert_place(&fit, &pattern, &sound, 1650, 2100);
    assert_place(&fit, &pattern, &sound, 2150, 2500);
}

static void a_pause_where_the_pattern_has_none_only_shifts_what_follows(void **state)
{
    struct fit_pattern pattern;
    struct pauses sound;
    struct fit fit;

    (void)state;
    make_pattern(&pattern);
    SOUND(2350, 500, 600, 1100, 1350);
    fit_make(&fit, &pattern, &sound, true, 1);
    assert_place(&fit, &pattern, &sound, 400, 400);
    assert_place(&fit, &pattern, &sound, 600, 700);
    assert_place(&fit, &pattern, &sound, 1150, 1350);
}

static void a_voice_that_does_not_pause_is_stretched_as_one(void **state)
{
    struct fit_pattern pattern;
    struct pauses sound;
    struct fit fit;

    (void)state;
    make_pattern(&pattern);
    SOUND(3000, 0, 0);
    sound.count = 0;
    fit_make(&fit, &pattern, &sound, true, 1);
    assert_place(&fit, &pattern, &sound, 500, 750);
    assert_place(&fit, &pattern, &sound, 1150, 1500);
    assert_place(&fit, &pattern, &sound, 2150, 3000);
}

static void before_its_end_the_usual_speed_stands_in_and_is_corrected_at_a_pause(void **state)
{
    struct fit_pattern pattern;
    struct pauses sound;
    struct fit fit;

    (void)state;
    make_pattern(&pattern);
    SOUND(700, 0, 0);
    sound.count = 0;
    fit_make(&fit, &pattern, &sound, false, 1.1);
    assert_place(&fit, &pattern, &sound, 500, 550);
    SOUND(1500, 1200, 1400);
    fit_make(&fit, &pattern, &sound, false, 1.1);
    assert_place(&fit, &pattern, &sound, 500, 600);
    assert_place(&fit, &pattern, &sound, 1150, 1400);
    assert_place(&fit, &pattern, &sound, 1250, 1510);
}

static void the_speed_of_a_vendor_is_learned(void **state)
{
    struct fit_pattern pattern;
    struct pauses sound;

    (void)state;
    make_pattern(&pattern);
    SOUND(3000, 1200, 1600);
    const double speed = fit_speed(&pattern, &sound, 1);
    assert_true(speed > 1.29 && speed < 1.31);
    pattern = (struct fit_pattern){.break_count = 0};
    assert_true(fit_speed(&pattern, &sound, 1.2) == 1.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_knows_its_breaks),
        cmocka_unit_test(each_phrase_is_stretched_between_its_pauses),
        cmocka_unit_test(a_pause_where_the_pattern_has_none_only_shifts_what_follows),
        cmocka_unit_test(a_voice_that_does_not_pause_is_stretched_as_one),
        cmocka_unit_test(before_its_end_the_usual_speed_stands_in_and_is_corrected_at_a_pause),
        cmocka_unit_test(the_speed_of_a_vendor_is_learned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
