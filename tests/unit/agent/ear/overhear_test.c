/* A room without a clock: frames come as fast as they are made. No wake program is there, but in
 * the one test that has a script for it. */
#include "agent/ear/overhear.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "schema/base/log.h"

#define PI 3.14159265358979

enum sound { HISS, VOICE, CRASH, MUSIC };

/* Four notes a second, a chord below them and a beat. */
static double music(double t, double noise)
{
    static const double notes[] = {220, 262, 330, 392, 294, 247, 196, 349};
    const double since = fmod(t, 0.25), since_chord = fmod(t, 0.5);
    const double note = notes[(int)(t * 4) % 8], root = notes[(int)(t * 2) % 8] / 2;
    double sum = 0.15 * noise * exp(-25 * since);

    for (int k = 1; k <= 6; k++)
        sum += exp(-4 * since) * 0.12 * sin(2 * PI * note * k * t) / k +
               exp(-2 * since_chord) * 0.04 *
                   (sin(2 * PI * root * k * t) + sin(2 * PI * root * 1.26 * k * t) +
                    sin(2 * PI * root * 1.498 * k * t)) /
                   k;
    return sum;
}

struct room {
    struct overhear *overhear;
    struct vad vad;
    uint32_t seed;
    int64_t now_ms;
    enum overhear_mouth mouth;
    unsigned ducked, restored, called;
    size_t ago;
};

static struct room enter(const char *program, enum overhear_mouth mouth)
{
    struct room room = {.seed = 1, .now_ms = 100000, .mouth = mouth};

    log_set_level(LOG_ERROR);
    vad_init(&room.vad);
    assert_int_equal(overhear_create(&room.overhear, program, NULL), STATUS_OK);
    return room;
}

static double noise(struct room *room)
{
    room->seed = room->seed * 1664525u + 1013904223u;
    return (double)(room->seed >> 8) / (1 << 23) - 1;
}

static void hear_frame(struct room *room, enum sound sound)
{
    int16_t pcm[VAD_FRAME];

    for (size_t i = 0; i < VAD_FRAME; i++) {
        const double t = (double)room->now_ms / 1000 + (double)i / VAD_HZ;
        double sample = 0.001 * noise(room);

        /* up and down by a tenth, as people do */
        const double turns = 130 * (t - 0.1 * cos(2 * PI * 1.5 * t) / (2 * PI * 1.5));
        for (int k = 1; k <= 10 && sound == VOICE; k++)
            sample += 0.15 * fabs(sin(PI * 4 * t)) * sin(2 * PI * k * turns) / k;
        if (sound == MUSIC)
            sample += music(t, noise(room));
        if (sound == CRASH)
            sample += 0.3 * noise(room);
        pcm[i] = (int16_t)lrint(32000 * sample);
    }
    vad_feed(&room->vad, pcm);
    room->now_ms += VAD_FRAME_MS;
    switch (overhear_feed(room->overhear, pcm, &room->vad, room->mouth, room->now_ms, &room->ago)) {
    case OVERHEAR_DUCK:
        room->ducked++;
        break;
    case OVERHEAR_RESTORE:
        room->restored++;
        break;
    case OVERHEAR_CALLED:
        room->called++;
        break;
    case OVERHEAR_NO_ACT:
        break;
    }
}

static void hear(struct room *room, unsigned ms, enum sound sound)
{
    for (unsigned passed = 0; passed < ms; passed += VAD_FRAME_MS)
        hear_frame(room, sound);
}

static void words_over_an_answer_lower_the_voice_at_200_ms_and_stop_it(void **state)
{
    struct room room = enter("/nowhere", OVERHEAR_ANSWERS);
    int16_t first[VAD_FRAME];
    double energy = 0;

    (void)state;
    hear(&room, 1000, HISS);
    hear(&room, 180, VOICE);
    assert_int_equal(room.ducked, 0);
    hear(&room, 150, VOICE);
    assert_int_equal(room.ducked, 1);
    assert_int_equal(room.called, 0);
    hear(&room, 600, VOICE);
    assert_int_equal(room.called, 1);
    /* the question is there from before its first word on */
    assert_in_range(room.ago, 700 * 16, 1700 * 16);
    assert_int_equal(room.ago % VAD_FRAME, 0);
    overhear_tail(room.overhear, room.ago, first);
    for (size_t i = 0; i < VAD_FRAME; i++)
        energy += (double)first[i] * first[i];
    assert_true(energy / VAD_FRAME < 100 * 100);
    overhear_free(room.overhear);
}

