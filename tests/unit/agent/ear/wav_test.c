#include "agent/ear/wav.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/ear/vad.h"
#include "schema/base/buffer.h"

static void put(struct buffer *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buffer_byte(out, (uint8_t)(value >> (8 * i)));
}

/* A second of a 440 Hz tone on the first channel, nothing on the others. */
static void write_tone(struct buffer *out, unsigned rate, unsigned channels, unsigned bits)
{
    buffer_init(out, 1u << 20);
    buffer_text(out, "RIFF");
    put(out, 0xffffffff, 4);
    buffer_text(out, "WAVELIST");
    put(out, 3, 4);
    buffer_text(out, "abc");
    put(out, 0, 1); /* padding */
    buffer_text(out, "fmt ");
    put(out, 16, 4);
    put(out, 1, 2);
    put(out, channels, 2);
    put(out, rate, 4);
    put(out, rate * channels * bits / 8, 4);
    put(out, channels * bits / 8, 2);
    put(out, bits, 2);
    buffer_text(out, "data");
    put(out, 0xffffffff, 4);
    for (unsigned i = 0; i < rate; i++) {
        put(out, (uint32_t)lrint(10000 * sin(2 * 3.14159265 * 440 * i / rate)), 2);
        for (unsigned c = 1; c < channels; c++)
            put(out, 0, 2);
    }
}

static void sound_of_any_usual_rate_and_channels_comes_at_the_ears_own(void **state)
{
    static const unsigned rates[] = {8000, 16000, 22050, 24000, 44100, 48000};

    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct wav_sound sound;
        struct buffer file;
        unsigned crossings = 0;

        write_tone(&file, rates[i], 1 + (unsigned)i % 2, 16);
        assert_int_equal(buffer_status(&file), STATUS_OK);
        assert_int_equal(wav_read(&sound, buffer_span(&file)), STATUS_OK);
        assert_in_range(sound.count, VAD_HZ - 2, VAD_HZ + 2);
        for (size_t n = 1; n < sound.count; n++)
            crossings += sound.pcm[n - 1] < 0 && sound.pcm[n] >= 0;
        assert_in_range(crossings, 437, 442);
        wav_release(&sound);
        buffer_release(&file);
    }
}

static void what_is_no_such_file_is_refused_and_nothing_is_read_beyond_it(void **state)
{
    struct wav_sound sound;
    struct buffer file;

    (void)state;
    write_tone(&file, 16000, 1, 8);
    assert_int_equal(wav_read(&sound, buffer_span(&file)), STATUS_INVALID);
    buffer_release(&file);
    write_tone(&file, 96000, 1, 16);
    assert_int_equal(wav_read(&sound, buffer_span(&file)), STATUS_INVALID);
    buffer_release(&file);
    write_tone(&file, 16000, 1, 16);
    for (size_t size = 0; size < 64; size++) {
        uint8_t *copy = malloc(size + 1); /* so that a sanitizer sees one byte too many */

        assert_non_null(copy);
        memcpy(copy, file.data, size);
        enum status status = wav_read(&sound, span_of(copy, size));
        if (status == STATUS_OK)
            wav_release(&sound);
        else
            assert_int_equal(status, STATUS_INVALID);
        free(copy);
    }
    buffer_release(&file);
    assert_int_equal(wav_load(&sound, "/nowhere/at/all.wav"), STATUS_NOT_FOUND);
}

static void a_header_of_unknown_length_is_read_to_the_end(void **state)
{
    uint8_t file[WAV_HEADER_BYTES + 8] = {0};
    struct wav_sound sound;

    (void)state;
    wav_write_header(file);
    file[WAV_HEADER_BYTES + 1] = 0x10;
    assert_int_equal(wav_read(&sound, span_of(file, sizeof file)), STATUS_OK);
    assert_in_range(sound.count, 3, 5);
    wav_release(&sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_of_any_usual_rate_and_channels_comes_at_the_ears_own),
        cmocka_unit_test(what_is_no_such_file_is_refused_and_nothing_is_read_beyond_it),
        cmocka_unit_test(a_header_of_unknown_length_is_read_to_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
