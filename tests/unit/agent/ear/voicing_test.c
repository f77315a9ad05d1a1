#include "agent/ear/voicing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PI 3.14159265358979

static uint32_t seed = 1;

static double noise(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (double)(seed >> 8) / (1 << 24) - 0.5;
}

/* Of 500 ms, how many are told to be a voice's: a buzz of so many Hz that rises by so many octaves
 * a second, so loud, in noise so loud. */
static unsigned heard_ms(double hz, double rise, double voice_part, double noise_part)
{
    struct voicing voicing = {.voiced_ms = 0};
    double slow = 0;

    for (unsigned n = 0; n < 50; n++) {
        int16_t pcm[VAD_FRAME];

        for (size_t i = 0; i < VAD_FRAME; i++) {
            const double t = (double)(n * VAD_FRAME + i) / VAD_HZ;
            const double turns = rise > 0 ? hz * (exp2(rise * t) - 1) / (rise * log(2)) : hz * t;
            double buzz = 0;

            for (int k = 1; k <= 12; k++)
                buzz += sin(2 * PI * k * turns) / k;
            slow = 0.7 * slow + noise(); /* as dull as a room's */
            pcm[i] = (int16_t)lrint(6000 * voice_part * buzz + 12000 * noise_part * slow);
        }
        voicing_feed(&voicing, pcm);
    }
    return voicing_ms(&voicing);
}

static unsigned voiced_ms(double hz, double voice_part, double noise_part)
{
    return heard_ms(hz, 0.7, voice_part, noise_part);
}

static void a_note_that_is_held_is_no_voice(void **state)
{
    (void)state;
    assert_int_equal(heard_ms(140, 0, 1, 0.02), 0);
    assert_int_equal(heard_ms(330, 0, 1, 0.02), 0);
}

static void a_voice_has_a_pitch_high_or_low(void **state)
{
    (void)state;
    assert_true(voiced_ms(90, 1, 0.02) > 400);
    assert_true(voiced_ms(140, 1, 0.05) > 250);
    assert_true(heard_ms(200, 1.2, 1, 0.02) > 150);
}

static void noise_has_none(void **state)
{
    (void)state;
    assert_true(voiced_ms(140, 0, 1) <= 50);
    assert_true(voiced_ms(140, 0, 0.01) <= 50);
}

static void silence_has_none(void **state)
{
    (void)state;
    assert_int_equal(voiced_ms(140, 0, 0), 0);
}

static void what_was_said_before_is_forgotten(void **state)
{
    struct voicing voicing = {.voiced_ms = 70};

    (void)state;
    voicing_forget(&voicing);
    assert_int_equal(voicing_ms(&voicing), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_has_a_pitch_high_or_low),
        cmocka_unit_test(a_note_that_is_held_is_no_voice),
        cmocka_unit_test(noise_has_none),
        cmocka_unit_test(silence_has_none),
        cmocka_unit_test(what_was_said_before_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
