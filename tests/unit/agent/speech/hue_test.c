#include "agent/speech/hue.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define RATE  22050
#define FRAME (RATE * HUE_FRAME_MS / 1000)

static void feed_tone(struct hues *hues, double hz, double strength, unsigned frames)
{
    for (unsigned i = 0; i < frames * FRAME; i++) {
        const int16_t sample = (int16_t)(strength * sin(2 * 3.14159265 * hz * i / RATE));

        hue_feed(hues, &sample, 1);
    }
}

static struct hues made(void)
{
    struct hues hues;

    assert_int_equal(hue_init(&hues, RATE, 100), STATUS_OK);
    return hues;
}

static size_t loudest_band(const struct hue *hue)
{
    size_t best = 0;

    for (size_t i = 1; i < HUE_BANDS; i++)
        best = hue->bands[i] > hue->bands[best] ? i : best;
    return best;
}

static void a_tone_is_as_loud_as_it_is_and_in_its_band(void **state)
{
    static const double hz[HUE_BANDS] = {250, 500, 1000, 2000, 3500, 6000};

    (void)state;
    for (size_t i = 0; i < HUE_BANDS; i++) {
        struct hues hues = made();

        feed_tone(&hues, hz[i], 16384, 10);
        assert_int_equal(hues.count, 10);
        assert_in_range(hues.list[9].loudness + 100, 100 - 10, 100 - 8);
        assert_int_equal(loudest_band(&hues.list[9]), i);
        hue_release(&hues);
    }
}

static void silence_is_as_soft_as_can_be(void **state)
{
    struct hues hues = made();

    (void)state;
    feed_tone(&hues, 500, 0, 3);
    assert_int_equal(hues.count, 3);
    assert_int_equal(hues.list[2].loudness, HUE_LEAST_DB);
    hue_release(&hues);
}

static void what_is_beyond_the_room_is_left_out(void **state)
{
    struct hues hues = made();

    (void)state;
    feed_tone(&hues, 500, 1000, 120);
    assert_int_equal(hues.count, 100);
    hue_release(&hues);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tone_is_as_loud_as_it_is_and_in_its_band),
        cmocka_unit_test(silence_is_as_soft_as_can_be),
        cmocka_unit_test(what_is_beyond_the_room_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
