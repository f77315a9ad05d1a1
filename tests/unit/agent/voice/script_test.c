#include "agent/voice/espeak/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct script *written(const char *text, enum voice_language language)
{
    static struct script script;

    script_write(&script, span_text(text), language);
    return &script;
}

static void assert_run(const struct script *script, size_t index, enum voice_language language,
                       const char *text)
{
    assert_true(index < script->run_count);
    assert_int_equal(script->runs[index].language, language);
    assert_string_equal(script->text + script->runs[index].text, text);
}

static void each_language_goes_to_its_own_voice(void **state)
{
    const struct script *script = written("我用Linux写程序。", VOICE_LANGUAGE_AUTO);

    (void)state;
    assert_int_equal(script->run_count, 3);
    assert_run(script, 0, VOICE_LANGUAGE_ZH, "我用");
    assert_run(script, 1, VOICE_LANGUAGE_EN, "Linux");
    assert_int_equal(script->runs[2].language, VOICE_LANGUAGE_ZH);
    assert_true(script->runs[2].has_pause);
    assert_false(script->runs[1].has_pause);
}

static void digits_follow_the_language_around_them(void **state)
{
    (void)state;
    assert_run(written("这是iPhone 15手机", VOICE_LANGUAGE_AUTO), 2, VOICE_LANGUAGE_ZH, "十五手机");
    assert_run(written("MP3文件", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_EN, "MP3");
    assert_run(written("I have 15 cats.", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_EN,
               "I have 15 cats.");
    assert_run(written("15", VOICE_LANGUAGE_ZH), 0, VOICE_LANGUAGE_ZH, "十五");
    assert_run(written("15", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_EN, "15");
}

static void a_unit_is_part_of_its_mandarin_number(void **state)
{
    const struct script *script = written("跑5km，2026-11-22。", VOICE_LANGUAGE_AUTO);

    (void)state;
    assert_int_equal(script->run_count, 1);
    assert_run(script, 0, VOICE_LANGUAGE_ZH, "跑五公里，二零二六年十 yi1 月二十二日。");
    script = written("跑5km 15分", VOICE_LANGUAGE_AUTO);
    assert_int_equal(script->run_count, 1);
    assert_run(script, 0, VOICE_LANGUAGE_ZH, "跑五公里 十五分");
    assert_run(written("跑5km 15", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_ZH, "跑五公里 十五");
}

static void sums_and_ranges_are_said_in_mandarin(void **state)
{
    static const char *const lines[][2] = {
        {"算一下3+5=8。", "算 yi2 xia4 三加五等于八。"},
        {"3×4是12", "三乘四是十二"},
        {"气温-5~3℃，", "气温负五到三摄氏度，"},
        {"上午8:00-10:00", "上午八点到十点"},
        {"2023-2024年", "二零二三到二零二四年"},
        {"涨了3%-5%。", "涨了百分之三到百分之五。"},
        {"大约½杯", "大约二分 zhi1 yi1 杯"},
        {"5.5万和3亿", "五点五万和三亿"},
        {"人&鱼", "人和鱼"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_run(written(lines[i][0], VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_ZH, lines[i][1]);
}

static void polyphones_are_spelled_in_pinyin(void **state)
{
    (void)state;
    assert_run(written("我去银行取钱。", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_ZH,
               "我去 yin2 hang2 取钱。");
}

static void one_keeps_its_tone_in_numbers_and_ordinals(void **state)
{
    static const char *const lines[][2] = {
        {"一天", " yi4 tian1"}, {"21天", "二十 yi1 天"},  {"第一次", " di4 yi1 次"},
        {"一个", " yi2 ge4"},   {"1/3", "三分 zhi1 yi1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_run(written(lines[i][0], VOICE_LANGUAGE_ZH), 0, VOICE_LANGUAGE_ZH, lines[i][1]);
}

static void the_rhotic_ending_is_not_a_syllable(void **state)
{
    (void)state;
    assert_run(written("一会儿", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_ZH, " yi2 hui4");
    assert_run(written("哪儿", VOICE_LANGUAGE_AUTO), 0, VOICE_LANGUAGE_ZH, " na3 li5");
}

static void phoneme_brackets_cannot_be_smuggled_in(void **state)
{
    const struct script *script = written("see [[h@'loU]]", VOICE_LANGUAGE_AUTO);

    (void)state;
    assert_null(strchr(script->text + script->runs[0].text, '['));
}

static void nothing_to_say_is_no_run(void **state)
{
    (void)state;
    assert_int_equal(written("", VOICE_LANGUAGE_AUTO)->run_count, 0);
    assert_int_equal(written("\xf0\x9f\x98\x80 … ！", VOICE_LANGUAGE_ZH)->run_count, 0);
}

static void words_lead_back_to_the_bytes_they_came_from(void **state)
{
    const struct script *script = written("去银行25%。", VOICE_LANGUAGE_AUTO);
    uint32_t offset, length;

    (void)state;
    /* 去 yin2 hang2 百分之二十五。 */
    script_source(script, &script->runs[0], 0, 1, &offset, &length);
    assert_true(offset == 0 && length == 3);
    script_source(script, &script->runs[0], 2, 4, &offset, &length);
    assert_true(offset == 3 && length == 3);
    script_source(script, &script->runs[0], 7, 5, &offset, &length);
    assert_true(offset == 6 && length == 3);
    script_source(script, &script->runs[0], 13, 1, &offset, &length);
    assert_true(offset == 9 && length == 0);
    script_source(script, &script->runs[0], 18, 1, &offset, &length);
    assert_true(offset == 9 && length == 3);
    script_source(script, &script->runs[0], 400, 9, &offset, &length);
    assert_true(offset == 15 && length == 0);
}

static void a_flood_of_text_is_cut_and_not_followed(void **state)
{
    static struct script script;
    static char text[12000];

    (void)state;
    for (size_t i = 0; i < sizeof text; i += 2) {
        text[i] = '9';
        text[i + 1] = i % 3 ? 'a' : ' ';
    }
    script_write(&script, span_of(text, sizeof text), VOICE_LANGUAGE_ZH);
    assert_true(script.run_count <= SCRIPT_MAX_RUNS && script.chars <= SCRIPT_MAX_CHARS);
    for (size_t i = 0; i + 1 < sizeof text; i += 3)
        memcpy(text + i, "\xe9\x93\xb6", 3);
    script_write(&script, span_of(text, sizeof text), VOICE_LANGUAGE_ZH);
    assert_true(script.chars <= SCRIPT_MAX_CHARS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_language_goes_to_its_own_voice),
        cmocka_unit_test(digits_follow_the_language_around_them),
        cmocka_unit_test(a_unit_is_part_of_its_mandarin_number),
        cmocka_unit_test(sums_and_ranges_are_said_in_mandarin),
        cmocka_unit_test(polyphones_are_spelled_in_pinyin),
        cmocka_unit_test(one_keeps_its_tone_in_numbers_and_ordinals),
        cmocka_unit_test(the_rhotic_ending_is_not_a_syllable),
        cmocka_unit_test(phoneme_brackets_cannot_be_smuggled_in),
        cmocka_unit_test(nothing_to_say_is_no_run),
        cmocka_unit_test(words_lead_back_to_the_bytes_they_came_from),
        cmocka_unit_test(a_flood_of_text_is_cut_and_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
