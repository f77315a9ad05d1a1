#include "agent/ear/microphone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/ear/wav.h"
#include "schema/base/clock.h"

static char folder[] = "/tmp/microphone_test.XXXXXX";
static char wav[64], device[80], config[64];

/* 105 ms of the number 1000. */
static int write_sound(void **state)
{
    uint8_t header[WAV_HEADER_BYTES];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(wav, sizeof wav, "%s/sound.wav", folder);
    snprintf(device, sizeof device, MICROPHONE_FILE "%s", wav);
    FILE *file = fopen(wav, "wb");
    assert_non_null(file);
    wav_write_header(header);
    fwrite(header, 1, sizeof header, file);
    for (int i = 0; i < 105 * VAD_HZ / 1000; i++)
        fwrite("\xe8\x03", 1, 2, file);
    assert_int_equal(fclose(file), 0);

    /* an ALSA device of this test's own, whose sound is that file's, header and all */
    snprintf(config, sizeof config, "%s/asound.conf", folder);
    file = fopen(config, "w");
    assert_non_null(file);
    fprintf(file,
            "pcm.nothing { type null }\n"
            "pcm.said { type file slave.pcm nothing file /dev/null infile \"%s\" format raw }\n",
            wav);
    assert_int_equal(fclose(file), 0);
    return setenv("ALSA_CONFIG_PATH", config, 1);
}

static int remove_sound(void **state)
{
    (void)state;
    unlink(wav);
    unlink(config);
    return rmdir(folder);
}

static void a_file_is_heard_in_real_time_to_its_end(void **state)
{
    struct microphone *microphone = NULL;
    int16_t pcm[VAD_FRAME];
    unsigned frames = 0;

    (void)state;
    assert_int_equal(microphone_open(&microphone, device), STATUS_OK);
    const int64_t start_ms = clock_mono_ms();
    while (microphone->read(microphone, pcm) == STATUS_OK) {
        frames++;
        if (frames == 5)
            assert_in_range(pcm[VAD_FRAME / 2], 990, 1010);
    }
    assert_int_equal(frames, 11);
    assert_int_equal(pcm[VAD_FRAME - 1], 0); /* the last frame is filled up */
    assert_true(clock_mono_ms() - start_ms >= 100);
    assert_int_equal(microphone->read(microphone, pcm), STATUS_CLOSED);
    microphone->close(microphone);
}

static void an_alsa_device_gives_frames_of_what_it_hears(void **state)
{
    struct microphone *microphone = NULL;
    int16_t pcm[VAD_FRAME];

    (void)state;
    assert_int_equal(microphone_open(&microphone, "said"), STATUS_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(microphone->read(microphone, pcm), STATUS_OK);
        assert_int_equal(pcm[VAD_FRAME - 1], 1000);
    }
    assert_true(microphone->delay_ms(microphone) >= 0);
    microphone->close(microphone);
}

static void a_device_that_is_not_there_is_unreachable(void **state)
{
    struct microphone *microphone = NULL;

    (void)state;
    assert_int_equal(microphone_open(&microphone, "no-such-device"), STATUS_UNREACHABLE);
    assert_int_equal(microphone_open(&microphone, "file:/nowhere/at/all.wav"), STATUS_NOT_FOUND);
    assert_null(microphone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_heard_in_real_time_to_its_end),
        cmocka_unit_test(an_alsa_device_gives_frames_of_what_it_hears),
        cmocka_unit_test(a_device_that_is_not_there_is_unreachable),
    };

    return cmocka_run_group_tests(tests, write_sound, remove_sound);
}
