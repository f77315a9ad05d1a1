#include "agent/face/feelings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_feeling_shows_as_the_clause_before_ends(void **state)
{
    struct feelings feelings;

    (void)state;
    feelings_clear(&feelings);
    assert_int_equal(feelings_begin(&feelings), EMOTION_NONE);
    assert_false(feelings_add(&feelings, 1, EMOTION_HAPPY));
    assert_int_equal(feelings_end(&feelings), EMOTION_HAPPY);
    assert_int_equal(feelings_begin(&feelings), EMOTION_NONE);
}

static void before_the_first_clause_it_shows_with_it(void **state)
{
    struct feelings feelings;

    (void)state;
    feelings_clear(&feelings);
    assert_false(feelings_add(&feelings, 0, EMOTION_SAD));
    assert_int_equal(feelings_begin(&feelings), EMOTION_SAD);
    assert_int_equal(feelings_end(&feelings), EMOTION_NONE);
}

static void one_that_comes_late_is_shown_at_that_end(void **state)
{
    struct feelings feelings;

    (void)state;
    feelings_clear(&feelings);
    feelings_begin(&feelings);
    feelings_end(&feelings);
    assert_true(feelings_add(&feelings, 1, EMOTION_LOVING));
    assert_false(feelings_add(&feelings, 2, EMOTION_SHY));
    assert_int_equal(feelings_begin(&feelings), EMOTION_NONE);
    assert_int_equal(feelings_end(&feelings), EMOTION_SHY);
}

static void more_than_there_is_room_for_are_dropped(void **state)
{
    struct feelings feelings;

    (void)state;
    feelings_clear(&feelings);
    for (uint32_t i = 0; i < FEELINGS_MAX + 9; i++)
        assert_false(feelings_add(&feelings, i + 1, EMOTION_HAPPY));
    for (uint32_t i = 0; i < FEELINGS_MAX + 9; i++) {
        feelings_begin(&feelings);
        assert_int_equal(feelings_end(&feelings) == EMOTION_HAPPY, i < FEELINGS_MAX);
    }
}

static void emoji_tell_feelings(void **state)
{
    (void)state;
    assert_int_equal(emotion_of(0x1f600), EMOTION_HAPPY);
    assert_int_equal(emotion_of(0x1f602), EMOTION_LAUGHING);
    assert_int_equal(emotion_of(0x2764), EMOTION_LOVING);
    assert_int_equal(emotion_of(0x1f622), EMOTION_SAD);
    assert_int_equal(emotion_of(0x1f914), EMOTION_DOUBTING);
    assert_int_equal(emotion_of(0x1f697), EMOTION_NONE); /* a car */
    assert_int_equal(emotion_of('x'), EMOTION_NONE);
    for (enum emotion emotion = 0; emotion < EMOTION_COUNT; emotion++)
        assert_non_null(emotion_name(emotion));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_feeling_shows_as_the_clause_before_ends),
        cmocka_unit_test(before_the_first_clause_it_shows_with_it),
        cmocka_unit_test(one_that_comes_late_is_shown_at_that_end),
        cmocka_unit_test(more_than_there_is_room_for_are_dropped),
        cmocka_unit_test(emoji_tell_feelings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
