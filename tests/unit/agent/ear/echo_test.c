/* A room made of numbers: what the robot plays comes back by a direct path and sixty reflections,
 * somebody may speak in it, and the microphone hisses. */
#include "agent/ear/echo.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/ear/voicing.h"

#define PI          3.14159265358979
#define SECONDS     12
#define SAMPLES     (SECONDS * ECHO_PLAYED_HZ)
#define REFLECTIONS 61
#define FRAME_NS    (VAD_FRAME_MS * 1000000)
#define START_NS    5000000000 /* of the clock, when the robot begins to speak */

struct room {
    struct echo *echo;
    struct vad vad;
    float played[SAMPLES]; /* -1..1 */
    double delay_s[REFLECTIONS], gain[REFLECTIONS];
    uint32_t seed;
    double near;     /* loudness of somebody who speaks; 0: nobody */
    int64_t late_ns; /* the sound comes so much later than the clock says */
    /* of what was fed since measure() began anew */
    double echo_energy, left_energy, near_energy;
    unsigned speech_ms;
    unsigned frames;
};

static double noise(struct room *room)
{
    room->seed = room->seed * 1664525u + 1013904223u;
    return (double)(room->seed >> 8) / (1 << 23) - 1;
}

/* Syllables of a gliding pitch with a hiss between them, and a pause each second and a half. */
static void speak(struct room *room)
{
    double phase = 0, dull = 0;

    for (size_t i = 0; i < SAMPLES; i++) {
        const double t = (double)i / ECHO_PLAYED_HZ;
        const double hz = 120 + 40 * sin(2 * PI * 0.7 * t);
        const double swell = fmod(t, 1.5) > 1.3 ? 0 : fabs(sin(PI * 4 * t));
        double buzz = 0;

        phase += 2 * PI * hz / ECHO_PLAYED_HZ;
        dull = 0.8 * dull + 0.2 * noise(room); /* as good as nothing beyond what 16 kHz carry */
        for (int k = 1; k <= 24; k++)
            buzz += sin(k * phase) * (1 + cos(2 * PI * (k * hz - 700 * (1 + sin(t))) / 1500)) / k;
        room->played[i] = (float)(swell * (0.12 * buzz + 0.3 * dull));
    }
}

static double played_at(const struct room *room, double t)
{
    const double at = t * ECHO_PLAYED_HZ;
    const int64_t before = (int64_t)floor(at);

    if (before < 0 || before + 1 >= SAMPLES)
        return 0;
    return room->played[before] +
           (at - (double)before) * (room->played[before + 1] - room->played[before]);
}

/* The clock is read with an error of up to half a millisecond. */
static int64_t sample_at(void *context, int64_t mono_ns)
{
    struct room *room = context;
    const double error_s = 0.0005 * noise(room);

    return (int64_t)(((double)(mono_ns - START_NS) / 1e9 + error_s) * ECHO_PLAYED_HZ);
}

static void played(void *context, int64_t sample, int16_t *out, size_t count)
{
    const struct room *room = context;

    for (size_t i = 0; i < count; i++) {
        const int64_t at = sample + (int64_t)i;

        out[i] = at < 0 || at >= SAMPLES ? 0 : (int16_t)lrint(32000 * (double)room->played[at]);
    }
}

static struct room *build(void)
{
    struct room *room = calloc(1, sizeof *room);

    assert_non_null(room);
    const struct echo_source source = {room, sample_at, played};
    room->seed = 3;
    speak(room);
    room->delay_s[0] = 0.003;
    room->gain[0] = 0.4;
    for (size_t i = 1; i < REFLECTIONS; i++) {
        room->delay_s[i] = 0.005 + 0.0015 * (double)i + 0.0005 * noise(room);
        room->gain[i] = 0.12 * noise(room) * exp(-(double)i / 18);
    }
    vad_init(&room->vad);
    vad_raise(&room->vad, 6);
    assert_int_equal(echo_create(&room->echo, &source), STATUS_OK);
    return room;
}

