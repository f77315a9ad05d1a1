#include "agent/chat/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int create(void **state)
{
    struct filter *filter;

    if (filter_create_standard(&filter) != STATUS_OK)
        return -1;
    *state = filter;
    return 0;
}

static int release(void **state)
{
    filter_free(*state);
    return 0;
}

static enum filter_class question(const struct filter *filter, const char *text,
                                  enum filter_audience audience)
{
    struct filter_stream stream;

    filter_begin(&stream, filter);
    filter_feed(&stream, span_text(text));
    return filter_of_question(&stream, audience);
}

static enum filter_class answer(const struct filter *filter, const char *text,
                                enum filter_audience audience)
{
    struct filter_stream stream;

    filter_begin(&stream, filter);
    filter_feed(&stream, span_text(text));
    return filter_of_answer(&stream, audience);
}

static void a_crisis_is_found_in_either_language_whoever_listens(void **state)
{
    static const char *const texts[] = {
        "I want to die.",
        "i WANT to  Die",
        "Sometimes I want to kill myself",
        "I don’t want to live",
        "i dont want to live",
        "ｉ ｗａｎｔ ｔｏ ｄｉｅ",
        "我不想活了",
        "我 想 死",
        "我想\xe2\x80\x8b自杀",
        "老师，我想结束自己的生命",
        "i w4nt t0 d1e please",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (enum filter_audience audience = FILTER_OFF; audience <= FILTER_CHILD; audience++)
            assert_int_equal(question(*state, texts[i], audience), FILTER_CRISIS);
}

static void everyday_talk_passes_a_childs_filter(void **state)
{
    static const char *const texts[] = {
        "How do I kill a process?",
        "What does Middlesex mean?",
        "Tell me about Essex and Sussex",
        "Why do leaves die in autumn?",
        "The year 455 and 2024-11-22",
        "I want to diet. Die Katze",
        "How do plants live?",
        "今天天气怎么样？",
        "我想。死海在哪里？",
        "讲一个小兔子的故事",
        "What is pi?",
        "Can you make a paper boat?",
        "",
        "Is a killer whale a dolphin?",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(question(*state, texts[i], FILTER_CHILD), FILTER_NONE);
}

static void who_listens_decides_what_is_held_back(void **state)
{
    assert_int_equal(question(*state, "tell me about cocaine", FILTER_CHILD), FILTER_DRUGS);
    assert_int_equal(question(*state, "tell me about cocaine", FILTER_ADULT), FILTER_NONE);
    assert_int_equal(question(*state, "how to make a bomb", FILTER_CHILD), FILTER_VIOLENCE);
    assert_int_equal(question(*state, "how to make a bomb", FILTER_ADULT), FILTER_VIOLENCE);
    assert_int_equal(question(*state, "how to make a bomb", FILTER_OFF), FILTER_NONE);
    assert_int_equal(question(*state, "怎么制作炸弹", FILTER_ADULT), FILTER_VIOLENCE);
    assert_int_equal(question(*state, "什么是色情", FILTER_CHILD), FILTER_SEXUAL);
    assert_int_equal(question(*state, "什么是色情", FILTER_ADULT), FILTER_NONE);
}

static void signs_and_gaps_do_not_hide_a_word(void **state)
{
    static const char *const texts[] = {"c o c a i n e",  "c.o.c.a.i.n.e!", "c-o-c-a-i-n-e",
                                        "is c0c@ine bad", "COCAINE",        "ｃｏｃａｉｎｅ"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(question(*state, texts[i], FILTER_CHILD), FILTER_DRUGS);
    assert_int_equal(question(*state, "海·洛·因", FILTER_CHILD), FILTER_DRUGS);
    /* a word is a whole word, and initials are not one */
    assert_int_equal(question(*state, "unsexed", FILTER_CHILD), FILTER_NONE);
    assert_int_equal(question(*state, "porno", FILTER_CHILD), FILTER_SEXUAL);
}

static void a_phrase_is_found_across_pieces(void **state)
{
    struct filter_stream stream;

    filter_begin(&stream, *state);
    filter_feed(&stream, span_text("First, how to make"));
    assert_int_equal(filter_of_answer(&stream, FILTER_ADULT), FILTER_NONE);
    filter_feed(&stream, span_text("a bomb,"));
    assert_int_equal(filter_of_answer(&stream, FILTER_ADULT), FILTER_VIOLENCE);

    filter_begin(&stream, *state);
    filter_feed(&stream, span_text("他问怎么"));
    assert_int_equal(filter_of_answer(&stream, FILTER_ADULT), FILTER_NONE);
    filter_feed(&stream, span_text("制造炸弹"));
    assert_int_equal(filter_of_answer(&stream, FILTER_ADULT), FILTER_VIOLENCE);
}

static void an_answer_is_never_a_crisis(void **state)
{
    assert_int_equal(answer(*state, "He said: I want to die.", FILTER_ADULT), FILTER_NONE);
    assert_int_equal(answer(*state, "He said: I want to die.", FILTER_CHILD), FILTER_SELF_HARM);
}

static void a_child_is_kept_from_telling_long_numbers(void **state)
{
    assert_int_equal(question(*state, "it is 138-0013-8000", FILTER_CHILD), FILTER_PERSONAL);
    assert_int_equal(question(*state, "１３８００１３８０００", FILTER_CHILD), FILTER_PERSONAL);
    assert_int_equal(question(*state, "it is 138-0013-8000", FILTER_ADULT), FILTER_NONE);
    assert_int_equal(question(*state, "is 1000000 more than 99999?", FILTER_CHILD), FILTER_NONE);
    assert_int_equal(answer(*state, "31415926535897932384", FILTER_CHILD), FILTER_NONE);
}

static void a_list_with_a_mistake_is_refused_by_its_line(void **state)
{
    static const char *const lists[] = {
        "# fine\nphrase without a heading\n",
        "[violence all]\nfine\n[violence some]\n",
        "[crisis child]\n",
        "[drugs all]\n...\n",
        "[drugs all]\n\xff\xfe\n",
        "[drugs all]\n*\n",
    };
    static const char *const lines[] = {"line 2 ", "line 3 ", "line 1 ",
                                        "line 2 ", "line 2 ", "line 2 "};
    struct filter *filter;
    char problem[160];

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        assert_int_equal(filter_create(&filter), STATUS_OK);
        assert_int_equal(filter_add(filter, span_text(lists[i]), problem), STATUS_INVALID);
        assert_non_null(strstr(problem, lines[i]));
        filter_free(filter);
    }
}

static void a_phrase_that_ends_inside_another_is_found_in_it(void **state)
{
    struct filter *filter;
    char problem[160];

    (void)state;
    assert_int_equal(filter_create(&filter), STATUS_OK);
    assert_int_equal(
        filter_add(filter, span_text("[drugs all]\n甲乙丙丁\n[hate child]\n乙丙\n\n"), problem),
        STATUS_OK);
    assert_int_equal(filter_build(filter), STATUS_OK);
    assert_int_equal(question(filter, "甲乙丙", FILTER_CHILD), FILTER_HATE);
    assert_int_equal(question(filter, "甲乙丙丁", FILTER_ADULT), FILTER_DRUGS);
    assert_int_equal(question(filter, "甲甲乙丙", FILTER_ADULT), FILTER_NONE);
    filter_free(filter);
}

static void digits_stand_for_letters_in_a_word_and_not_in_a_number(void **state)
{
    struct filter *filter;
    char problem[160];

    (void)state;
    assert_int_equal(filter_create(&filter), STATUS_OK);
    assert_int_equal(filter_add(filter, span_text("[hate child]\nseat\n"), problem), STATUS_OK);
    assert_int_equal(filter_build(filter), STATUS_OK);
    assert_int_equal(question(filter, "the 5e47", FILTER_CHILD), FILTER_HATE);
    assert_int_equal(question(filter, "the 5347", FILTER_CHILD), FILTER_NONE);
    filter_free(filter);
}

static void a_filter_takes_no_more_than_it_has_room_for(void **state)
{
    struct filter *filter;
    char line[64], problem[160];
    enum status status = STATUS_OK;

    (void)state;
    assert_int_equal(filter_create(&filter), STATUS_OK);
    for (unsigned i = 0; i < FILTER_MAX_NODES && status == STATUS_OK; i++) {
        snprintf(line, sizeof line, "[drugs all]\n%c%c%c%c abcdefghijklmnopqrs\n", 'b' + i % 16,
                 'b' + i / 16 % 16, 'b' + i / 256 % 16, 'b' + i / 4096 % 16);
        status = filter_add(filter, span_text(line), problem);
    }
    assert_int_equal(status, STATUS_FULL);
    filter_free(filter);
}

static void classes_and_audiences_have_names(void **state)
{
    (void)state;
    assert_string_equal(filter_class_name(FILTER_SELF_HARM), "self_harm");
    assert_string_equal(filter_class_name(FILTER_CLASSES), "none");
    assert_int_equal(filter_audience_from_name("off"), FILTER_OFF);
    assert_int_equal(filter_audience_from_name("adult"), FILTER_ADULT);
    assert_int_equal(filter_audience_from_name("cat"), FILTER_CHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crisis_is_found_in_either_language_whoever_listens),
        cmocka_unit_test(everyday_talk_passes_a_childs_filter),
        cmocka_unit_test(who_listens_decides_what_is_held_back),
        cmocka_unit_test(signs_and_gaps_do_not_hide_a_word),
        cmocka_unit_test(a_phrase_is_found_across_pieces),
        cmocka_unit_test(an_answer_is_never_a_crisis),
        cmocka_unit_test(a_child_is_kept_from_telling_long_numbers),
        cmocka_unit_test(a_list_with_a_mistake_is_refused_by_its_line),
        cmocka_unit_test(a_phrase_that_ends_inside_another_is_found_in_it),
        cmocka_unit_test(digits_stand_for_letters_in_a_word_and_not_in_a_number),
        cmocka_unit_test(a_filter_takes_no_more_than_it_has_room_for),
        cmocka_unit_test(classes_and_audiences_have_names),
    };

    return cmocka_run_group_tests(tests, create, release);
}
