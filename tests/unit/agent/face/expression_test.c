#include "agent/face/expression.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct expression after(enum face_mood mood, double ms)
{
    struct expression expression;

    expression_init(&expression);
    for (double t = 0; t < ms; t += 10)
        expression_step(&expression, mood, EMOTION_NONE, 10);
    return expression;
}

static void each_mood_looks_different(void **state)
{
    struct expression listening = after(FACE_LISTENING, 2000);
    struct expression thinking = after(FACE_THINKING, 2000);
    struct expression limit = after(FACE_LIMIT, 2000);
    struct expression offline = after(FACE_OFFLINE, 2000);

    (void)state;
    assert_true(listening.crest > 0.5 && listening.eye_open > 1);
    assert_true(thinking.gaze_y < -0.3 && thinking.dots > 0.9);
    assert_true(limit.smile < -0.2 && limit.brow_tilt > 0.5);
    assert_true(offline.eye_open < 0.6 && offline.offline > 0.9);
}

static void thinking_shows_within_100_ms(void **state)
{
    struct expression expression = after(FACE_NEUTRAL, 2000);

    (void)state;
    double before = expression.gaze_y;
    for (int i = 0; i < 6; i++)
        expression_step(&expression, FACE_THINKING, EMOTION_NONE, 16.7);
    assert_true(expression.gaze_y < before - 0.3);
}

static void eyes_blink_and_open_again(void **state)
{
    struct expression expression;
    unsigned blinks = 0;
    double before = 0;

    (void)state;
    expression_init(&expression);
    for (int i = 0; i < 2000; i++) {
        expression_step(&expression, FACE_NEUTRAL, EMOTION_NONE, 10);
        blinks += before < 0.5 && expression.blink >= 0.5;
        before = expression.blink;
    }
    assert_in_range(blinks, 4, 7);
}

static void the_same_steps_give_the_same_face(void **state)
{
    struct expression a = after(FACE_SPEAKING, 5000), b = after(FACE_SPEAKING, 5000);

    (void)state;
    assert_memory_equal(&a, &b, sizeof a);
}

static void nothing_jumps_but_the_blink(void **state)
{
    struct expression expression = after(FACE_NEUTRAL, 1000);
    static const enum face_mood moods[] = {FACE_OFFLINE, FACE_LISTENING, FACE_THINKING, FACE_LIMIT};

    (void)state;
    for (int i = 0; i < 400; i++) {
        struct expression before = expression;

        expression_step(&expression, moods[i / 100], EMOTION_NONE, 16.7);
        assert_true(fabs(expression.smile - before.smile) < 0.2);
        assert_true(fabs(expression.eye_open - before.eye_open) < 0.2);
        assert_true(fabs(expression.gaze_x - before.gaze_x) < 0.5);
        assert_true(fabs(expression.breath - before.breath) < 0.25);
    }
}

static struct expression feeling(enum emotion emotion)
{
    struct expression expression = after(FACE_SPEAKING, 500);

    for (int i = 0; i < 150; i++)
        expression_step(&expression, FACE_SPEAKING, emotion, 10);
    return expression;
}

static void feelings_colour_a_mood(void **state)
{
    struct expression plain = feeling(EMOTION_NONE), happy = feeling(EMOTION_HAPPY);
    struct expression sad = feeling(EMOTION_SAD), surprised = feeling(EMOTION_SURPRISED);

    (void)state;
    assert_true(happy.smile > plain.smile + 0.3 && happy.blush > 0.4);
    assert_true(sad.smile < -0.3 && sad.tear > 0.9 && sad.brow_tilt > 0.6);
    assert_true(surprised.eye_open > 1.1 && surprised.brow_lift > 0.8);
    assert_true(feeling(EMOTION_WINKING).wink > 0.9 && feeling(EMOTION_LOVING).heart > 0.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mood_looks_different),
        cmocka_unit_test(thinking_shows_within_100_ms),
        cmocka_unit_test(eyes_blink_and_open_again),
        cmocka_unit_test(the_same_steps_give_the_same_face),
        cmocka_unit_test(feelings_colour_a_mood),
        cmocka_unit_test(nothing_jumps_but_the_blink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
