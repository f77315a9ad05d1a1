#include "agent/face/viseme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/face/viseme_table.h"

static void every_row_can_be_found(void **state)
{
    (void)state;
    assert_true(viseme_table_phoneme_count > 300);
    for (size_t i = 0; i < viseme_table_phoneme_count; i++) {
        const struct viseme_phoneme *row = &viseme_table_phonemes[i];

        assert_ptr_equal(viseme_find(row->language, row->name), row);
    }
}

static void a_phoneme_means_its_own_language(void **state)
{
    (void)state;
    assert_int_equal(viseme_find(VOICE_LANGUAGE_EN, "T")->parts[0], VISEME_TH);
    assert_int_equal(viseme_find(VOICE_LANGUAGE_ZH, "th")->parts[0], VISEME_DD);
    assert_null(viseme_find(VOICE_LANGUAGE_EN, "tS;h"));
    assert_null(viseme_find(VOICE_LANGUAGE_EN, "no such"));
}

static void the_measured_corrections_came_through(void **state)
{
    const struct viseme_phoneme *p = viseme_find(VOICE_LANGUAGE_EN, "p");
    const struct viseme_phoneme *b = viseme_find(VOICE_LANGUAGE_EN, "b");
    const struct viseme_phoneme *ong = viseme_find(VOICE_LANGUAGE_ZH, "ong");

    (void)state;
    assert_true(p->closed_from_ms == -38 && p->closed_until_ms == 3);
    assert_true(b->closed_from_ms == -8 && b->closed_until_ms == 45 &&
                b->closed_until_next_ms == -10);
    assert_true(ong->parts[0] == VISEME_O && ong->parts[2] == VISEME_kk);
    assert_true(ong->shares[1] > 0.39f && ong->shares[1] < 0.41f);
    assert_true(viseme_find(VOICE_LANGUAGE_EN, "aa")->closed_from_ms == 0);
}

static void every_shape_is_there_and_within_its_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < VISEME_COUNT; i++) {
        const struct viseme_shape *shape = viseme_shape((enum viseme)i);

        assert_non_null(shape->name);
        assert_true(shape->open >= 0 && shape->open <= 1);
        assert_true(shape->width >= -1 && shape->width <= 1);
        assert_true(shape->dominance > 0 && shape->theta_left > 0 && shape->theta_right > 0);
    }
    assert_true(viseme_shape(VISEME_PP)->open == 0);
    assert_true(viseme_shape(VISEME_U)->round == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_can_be_found),
        cmocka_unit_test(a_phoneme_means_its_own_language),
        cmocka_unit_test(the_measured_corrections_came_through),
        cmocka_unit_test(every_shape_is_there_and_within_its_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
