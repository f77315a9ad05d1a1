#include "agent/face/beat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/face/frames.h"

#define MS    1000000
#define START (5000 * (int64_t)MS)

static const int64_t period = FRAMES_PERIOD_NS;

static void assert_near(int64_t value, int64_t expected, int64_t most)
{
    assert_in_range(value - expected + most, 0, 2 * most);
}

/* A screen that shows lag_ns after it is told, and drawing that takes draw_ns. Returns when the
 * last picture was shown. */
static int64_t run_own(struct beat *beat, int pictures, int frames, int64_t draw_ns, int64_t lag_ns)
{
    int64_t now = beat->shown_ns;

    for (int i = 0; i < pictures; i++) {
        int64_t begin = beat_next(beat, frames, now);

        now = begin > now ? begin : now;
        beat_begin(beat, now);
        now += draw_ns;
        beat_drawn(beat, now);
        now = beat_due_ns(beat) > now ? beat_due_ns(beat) : now;
        now += lag_ns;
        beat_shown(beat, now);
    }
    return now;
}

static void pictures_come_evenly_however_long_each_is_drawn(void **state)
{
    struct beat beat;

    (void)state;
    beat_init(&beat, BEAT_OWN, period, START);
    for (int i = 1; i <= 100; i++) {
        run_own(&beat, 1, 1, i % 2 ? 1 * MS : 9 * MS, 0);
        assert_int_equal(beat.shown_ns, START + i * period);
    }
}

static void the_middle_of_a_picture_counts_from_when_the_screen_shows_it(void **state)
{
    struct beat beat;

    (void)state;
    beat_init(&beat, BEAT_OWN, period, START);
    int64_t shown = run_own(&beat, 200, 1, 2 * MS, 3 * MS);
    beat_next(&beat, 1, shown);
    assert_near(beat_seen_ns(&beat), shown + period + period / 2, MS / 10);
    beat_next(&beat, 3, shown);
    assert_near(beat_seen_ns(&beat), shown + period + 3 * period + 3 * period / 2, MS / 10);
}

static void a_busy_moment_is_not_taken_for_a_slow_screen(void **state)
{
    struct beat beat;

    (void)state;
    beat_init(&beat, BEAT_OWN, period, START);
    int64_t shown = run_own(&beat, 200, 1, 2 * MS, 1 * MS);
    beat_next(&beat, 1, shown);
    beat_shown(&beat, shown + 400 * MS);
    beat_next(&beat, 1, shown + 400 * MS);
    assert_near(beat_seen_ns(&beat), shown + 400 * MS + 1 * MS + period / 2, MS);
}

static void a_missed_picture_is_left_out_and_not_made_up_for(void **state)
{
    struct beat beat;

    (void)state;
    beat_init(&beat, BEAT_OWN, period, START);
    int64_t now = START + 10 * period;
    assert_true(beat_next(&beat, 1, now) < now);
    assert_int_equal(beat_due_ns(&beat), now);
    assert_int_equal(beat_next(&beat, 1, now), now);
    assert_int_equal(beat_due_ns(&beat), now + period);
}

static void a_picture_that_stays_longer_is_drawn_one_frame_before_it_is_due(void **state)
{
    struct beat beat;

    (void)state;
    beat_init(&beat, BEAT_OWN, period, START);
    assert_int_equal(beat_next(&beat, 3, START), START + 2 * period);
    assert_int_equal(beat_due_ns(&beat), START + 3 * period);
}

static void slow_drawing_makes_fewer_pictures_and_leaves_a_third_of_the_time_to_others(void **state)
{
    struct beat beat;

    (void)state;
    for (int64_t draw_ns = 1 * MS; draw_ns < 60 * MS; draw_ns += MS / 2) {
        beat_init(&beat, BEAT_OWN, period, START);
        int64_t from = run_own(&beat, 100, 1, draw_ns, 0);
        int64_t until = run_own(&beat, 60, 1, draw_ns, 0);
        int64_t each = (until - from) / 60;

        assert_true(draw_ns * 3 <= each * 2 + MS / 10);
        assert_true(each < period + MS / 10 || draw_ns * 2 >= period);
    }
}

static void where_the_display_keeps_the_time_its_own_period_is_learned(void **state)
{
    const int64_t real = 1000000000 / 50;
    struct beat beat;
    int64_t now = START;

    (void)state;
    beat_init(&beat, BEAT_DISPLAY, period, START);
    for (int i = 0; i < 400; i++) {
        assert_true(beat_next(&beat, 1, now) <= now);
        assert_true(beat_due_ns(&beat) <= now); /* showing waits by itself */
        now += real;
        beat_shown(&beat, now);
    }
    beat_next(&beat, 1, now);
    assert_near(beat_seen_ns(&beat), now + 2 * real + real / 2, MS / 10);
    beat_shown(&beat, now + 7 * real); /* a picture that came late tells nothing */
    beat_next(&beat, 1, now + 7 * real);
    assert_near(beat_seen_ns(&beat), now + 7 * real + 2 * real + real / 2, MS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_come_evenly_however_long_each_is_drawn),
        cmocka_unit_test(the_middle_of_a_picture_counts_from_when_the_screen_shows_it),
        cmocka_unit_test(a_busy_moment_is_not_taken_for_a_slow_screen),
        cmocka_unit_test(a_missed_picture_is_left_out_and_not_made_up_for),
        cmocka_unit_test(a_picture_that_stays_longer_is_drawn_one_frame_before_it_is_due),
        cmocka_unit_test(
            slow_drawing_makes_fewer_pictures_and_leaves_a_third_of_the_time_to_others),
        cmocka_unit_test(where_the_display_keeps_the_time_its_own_period_is_learned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
