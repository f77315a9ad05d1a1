#include "agent/ear/vad.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PI 3.14159265358979

/* A room: noise of so much, and what sounds like a voice: a buzz of 120 Hz whose syllables, 200 ms
 * each, swell and fade. Loudness in dB below full scale. */
struct room {
    struct vad vad;
    double noise_db, voice_db; /* the voice: below -120 is silence */
    uint32_t seed;
    unsigned ms;
};

static double noise(struct room *room)
{
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        room->seed = room->seed * 1664525u + 1013904223u;
        sum += (double)(room->seed >> 8) / (1 << 24) - 0.5;
    }
    return sum * 1.732; /* one standard deviation is 1 */
}

static double voice(double t)
{
    const double swell = sin(PI * fmod(t, 0.2) / 0.2);
    double buzz = 0;

    for (int k = 1; k <= 20; k++)
        buzz += sin(2 * PI * 120 * k * t) / sqrt(k);
    return swell * buzz / 0.95; /* root mean square 1 */
}

/* Lets ms pass; returns after how many of them the answer became `wanted`, or -1. */
static int pass(struct room *room, unsigned ms, bool wanted)
{
    int at = -1;

    for (unsigned passed = 0; passed < ms; passed += VAD_FRAME_MS) {
        int16_t pcm[VAD_FRAME];

        for (size_t i = 0; i < VAD_FRAME; i++) {
            const double t = room->ms / 1000.0 + (double)i / VAD_HZ;
            const double sample = noise(room) * pow(10, room->noise_db / 20) +
                                  voice(t) * pow(10, room->voice_db / 20);
            pcm[i] = (int16_t)lrint(fmax(-1, fmin(1, sample)) * 32767);
        }
        room->ms += VAD_FRAME_MS;
        if (vad_feed(&room->vad, pcm) == wanted && at < 0)
            at = (int)(passed + VAD_FRAME_MS);
    }
    return at;
}

static struct room enter(double noise_db)
{
    struct room room = {.noise_db = noise_db, .voice_db = -200, .seed = 1};

    vad_init(&room.vad);
    return room;
}

static void speech_is_on_after_200_ms_and_off_after_600_at_several_distances(void **state)
{
    static const double noises[] = {-75, -60, -50, -40};
    static const double ratios[] = {10, 20, 30};

    (void)state;
    for (size_t n = 0; n < sizeof noises / sizeof noises[0]; n++) {
        for (size_t r = 0; r < sizeof ratios / sizeof ratios[0]; r++) {
            struct room room = enter(noises[n]);

            if (noises[n] + ratios[r] < -50)
                continue; /* no voice is so soft */
            assert_int_equal(pass(&room, 2000, true), -1);
            room.voice_db = noises[n] + ratios[r];
            assert_in_range(pass(&room, 1600, true), VAD_ON_MS, 2 * VAD_ON_MS);
            room.voice_db = -200;
            assert_in_range(pass(&room, 1500, false), VAD_OFF_MS - 150, VAD_OFF_MS + 20);
            assert_int_equal(vad_speech_ms(&room.vad), 0);
        }
    }
}

static void noise_alone_is_no_speech_however_loud(void **state)
{
    (void)state;
    for (double db = -90; db <= -10; db += 20) {
        struct room room = enter(db);

        assert_int_equal(pass(&room, 4000, true), -1);
    }
}

static void a_fan_that_is_switched_on_is_learned_within_the_window(void **state)
{
    struct room room = enter(-70);

    (void)state;
    pass(&room, 3000, true);
    room.noise_db = -40;
    pass(&room, VAD_WINDOW_MS + VAD_OFF_MS + 400, true);
    assert_int_equal(pass(&room, 5000, true), -1);
    assert_true(fabsf(vad_floor_db(&room.vad) + 38) < 6);
    room.voice_db = -20;
    assert_true(pass(&room, 1000, true) > 0);
}

static void a_door_that_slams_is_no_speech(void **state)
{
    struct room room = enter(-60);

    (void)state;
    pass(&room, 2000, true);
    room.noise_db = -10;
    assert_int_equal(pass(&room, 120, true), -1);
    room.noise_db = -60;
    assert_int_equal(pass(&room, 2000, true), -1);
}

static void a_pause_within_a_sentence_does_not_end_it(void **state)
{
    struct room room = enter(-60);

    (void)state;
    pass(&room, 2000, true);
    room.voice_db = -20;
    assert_true(pass(&room, 1000, true) > 0);
    room.voice_db = -200;
    assert_int_equal(pass(&room, 400, false), -1);
    room.voice_db = -20;
    assert_int_equal(pass(&room, 1000, false), -1);
}

static void digital_silence_is_no_speech_nor_is_what_follows_it(void **state)
{
    struct room room = enter(-200);

    (void)state;
    assert_int_equal(pass(&room, 3000, true), -1);
    room.noise_db = -75;
    assert_int_equal(pass(&room, 3000, true), -1);
}

static void what_was_said_so_far_can_be_forgotten_and_the_room_stays_known(void **state)
{
    struct room room = enter(-50);

    (void)state;
    pass(&room, 2000, true);
    room.voice_db = -20;
    assert_true(pass(&room, 1000, true) > 0);
    assert_true(vad_is_speech(&room.vad));
    vad_forget(&room.vad);
    assert_false(vad_is_speech(&room.vad));
    assert_int_equal(vad_speech_ms(&room.vad), 0);
    assert_in_range(pass(&room, 1000, true), VAD_ON_MS, 2 * VAD_ON_MS);
    vad_forget(&room.vad);
    room.voice_db = -200;
    assert_int_equal(pass(&room, 1000, true), -1);
}

static void a_raised_threshold_needs_a_louder_voice(void **state)
{
    struct room room = enter(-50);

    (void)state;
    pass(&room, 2000, true);
    vad_raise(&room.vad, 12);
    room.voice_db = -36;
    assert_int_equal(pass(&room, 1500, true), -1);
    room.voice_db = -20;
    assert_true(pass(&room, 1500, true) > 0);
    assert_true(vad_is_loud(&room.vad) || vad_speech_ms(&room.vad) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_is_on_after_200_ms_and_off_after_600_at_several_distances),
        cmocka_unit_test(noise_alone_is_no_speech_however_loud),
        cmocka_unit_test(a_fan_that_is_switched_on_is_learned_within_the_window),
        cmocka_unit_test(a_door_that_slams_is_no_speech),
        cmocka_unit_test(a_pause_within_a_sentence_does_not_end_it),
        cmocka_unit_test(digital_silence_is_no_speech_nor_is_what_follows_it),
        cmocka_unit_test(what_was_said_so_far_can_be_forgotten_and_the_room_stays_known),
        cmocka_unit_test(a_raised_threshold_needs_a_louder_voice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
