#include "tests/vendors/sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static size_t loud_samples(struct span sound)
{
    size_t loud = 0;

    for (size_t i = 0; i + 1 < sound.size; i += 2) {
        const int16_t sample = (int16_t)(sound.data[i] | sound.data[i + 1] << 8);

        loud += sample > 1000 || sample < -1000;
    }
    return loud;
}

static void a_text_becomes_speech_as_long_as_its_speed_says(void **state)
{
    struct buffer slow, fast;

    (void)state;
    buffer_init(&slow, 8u << 20);
    buffer_init(&fast, 8u << 20);
    assert_int_equal(sound_make(VOICE_PROGRAM, span_text("Good morning to you all."), 120, &slow),
                     STATUS_OK);
    assert_int_equal(sound_make(VOICE_PROGRAM, span_text("Good morning to you all."), 300, &fast),
                     STATUS_OK);
    assert_true(slow.size > SOUND_HZ * 2); /* more than a second */
    assert_true(fast.size > SOUND_HZ / 2 && fast.size < slow.size * 3 / 4);
    assert_true(loud_samples(buffer_span(&slow)) > SOUND_HZ / 10);
    buffer_release(&slow);
    buffer_release(&fast);
}

static void a_voice_that_is_not_there_or_none_is_told(void **state)
{
    struct buffer sound;

    (void)state;
    buffer_init(&sound, 1u << 20);
    assert_int_equal(sound_make("/nonexistent/voice", span_text("Hi."), 150, &sound),
                     STATUS_NOT_FOUND);
    assert_int_equal(sound_make("/bin/true", span_text("Hi."), 150, &sound), STATUS_IO);
    assert_int_equal(sound.size, 0);
    buffer_release(&sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_becomes_speech_as_long_as_its_speed_says),
        cmocka_unit_test(a_voice_that_is_not_there_or_none_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
