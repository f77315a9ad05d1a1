/* That phrases are heard is seen where somebody says them: integration.wake and ./myna bench wake.
 */
#include "agent/ear/wake/spotter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "schema/wire/setting.h"

#define FRAME 160

static int set_up(void **state)
{
    struct spotter *spotter = NULL;

    assert_int_equal(spotter_open(&spotter), STATUS_OK);
    *state = spotter;
    return 0;
}

static int tear_down(void **state)
{
    spotter_close(*state);
    return 0;
}

/* Seconds of noise so loud. */
static bool hears_noise(struct spotter *spotter, unsigned seconds, int amplitude)
{
    uint32_t seed = 5, ago;
    int16_t pcm[FRAME];
    bool is_heard = false;

    for (unsigned n = 0; n < seconds * (SPOTTER_HZ / FRAME); n++) {
        for (size_t i = 0; i < FRAME; i++) {
            seed = seed * 1664525u + 1013904223u;
            pcm[i] = (int16_t)((int)(seed >> 16) % (2 * amplitude + 1) - amplitude);
        }
        is_heard |= spotter_feed(spotter, pcm, FRAME, &ago);
    }
    return is_heard;
}

/* The phrase at the start of *left, which is behind it then. */
static struct span next_phrase(const char **left)
{
    const struct span phrase = span_of(*left, strcspn(*left, "|"));

    *left += phrase.size + ((*left)[phrase.size] == '|');
    return phrase;
}

static const char *all_phrases(void)
{
    const struct setting_spec *spec = setting_find(span_text("wake_phrase"));

    assert_non_null(spec);
    return spec->choices;
}

static void each_phrase_of_the_setting_is_known_and_no_other(void **state)
{
    for (const char *left = all_phrases(); *left;)
        assert_int_equal(spotter_listen(*state, next_phrase(&left)), STATUS_OK);
    assert_int_equal(spotter_listen(*state, span_text("the")), STATUS_NOT_FOUND);
    assert_int_equal(spotter_listen(*state, span_text("")), STATUS_NOT_FOUND);
}

/* For longer than it listens at a stretch. */
static void noise_is_no_phrase(void **state)
{
    for (const char *left = all_phrases(); *left;) {
        assert_int_equal(spotter_listen(*state, next_phrase(&left)), STATUS_OK);
        assert_false(hears_noise(*state, 22, 3000));
        assert_false(hears_noise(*state, 3, 30));
    }
}

static void silence_is_no_phrase(void **state)
{
    assert_int_equal(spotter_listen(*state, span_text("excuse me robot")), STATUS_OK);
    assert_false(hears_noise(*state, 5, 1));
    spotter_gap(*state);
    assert_false(hears_noise(*state, 5, 3000));
}

static void nothing_is_heard_before_it_is_told_to_listen(void **state)
{
    spotter_gap(*state);
    assert_false(hears_noise(*state, 1, 3000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_phrase_of_the_setting_is_known_and_no_other, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(noise_is_no_phrase, set_up, tear_down),
        cmocka_unit_test_setup_teardown(silence_is_no_phrase, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_heard_before_it_is_told_to_listen, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