static void dismantle(struct room *room)
{
    echo_free(room->echo);
    free(room);
}

static void measure(struct room *room)
{
    room->echo_energy = room->left_energy = room->near_energy = 0;
    room->speech_ms = 0;
}

static void hear_frame(struct room *room)
{
    int16_t pcm[VAD_FRAME];
    const int64_t end_ns = START_NS + (int64_t)(room->frames + 1) * FRAME_NS;

    for (size_t i = 0; i < VAD_FRAME; i++) {
        const double t = (room->frames * (double)VAD_FRAME + (double)i) / VAD_HZ;
        const double near = room->near * fabs(sin(PI * 3 * t)) *
                            (sin(2 * PI * 210 * t) + sin(2 * PI * 840 * t) / 2);
        double echo = 0;

        for (size_t k = 0; k < REFLECTIONS; k++)
            echo +=
                room->gain[k] * played_at(room, t - room->delay_s[k] - (double)room->late_ns / 1e9);
        room->echo_energy += echo * echo;
        room->near_energy += near * near;
        pcm[i] = (int16_t)lrint(32000 * (echo + near + 0.0004 * noise(room)));
    }
    echo_cancel(room->echo, end_ns, pcm);
    for (size_t i = 0; i < VAD_FRAME; i++)
        room->left_energy += pcm[i] / 32000.0 * (pcm[i] / 32000.0);
    if (vad_feed(&room->vad, pcm))
        room->speech_ms += VAD_FRAME_MS;
    room->frames++;
}

static void hear(struct room *room, unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += VAD_FRAME_MS)
        hear_frame(room);
}

static double erle_db(const struct room *room)
{
    return 10 * log10(room->echo_energy / (room->left_energy + 1e-12));
}

static void the_robots_own_voice_is_taken_out(void **state)
{
    struct room *room = build();

    (void)state;
    hear(room, 3000);
    measure(room);
    hear(room, 4000);
    printf("echo return loss enhancement after 3 s: %.1f dB\n", erle_db(room));
    assert_true(erle_db(room) > 20);
    assert_int_equal(room->speech_ms, 0); /* it does not interrupt itself */
    dismantle(room);
}

static void it_is_taken_out_wherever_the_device_delays_it(void **state)
{
    struct room *room = build();

    (void)state;
    room->late_ns = 60000000;
    hear(room, 3000);
    measure(room);
    hear(room, 4000);
    printf("the same 60 ms late: %.1f dB\n", erle_db(room));
    assert_true(erle_db(room) > 20);
    assert_int_equal(room->speech_ms, 0);
    dismantle(room);
}

static void who_speaks_over_it_is_heard(void **state)
{
    struct room *room = build();

    (void)state;
    hear(room, 4000);
    room->near = 0.15;
    measure(room);
    hear(room, 2000);
    const double kept_db = 10 * log10(room->left_energy / room->near_energy);
    printf("who speaks over it is kept at %.1f dB\n", kept_db);
    assert_true(kept_db > -9 && kept_db < 3);
    assert_true(room->speech_ms > 1000);
    dismantle(room);
}

static void while_the_robot_is_silent_sound_is_left_as_it_is(void **state)
{
    struct room *room = build();
    int16_t pcm[VAD_FRAME], before[VAD_FRAME];

    (void)state;
    room->frames = SECONDS * 1000 / VAD_FRAME_MS + 200;
    hear(room, 1000);
    for (size_t i = 0; i < VAD_FRAME; i++)
        pcm[i] = before[i] = (int16_t)(i * 31);
    echo_cancel(room->echo, START_NS + (int64_t)(room->frames + 1) * FRAME_NS, pcm);
    assert_memory_equal(pcm, before, sizeof pcm);
    dismantle(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_robots_own_voice_is_taken_out),
        cmocka_unit_test(it_is_taken_out_wherever_the_device_delays_it),
        cmocka_unit_test(who_speaks_over_it_is_heard),
        cmocka_unit_test(while_the_robot_is_silent_sound_is_left_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
