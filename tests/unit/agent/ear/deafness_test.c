#include "agent/ear/deafness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int16_t silence[VAD_FRAME];

static enum deafness_verdict feed_silence(struct deafness *deafness, unsigned ms)
{
    enum deafness_verdict verdict = DEAFNESS_UNKNOWN;

    for (unsigned i = 0; i < ms; i += VAD_FRAME_MS)
        verdict = deafness_feed(deafness, silence);
    return verdict;
}

static void only_silence_for_a_while_is_deaf(void **state)
{
    struct deafness deafness;

    (void)state;
    deafness_begin(&deafness);
    assert_int_equal(feed_silence(&deafness, DEAFNESS_MS - VAD_FRAME_MS), DEAFNESS_UNKNOWN);
    assert_int_equal(deafness_feed(&deafness, silence), DEAFNESS_DEAF);
    assert_int_equal(feed_silence(&deafness, 60000), DEAFNESS_DEAF);
}

static void a_flipping_last_bit_is_silence_and_any_sound_is_not(void **state)
{
    const int16_t flips[VAD_FRAME] = {1, -1, 0, 1};
    const int16_t sound[VAD_FRAME] = {0, 0, -2};
    struct deafness deafness;

    (void)state;
    deafness_begin(&deafness);
    for (unsigned i = 0; i < DEAFNESS_MS; i += VAD_FRAME_MS)
        assert_int_not_equal(deafness_feed(&deafness, flips), DEAFNESS_HEARS);
    assert_int_equal(deafness_feed(&deafness, sound), DEAFNESS_HEARS);
}

static void whoever_heard_something_once_is_not_deaf_in_a_quiet_night(void **state)
{
    const int16_t sound[VAD_FRAME] = {300};
    struct deafness deafness;

    (void)state;
    deafness_begin(&deafness);
    assert_int_equal(deafness_feed(&deafness, sound), DEAFNESS_HEARS);
    assert_int_equal(feed_silence(&deafness, 600000), DEAFNESS_HEARS);
    deafness_begin(&deafness);
    assert_int_equal(deafness_feed(&deafness, silence), DEAFNESS_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_silence_for_a_while_is_deaf),
        cmocka_unit_test(a_flipping_last_bit_is_silence_and_any_sound_is_not),
        cmocka_unit_test(whoever_heard_something_once_is_not_deaf_in_a_quiet_night),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
