#include "agent/face/frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void only_a_picture_later_than_one_and_a_half_periods_counts(void **state)
{
    struct frames frames = {0};
    int64_t now_ns = 5000000000;

    (void)state;
    frames_shown(&frames, now_ns); /* the first one can be late for nothing */
    frames_shown(&frames, now_ns += FRAMES_PERIOD_NS);
    frames_shown(&frames, now_ns += FRAMES_PERIOD_NS * 3 / 2);
    assert_int_equal(frames.late, 0);
    frames_shown(&frames, now_ns += FRAMES_PERIOD_NS * 3 / 2 + 1);
    assert_int_equal(frames.late, 1);
    frames_shown(&frames, now_ns += 20 * FRAMES_PERIOD_NS);
    frames_shown(&frames, now_ns + 1);
    assert_int_equal(frames.late, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_picture_later_than_one_and_a_half_periods_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
