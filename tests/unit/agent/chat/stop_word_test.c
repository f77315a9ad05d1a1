#include "agent/chat/stop_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void stop_is_understood_however_it_is_said(void **state)
{
    static const char *const words[] = {
        "stop",         "Stop!",    "STOP.",    "please stop",   "Stop, please",
        "Stop it now!", "be quiet", "Quiet",    "shut up",       "  hush ",
        "停",           "停！",     "停下来。", "别说了",        "请安静",
        "安静一点吧",   "够了",     "ｓｔｏｐ", "That's enough",
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_int_equal(stop_word_of(span_text(words[i])), STOP_WORD_STOP);
}

static void a_question_that_has_the_word_in_it_is_a_question(void **state)
{
    static const char *const words[] = {
        "Where is the bus stop?",
        "How do I stop a process?",
        "为什么停电了？",
        "stopwatch",
        "Is it quiet there?",
        "",
        "!!!",
        "please",
        "请",
        "forget",
        "了",
    };
    char longest[400];

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_int_equal(stop_word_of(span_text(words[i])), STOP_WORD_NONE);
    memset(longest, 'x', sizeof longest);
    assert_int_equal(stop_word_of(span_of(longest, sizeof longest)), STOP_WORD_NONE);
    assert_int_equal(stop_word_of(span_text("stop\xff")), STOP_WORD_NONE);
}

static void a_wish_to_forget_is_understood(void **state)
{
    static const char *const words[] = {"Forget what we talked about.", "please forget everything",
                                        "把我们聊的都忘了吧", "请忘掉一切"};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_int_equal(stop_word_of(span_text(words[i])), STOP_WORD_FORGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_is_understood_however_it_is_said),
        cmocka_unit_test(a_question_that_has_the_word_in_it_is_a_question),
        cmocka_unit_test(a_wish_to_forget_is_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
