#include "agent/speech/resample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define PI 3.14159265358979323846

struct taken {
    int16_t pcm[60000];
    size_t count;
};

static void take(void *context, const int16_t *pcm, size_t count)
{
    struct taken *taken = context;

    for (size_t i = 0; i < count && taken->count < 60000; i++)
        taken->pcm[taken->count++] = pcm[i];
}

static void make_tone(int16_t *pcm, size_t count, unsigned rate, double hz)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)lrint(10000 * sin(2 * PI * hz * (double)i / rate));
}

static struct taken *changed(unsigned from, unsigned to, const int16_t *pcm, size_t count,
                             size_t step)
{
    static struct taken taken;
    struct resample resample;

    taken.count = 0;
    assert_int_equal(resample_init(&resample, from, to), STATUS_OK);
    for (size_t at = 0; at < count; at += step)
        resample_feed(&resample, pcm + at, count - at < step ? count - at : step, take, &taken);
    resample_end(&resample, take, &taken);
    resample_release(&resample);
    return &taken;
}

static void a_tone_keeps_its_pitch_its_strength_and_its_place(void **state)
{
    static int16_t pcm[24000];

    (void)state;
    make_tone(pcm, 24000, 24000, 440);
    const struct taken *taken = changed(24000, 22050, pcm, 24000, 1000);
    double worst = 0;
    for (size_t i = 100; i < 21900; i++) {
        const double wanted = 10000 * sin(2 * PI * 440 * (double)i / 22050);

        if (fabs(wanted - taken->pcm[i]) > worst)
            worst = fabs(wanted - taken->pcm[i]);
    }
    assert_true(worst < 60);
}

static void the_length_is_right_to_a_sample_whatever_the_pieces(void **state)
{
    static const unsigned rates[] = {8000, 16000, 22050, 24000, 32000, 44100, 48000};
    static int16_t pcm[48000];

    (void)state;
    for (size_t r = 0; r < sizeof rates / sizeof rates[0]; r++) {
        const struct taken *taken = changed(rates[r], 22050, pcm, rates[r], 777);

        assert_in_range(taken->count, 22049, 22051);
    }
}

static void pieces_of_any_size_give_the_same_sound(void **state)
{
    static int16_t pcm[5000], whole[6000];

    (void)state;
    make_tone(pcm, 5000, 24000, 1000);
    const struct taken *taken = changed(24000, 22050, pcm, 5000, 5000);
    const size_t count = taken->count;
    for (size_t i = 0; i < count; i++)
        whole[i] = taken->pcm[i];
    taken = changed(24000, 22050, pcm, 5000, 1);
    assert_int_equal(taken->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(taken->pcm[i], whole[i]);
}

static void what_is_above_the_lower_rate_is_not_folded_down(void **state)
{
    static int16_t pcm[24000];

    (void)state;
    make_tone(pcm, 24000, 24000, 11800);
    const struct taken *taken = changed(24000, 22050, pcm, 24000, 1000);
    for (size_t i = 1000; i < 20000; i++)
        assert_in_range(taken->pcm[i] + 10000, 10000 - 4000, 10000 + 4000);
}

static void the_loudest_sound_does_not_wrap(void **state)
{
    static int16_t pcm[4800];

    (void)state;
    for (size_t i = 0; i < 4800; i++)
        pcm[i] = i / 60 % 2 ? 32767 : -32768;
    const struct taken *taken = changed(24000, 22050, pcm, 4800, 4800);
    for (size_t i = 55 * 2; i + 60 < taken->count; i++) {
        const size_t source = i * 24000 / 22050;

        if (source % 60 > 25 && source % 60 < 35)
            assert_true((taken->pcm[i] > 0) == (pcm[source] > 0));
    }
}

static void rates_that_nobody_speaks_at_are_refused(void **state)
{
    struct resample resample;

    (void)state;
    assert_int_equal(resample_init(&resample, 0, 22050), STATUS_INVALID);
    assert_int_equal(resample_init(&resample, 192000, 22050), STATUS_INVALID);
    assert_int_equal(resample_init(&resample, 23999, 22050), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_keeps_its_pitch_its_strength_and_its_place),
        cmocka_unit_test(the_length_is_right_to_a_sample_whatever_the_pieces),
        cmocka_unit_test(pieces_of_any_size_give_the_same_sound),
        cmocka_unit_test(what_is_above_the_lower_rate_is_not_folded_down),
        cmocka_unit_test(the_loudest_sound_does_not_wrap),
        cmocka_unit_test(rates_that_nobody_speaks_at_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
