#include "agent/face/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/voice/audio.h"

#define S(ms) ((int64_t)(ms)*AUDIO_SAMPLE_RATE / 1000)

static struct stage *fresh(void)
{
    static struct stage stage;

    stage_clear(&stage, 0, FACE_LISTENING);
    return &stage;
}

static void assert_seen(const struct stage *stage, int64_t ms, enum face_mood mood,
                        const char *text)
{
    struct stage_view view;

    stage_at(stage, S(ms), &view);
    assert_int_equal(view.mood, mood);
    assert_string_equal(view.subtitle.text, text);
}

static void a_clause_is_seen_while_it_is_heard_and_a_little_longer(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_mood(stage, S(100), FACE_THINKING);
    stage_clause(stage, S(1000), span_text("Hello."));
    stage_clause_end(stage, S(2000));
    assert_seen(stage, 50, FACE_LISTENING, "");
    assert_seen(stage, 900, FACE_THINKING, "");
    assert_seen(stage, 1001, FACE_SPEAKING, "Hello.");
    assert_seen(stage, 2300, FACE_SPEAKING, "Hello.");
    assert_seen(stage, 2500, FACE_THINKING, "Hello.");
    assert_seen(stage, 4600, FACE_THINKING, "");
}

static void clauses_noted_ahead_are_seen_in_their_time(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_clause(stage, S(1000), span_text("one"));
    stage_clause_end(stage, S(2000));
    stage_clause(stage, S(2000), span_text("two"));
    stage_clause_end(stage, S(3000));
    assert_seen(stage, 1500, FACE_SPEAKING, "one");
    assert_seen(stage, 2001, FACE_SPEAKING, "two");
}

static void an_excuse_is_spoken_with_the_face_that_tells_why(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_mood(stage, S(500), FACE_LIMIT);
    stage_clause(stage, S(1000), span_text("Later, please."));
    stage_clause_end(stage, S(2000));
    assert_seen(stage, 600, FACE_LIMIT, "");
    assert_seen(stage, 1500, FACE_LIMIT, "Later, please.");
    stage_mood(stage, S(1600), FACE_NEUTRAL);
    assert_seen(stage, 1700, FACE_SPEAKING, "Later, please.");
}

static void a_question_is_shown_until_the_answer_is_heard(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_clause(stage, S(1000), span_text("answer"));
    stage_text(stage, S(500), span_text("question?"));
    assert_seen(stage, 800, FACE_LISTENING, "question?");
    assert_seen(stage, 1001, FACE_SPEAKING, "answer");
}

static void a_cut_ends_the_clause_and_hides_what_was_to_come(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_clause(stage, S(1000), span_text("heard"));
    stage_clause_end(stage, S(2000));
    stage_clause(stage, S(2000), span_text("never heard"));
    stage_cut(stage, S(1500));
    assert_true(stage_end(stage) == S(1500));
    assert_seen(stage, 1400, FACE_SPEAKING, "heard");
    assert_seen(stage, 2100, FACE_LISTENING, "heard");
}

static void long_text_is_cut_between_characters(void **state)
{
    struct stage *stage = fresh();
    char text[STAGE_TEXT_BYTES * 2];
    struct stage_view view;

    (void)state;
    for (size_t i = 0; i + 3 <= sizeof text; i += 3)
        memcpy(text + i, "\xe4\xbd\xa0", 3);
    stage_text(stage, 0, span_of(text, sizeof text - 1));
    stage_at(stage, 1, &view);
    const char *seen = view.subtitle.text;
    assert_true(strlen(seen) < STAGE_TEXT_BYTES && strlen(seen) % 3 == 0);
    assert_true(span_is_utf8(span_text(seen)));
}

static void many_notes_push_out_the_oldest(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        stage_clause(stage, S(i * 100), span_text("x"));
        stage_clause_end(stage, S(i * 100 + 100));
    }
    stage_clause(stage, S(100000), span_text("last"));
    assert_seen(stage, 100001, FACE_SPEAKING, "last");
}

static void assert_word(const struct stage *stage, int64_t ms, size_t from, size_t size)
{
    struct stage_view view;

    stage_at(stage, S(ms), &view);
    assert_int_equal(view.subtitle.word, size);
    if (size > 0)
        assert_int_equal(view.subtitle.word_from, from);
}

static void the_word_being_spoken_is_marked_in_its_clause(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_clause(stage, S(1000), span_text("Good day."));
    stage_word(stage, S(1050), 0, 4);
    stage_word(stage, S(1500), 5, 3);
    stage_clause_end(stage, S(2000));
    stage_clause(stage, S(2000), span_text("You are welcome."));
    stage_word(stage, S(2100), 0, 3);
    assert_word(stage, 1020, 0, 0);
    assert_word(stage, 1400, 0, 4);
    assert_word(stage, 1900, 5, 3);
    assert_word(stage, 2050, 0, 0);
    assert_word(stage, 2150, 0, 3);
}

static void a_word_beyond_its_clause_is_not_marked(void **state)
{
    struct stage *stage = fresh();

    (void)state;
    stage_clause(stage, S(1000), span_text("short"));
    stage_word(stage, S(1000), 3, 9);
    assert_word(stage, 1500, 0, 0);
}

static void a_feeling_comes_a_little_early_and_passes(void **state)
{
    struct stage *stage = fresh();
    struct stage_view view;

    (void)state;
    stage_feeling(stage, S(1000), EMOTION_LOVING);
    stage_at(stage, S(800), &view);
    assert_int_equal(view.emotion, EMOTION_NONE);
    stage_at(stage, S(900), &view);
    assert_int_equal(view.emotion, EMOTION_LOVING);
    stage_at(stage, S(6000), &view);
    assert_int_equal(view.emotion, EMOTION_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clause_is_seen_while_it_is_heard_and_a_little_longer),
        cmocka_unit_test(clauses_noted_ahead_are_seen_in_their_time),
        cmocka_unit_test(an_excuse_is_spoken_with_the_face_that_tells_why),
        cmocka_unit_test(a_question_is_shown_until_the_answer_is_heard),
        cmocka_unit_test(a_cut_ends_the_clause_and_hides_what_was_to_come),
        cmocka_unit_test(long_text_is_cut_between_characters),
        cmocka_unit_test(the_word_being_spoken_is_marked_in_its_clause),
        cmocka_unit_test(a_word_beyond_its_clause_is_not_marked),
        cmocka_unit_test(a_feeling_comes_a_little_early_and_passes),
        cmocka_unit_test(many_notes_push_out_the_oldest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
