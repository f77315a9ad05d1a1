#include "agent/voice/espeak/pinyin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/voice/espeak/pinyin_table.h"

static const char *reading_of(const char *text, size_t *used)
{
    struct letter letters[32];
    const char *reading = NULL;
    size_t count = letters_read(span_text(text), letters, 32);

    *used = pinyin_match(letters, count, &reading);
    return *used ? reading : "";
}

static void words_with_several_readings_get_the_right_one(void **state)
{
    static const char *const words[][2] = {
        {"银行", "yin2 hang2"}, {"音乐", "yin1 yue4"},  {"睡觉", "shui4 jiao4"},
        {"重复", "chong2 fu4"}, {"长大", "zhang3 da4"}, {"了解", "liao3 jie3"},
        {"觉得", "jue2 de5"},   {"不是", "bu2 shi4"},   {"一个", "yi2 ge4"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t used;

        assert_string_equal(reading_of(words[i][0], &used), words[i][1]);
        assert_int_equal(used, 2);
    }
}

static void the_longest_phrase_wins(void **state)
{
    size_t used;

    (void)state;
    assert_string_equal(reading_of("不得不说", &used), "bu4 de2 bu4");
    assert_int_equal(used, 3);
}

static void what_the_table_does_not_know_is_left_to_the_voice(void **state)
{
    size_t used;

    (void)state;
    reading_of("你", &used);
    assert_int_equal(used, 0);
    reading_of("abc", &used);
    assert_int_equal(used, 0);
}

static void the_table_is_sorted_so_that_it_can_be_searched(void **state)
{
    (void)state;
    assert_true(pinyin_table_count > 4000);
    for (size_t i = 1; i < pinyin_table_count; i++)
        assert_true(strcmp(pinyin_table[i - 1].phrase, pinyin_table[i].phrase) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_with_several_readings_get_the_right_one),
        cmocka_unit_test(the_longest_phrase_wins),
        cmocka_unit_test(what_the_table_does_not_know_is_left_to_the_voice),
        cmocka_unit_test(the_table_is_sorted_so_that_it_can_be_searched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
