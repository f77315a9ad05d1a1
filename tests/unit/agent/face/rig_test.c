#include "agent/face/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct pack_values values_of(float open, float width, float round, float cap)
{
    const struct track_pose mouth = {.open = open, .width = width, .round = round, .cap = cap};
    struct expression expression;
    struct pack_values values;

    expression_init(&expression);
    rig_values(&mouth, &expression, &values);
    return values;
}

static void lips_go_from_round_to_spread(void **state)
{
    (void)state;
    assert_true(values_of(0.4f, 0.6f, 0, 1).at[PACK_LIP] > 0.8);      /* I */
    assert_true(values_of(0.3f, -0.85f, 1, 1).at[PACK_LIP] <= -0.95); /* U */
    assert_true(values_of(0, 0, 0, 1).at[PACK_LIP] == 0);
}

static void only_lips_that_must_meet_are_pressed(void **state)
{
    (void)state;
    assert_true(values_of(0, 0, 0, 0).at[PACK_PRESS] == 1);
    assert_true(values_of(0, 0, 0, 1).at[PACK_PRESS] == 0);
    assert_true(values_of(0.5f, 0, 0, 0).at[PACK_PRESS] == 0);
}

static void a_blink_shuts_even_wide_eyes(void **state)
{
    const struct track_pose mouth = {.cap = 1};
    struct expression expression;
    struct pack_values values;

    (void)state;
    expression_init(&expression);
    expression.eye_open = 1.2;
    rig_values(&mouth, &expression, &values);
    assert_true(values.at[PACK_EYE] > 1.19);
    expression.blink = 1;
    rig_values(&mouth, &expression, &values);
    assert_true(values.at[PACK_EYE] == 0);
}

static void dots_show_only_while_it_thinks(void **state)
{
    const struct track_pose mouth = {.cap = 1};
    struct expression expression;
    struct pack_values values;

    (void)state;
    expression_init(&expression);
    expression.seconds = 1;
    rig_values(&mouth, &expression, &values);
    assert_true(values.at[PACK_DOT_1] == 0 && values.at[PACK_DOT_3] == 0);
    expression.dots = 1;
    rig_values(&mouth, &expression, &values);
    assert_true(values.at[PACK_DOT_1] > 0 && values.at[PACK_DOT_1] != values.at[PACK_DOT_3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lips_go_from_round_to_spread),
        cmocka_unit_test(only_lips_that_must_meet_are_pressed),
        cmocka_unit_test(a_blink_shuts_even_wide_eyes),
        cmocka_unit_test(dots_show_only_while_it_thinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
