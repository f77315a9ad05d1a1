#include "agent/voice/espeak/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct reading {
    const char *text;
    const char *spoken;
    size_t letters; /* 0: all */
};

static void check(const struct reading *readings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct letter letters[64];
        char spoken[NUMBER_MAX_BYTES] = "";
        size_t read = letters_read(span_text(readings[i].text), letters, 64);
        size_t used = number_read(letters, read, 0, spoken);

        assert_string_equal(spoken, readings[i].spoken);
        assert_int_equal(used, readings[i].letters ? readings[i].letters : read);
    }
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const struct reading readings[] = {__VA_ARGS__};                                    \
        check(readings, sizeof readings / sizeof readings[0]);                                     \
    } while (0)

static void amounts_are_read_in_groups_of_four(void **state)
{
    (void)state;
    CHECK({"0", "零", 0}, {"7", "七", 0}, {"10", "十", 0}, {"15", "十五", 0}, {"20", "二十", 0},
          {"105", "一百零五", 0}, {"110", "一百一十", 0}, {"1000", "一千", 0},
          {"1001", "一千零一", 0}, {"1010", "一千零一十", 0}, {"10000", "一万", 0},
          {"10500", "一万零五百", 0}, {"100001", "十万零一", 0},
          {"1,234,567", "一百二十三万四千五百六十七", 0}, {"100,000,000", "一亿", 0},
          {"12000000", "一千二百万", 0}, {"2000", "两千", 0}, {"2345", "两千三百四十五", 0},
          {"20000", "两万", 0}, {"200", "二百", 0}, {"12", "十二", 0}, {"222", "二百二十二", 0},
          {"200000000", "两亿", 0}, {"1000000000", "十亿", 0}, {"32000", "三万两千", 0});
}

static void decimals_keep_their_point(void **state)
{
    (void)state;
    CHECK({"3.14", "三点一四", 0}, {"0.05", "零点零五", 0}, {"2.0.1", "二点零点一", 0},
          {"3.", "三", 1});
}

static void years_are_read_digit_by_digit_and_spans_of_years_are_not(void **state)
{
    (void)state;
    CHECK({"2024年", "二零二四", 4}, {"98年", "九八", 2}, {"20年", "二十", 2}, {"2年", "两", 1},
          {"2024 年", "二零二四", 4}, {"2023-2024年", "二零二三到", 5}, {"1949年", "一九四九", 4},
          {"05年", "零五", 2}, {"100年", "一百", 3});
}

static void dates_and_times_have_their_units(void **state)
{
    (void)state;
    CHECK({"2026-11-22", "二零二六年十一月二十二日", 0}, {"2026/1/05", "二零二六年一月五日", 0},
          {"3:30", "三点三十分", 0}, {"2:00", "两点", 0}, {"08:05:09", "八点零五分零九秒", 0},
          {"20:00", "二十点", 0}, {"2:30", "两点三十分", 0}, {"8:00-10:00", "八点到", 5},
          {"12:05", "十二点零五分", 0}, {"2026-01-09", "二零二六年一月九日", 0});
}

static void percent_and_fractions_say_the_whole_first(void **state)
{
    (void)state;
    CHECK({"25%", "百分之二十五", 0}, {"0.5%", "百分之零点五", 0}, {"3/4", "四分之三", 0},
          {"-12%", "负百分之十二", 0}, {"100%", "百分之一百", 0}, {"3-5%", "百分之三到", 2},
          {"3%-5%", "百分之三到", 3}, {"25 %", "百分之二十五", 0}, {"5‰", "千分之五", 0},
          {"24/7", "二十四、七", 0}, {"1/3", "三分之一", 0}, {"16:9", "十六比九", 0},
          {"3:2", "三比二", 0}, {"25:10", "二十五比十", 0});
}

static void money_degrees_and_units_follow_the_number(void **state)
{
    (void)state;
    CHECK({"¥3999.50", "三千九百九十九点五零元", 0}, {"$20", "二十美元", 0},
          {"-3.5℃", "负三点五摄氏度", 0}, {"36°", "三十六度", 0}, {"5km", "五公里", 0},
          {"60km/h", "六十公里每小时", 0}, {"5kmx", "五", 1}, {"2kg", "两公斤", 0},
          {"2.5kg", "二点五公斤", 0}, {"100m²", "一百平方米", 0}, {"3m³", "三立方米", 0},
          {"16GB", "十六吉字节", 0}, {"5000mAh", "五千毫安时", 0}, {"30min", "三十分钟", 0},
          {"500ml", "五百毫升", 0}, {"220V", "二百二十伏", 0}, {"1.5L", "一点五升", 0},
          {"-5~-3℃", "负五到", 3}, {"-5~3℃", "负五到", 3}, {"36.6°C", "三十六点六摄氏度", 0},
          {"98°F", "九十八华氏度", 0}, {"€50", "五十欧元", 0}, {"£5", "五英镑", 0},
          {"¥1,299", "一千二百九十九元", 0});
}

static void telephone_numbers_and_codes_are_read_digit_by_digit(void **state)
{
    (void)state;
    CHECK({"13800138000", "幺三八零零幺三八零零零", 0}, {"007", "零零七", 0},
          {"010-12345678", "零幺零，幺二三四五六七八", 0},
          {"400-800-8888", "四零零，八零零，八八八八", 0},
          {"138-0013-8000", "幺三八，零零幺三，八零零零", 0},
          {"6222020200112233", "六二二二零二零二零零一一二二三三", 0}, {"100-200", "一百到", 4});
}

static void two_things_are_liang(void **state)
{
    (void)state;
    CHECK({"2个", "两", 1}, {"2月", "二", 1}, {"12个", "十二", 2}, {"2 个", "两", 1},
          {"2号", "二", 1}, {"2万", "两", 1}, {"2人", "两", 1}, {"2楼", "二", 1}, {"2米", "两", 1},
          {"2点", "两", 1}, {"2千", "两", 1});
}

static void a_range_says_dao(void **state)
{
    (void)state;
    CHECK({"3-5天", "三到", 2}, {"3~5", "三到", 2});
}

static void what_is_no_number_is_left_alone(void **state)
{
    struct letter letters[8];
    char spoken[NUMBER_MAX_BYTES] = "untouched";

    (void)state;
    size_t count = letters_read(span_text("-a"), letters, 8);
    assert_int_equal(number_read(letters, count, 0, spoken), 0);
    assert_string_equal(spoken, "untouched");
    count = letters_read(span_text("-5"), letters, 8);
    assert_int_equal(number_read(letters, count, 'x', spoken), 0);
}

static void an_endless_number_ends(void **state)
{
    struct letter letters[2000];
    char spoken[NUMBER_MAX_BYTES];

    (void)state;
    for (size_t i = 0; i < 2000; i++)
        letters[i] = (struct letter){.code = '9'};
    assert_int_equal(number_read(letters, 2000, 0, spoken), 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(amounts_are_read_in_groups_of_four),
        cmocka_unit_test(decimals_keep_their_point),
        cmocka_unit_test(years_are_read_digit_by_digit_and_spans_of_years_are_not),
        cmocka_unit_test(dates_and_times_have_their_units),
        cmocka_unit_test(percent_and_fractions_say_the_whole_first),
        cmocka_unit_test(money_degrees_and_units_follow_the_number),
        cmocka_unit_test(telephone_numbers_and_codes_are_read_digit_by_digit),
        cmocka_unit_test(two_things_are_liang),
        cmocka_unit_test(a_range_says_dao),
        cmocka_unit_test(what_is_no_number_is_left_alone),
        cmocka_unit_test(an_endless_number_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