static void i8_music_over_an_answer_is_not_taken_for_words(void **state)
{
    struct room room = enter("/nowhere", OVERHEAR_ANSWERS);

    (void)state;
    hear(&room, 1000, HISS);
    hear(&room, 6000, MUSIC);
    assert_int_equal(room.ducked, 1);
    assert_int_equal(room.restored, 1);
    assert_int_equal(room.called, 0);
    overhear_free(room.overhear);
}

static void noise_over_an_answer_lowers_the_voice_for_two_seconds(void **state)
{
    struct room room = enter("/nowhere", OVERHEAR_ANSWERS);

    (void)state;
    hear(&room, 1000, HISS);
    hear(&room, 800, CRASH);
    assert_int_equal(room.ducked, 1);
    hear(&room, 1000, HISS);
    assert_int_equal(room.restored, 0);
    hear(&room, 800, HISS);
    assert_int_equal(room.restored, 1);
    assert_int_equal(room.called, 0);
    overhear_free(room.overhear);
}

static void i8_words_address_nobody_unless_an_answer_is_being_said(void **state)
{
    static const enum overhear_mouth mouths[] = {OVERHEAR_SILENT, OVERHEAR_TELLS};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct room room = enter("/nowhere", mouths[i]);

        hear(&room, 1000, HISS);
        hear(&room, 3000, VOICE);
        assert_int_equal(room.ducked, 0);
        assert_int_equal(room.called, 0);
        overhear_free(room.overhear);
    }
}

static void whoever_addressed_it_otherwise_begins_anew(void **state)
{
    struct room room = enter("/nowhere", OVERHEAR_ANSWERS);
    int16_t tail[VAD_FRAME];

    (void)state;
    hear(&room, 1000, HISS);
    hear(&room, 330, VOICE);
    assert_int_equal(room.ducked, 1);
    overhear_forget(room.overhear);
    overhear_tail(room.overhear, VAD_FRAME, tail);
    for (size_t i = 0; i < VAD_FRAME; i++)
        assert_int_equal(tail[i], 0);
    room.mouth = OVERHEAR_SILENT;
    hear(&room, 3000, HISS);
    assert_int_equal(room.restored, 0); /* the caller did that */
    overhear_free(room.overhear);
}

/* The script tells how many bytes it was given, by the size of a file. */
static void the_wake_program_is_given_speech_and_no_silence(void **state)
{
    char folder[] = "/tmp/overhear_test.XXXXXX", program[64], script[256], heard[64];
    struct stat file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(program, sizeof program, "%s/program", folder);
    snprintf(heard, sizeof heard, "%s/heard", folder);
    snprintf(script, sizeof script,
             "#!/bin/sh\nprintf '\\020\\000\\000\\000\\000\\000\\000\\000'\nexec cat >%s\n", heard);
    assert_int_equal(file_replace(program, span_text(script), 0700), STATUS_OK);
    struct room room = enter(program, OVERHEAR_SILENT);
    const int64_t until_ms = clock_mono_ms() + 20000;

    overhear_wait_for(room.overhear, "hello robot");
    while (!overhear_is_ready(room.overhear) && clock_mono_ms() < until_ms) {
        hear_frame(&room, HISS);
        clock_sleep_ms(2);
    }
    assert_true(overhear_is_ready(room.overhear));
    hear(&room, 5000, HISS);
    hear(&room, 1000, VOICE);
    hear(&room, 5000, HISS);
    file.st_size = 0;
    while (file.st_size < 40000 && clock_mono_ms() < until_ms) {
        clock_sleep_ms(5);
        assert_true(stat(heard, &file) == 0 || file.st_size == 0);
    }
    overhear_free(room.overhear);
    assert_int_equal(stat(heard, &file), 0);
    /* the second, what was before it and a moment behind: of 11 s */
    assert_in_range(file.st_size, 40000, 3 * 32000);
    unlink(heard);
    unlink(program);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_over_an_answer_lower_the_voice_at_200_ms_and_stop_it),
        cmocka_unit_test(i8_music_over_an_answer_is_not_taken_for_words),
        cmocka_unit_test(noise_over_an_answer_lowers_the_voice_for_two_seconds),
        cmocka_unit_test(i8_words_address_nobody_unless_an_answer_is_being_said),
        cmocka_unit_test(whoever_addressed_it_otherwise_begins_anew),
        cmocka_unit_test(the_wake_program_is_given_speech_and_no_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
