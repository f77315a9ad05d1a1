/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/number.h"

#define MAX_DIGITS 64

/* The letters being read and the text being written; write stops quietly at the end of out. */
struct reader {
    const struct letter *letters;
    size_t count;
    size_t at;
    char *out;
    size_t size;
};

/* Decimal digits without separators. */
struct digits {
    char text[MAX_DIGITS + 1];
    size_t count;
    bool has_separators;
};

static uint32_t peek(const struct reader *reader, size_t ahead)
{
    size_t at = reader->at + ahead;

    return at < reader->count ? reader->letters[at].code : 0;
}

/* A space is often set between a number and the Han around it. */
static uint32_t peek_han(const struct reader *reader)
{
    return peek(reader, 0) == ' ' ? peek(reader, 1) : peek(reader, 0);
}

static void say(struct reader *reader, const char *text)
{
    size_t length = strlen(text);

    if (reader->size + length >= NUMBER_MAX_BYTES)
        return;
    memcpy(reader->out + reader->size, text, length + 1);
    reader->size += length;
}

static const char *const names[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

static void say_each(struct reader *reader, const struct digits *digits, const char *one)
{
    for (size_t i = 0; i < digits->count; i++)
        say(reader, digits->text[i] == '1' ? one : names[digits->text[i] - '0']);
}

/* Four digits: 千百十 with one 零 for any gap. is_first: nothing was said before, so 10 to 19 are
 * 十 and not 一十. Returns whether anything but zero was said. */
static bool say_group(struct reader *reader, const char *group, bool is_first, bool *gap)
{
    static const char *const places[] = {"千", "百", "十", ""};
    bool said = false;

    for (size_t i = 0; i < 4; i++) {
        if (group[i] == '0') {
            *gap = said || !is_first;
            continue;
        }
        if (*gap)
            say(reader, "零");
        *gap = false;
        if (group[i] == '2' && i == 0)
            say(reader, "两");
        else if (!(group[i] == '1' && i == 2 && is_first && !said))
            say(reader, names[group[i] - '0']);
        say(reader, places[i]);
        said = true;
    }
    return said;
}

/* Up to sixteen digits in groups of four. */
static void say_cardinal(struct reader *reader, const struct digits *digits)
{
    static const char *const scales[] = {"", "万", "亿", "万亿"};
    char padded[17];
    bool said = false, gap = false;

    memset(padded, '0', 16);
    memcpy(padded + 16 - digits->count, digits->text, digits->count);
    for (size_t group = 0; group < 4; group++) {
        if (group < 3 && memcmp(padded + 4 * group, "0002", 4) == 0 && !said) {
            say(reader, "两"); /* 两万, 两亿 */
            say(reader, scales[3 - group]);
            said = true;
        } else if (say_group(reader, padded + 4 * group, !said, &gap)) {
            say(reader, scales[3 - group]);
            said = true;
        }
    }
    if (!said)
        say(reader, "零");
}

static void take_digits(struct reader *reader, struct digits *digits)
{
    while (letters_is_digit(peek(reader, 0))) {
        if (digits->count < MAX_DIGITS)
            digits->text[digits->count++] = (char)peek(reader, 0);
        reader->at++;
    }
    digits->text[digits->count] = '\0';
}

static bool has_thousands(const struct reader *reader)
{
    return peek(reader, 0) == ',' && letters_is_digit(peek(reader, 1)) &&
           letters_is_digit(peek(reader, 2)) && letters_is_digit(peek(reader, 3)) &&
           !letters_is_digit(peek(reader, 4));
}

static struct digits take_whole(struct reader *reader)
{
    struct digits digits = {.count = 0};

    take_digits(reader, &digits);
    while (digits.count <= 15 && has_thousands(reader)) {
        digits.has_separators = true;
        reader->at++;
        take_digits(reader, &digits);
    }
    return digits;
}

struct unit {
    const char *text;
    const char *spoken;
};

static const struct unit *find_unit(const struct reader *reader)
{
    static const struct unit units[] = {
        {"km/h", "公里每小时"},
        {"mAh", "毫安时"},
        {"kcal", "千卡"},
        {"kHz", "千赫"},
        {"MHz", "兆赫"},
        {"GHz", "吉赫"},
        {"min", "分钟"},
        {"TB", "太字节"},
        {"KB", "千字节"},
        {"dB", "分贝"},
        {"ms", "毫秒"},
        {"m/s", "米每秒"},
        {"kWh", "千瓦时"},
        {"km", "公里"},
        {"cm", "厘米"},
        {"mm", "毫米"},
        {"kg", "公斤"},
        {"mg", "毫克"},
        {"ml", "毫升"},
        {"mL", "毫升"},
        {"GB", "吉字节"},
        {"MB", "兆字节"},
        {"kW", "千瓦"},
        {"Hz", "赫兹"},
        {"m", "米"},
        {"g", "克"},
        {"L", "升"},
        {"W", "瓦"},
        {"V", "伏"},
        {"h", "小时"},
        {"s", "秒"},
        {"t", "吨"},
    };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].text), same = 0;

        while (same < length && peek(reader, same) == (uint8_t)units[i].text[same])
            same++;
        if (same == length && !letters_is_latin(peek(reader, same)) &&
            !letters_is_digit(peek(reader, same)))
            return &units[i];
    }
    return NULL;
}

static bool is_measure(uint32_t code)
{
    static const uint32_t measures[] = {
        0x4e2a /* 个 */, 0x53ea /* 只 */, 0x6761 /* 条 */, 0x4f4d /* 位 */, 0x540d /* 名 */,
        0x53f0 /* 台 */, 0x90e8 /* 部 */, 0x5929 /* 天 */, 0x5e74 /* 年 */, 0x5f20 /* 张 */,
        0x672c /* 本 */, 0x4ef6 /* 件 */, 0x79cd /* 种 */, 0x5bb6 /* 家 */, 0x5757 /* 块 */,
        0x6b21 /* 次 */, 0x500d /* 倍 */, 0x70b9 /* 点 */, 0x5206 /* 分 */, 0x79d2 /* 秒 */,
        0x5c0f /* 小 */, 0x5468 /* 周 */, 0x676f /* 杯 */, 0x8f86 /* 辆 */, 0x7247 /* 片 */,
        0x5143 /* 元 */, 0x4eba /* 人 */, 0x5c81 /* 岁 */, 0x65a4 /* 斤 */, 0x91cc /* 里 */,
        0x53cc /* 双 */, 0x5bf9 /* 对 */, 0x53e5 /* 句 */, 0x95e8 /* 门 */, 0x9996 /* 首 */,
        0x74f6 /* 瓶 */, 0x7897 /* 碗 */, 0x7c73 /* 米 */, 0x516c /* 公 */, 0x5343 /* 千 */,
        0x4e07 /* 万 */, 0x4ebf /* 亿 */, 0x9879 /* 项 */, 0x6bb5 /* 段 */, 0x6839 /* 根 */,
        0x652f /* 支 */, 0x5ea7 /* 座 */, 0x95f4 /* 间 */, 0x5957 /* 套 */, 0x5934 /* 头 */,
        0x7fa4 /* 群 */, 0x5c01 /* 封 */, 0x76d2 /* 盒 */, 0x5305 /* 包 */, 0x5b57 /* 字 */,
        0x9875 /* 页 */, 0x904d /* 遍 */, 0x8d9f /* 趟 */, 0x5347 /* 升 */, 0x9897 /* 颗 */,
        0x514b /* 克 */, 0x5428 /* 吨 */, 0x6b65 /* 步 */, 0x628a /* 把 */, 0x573a /* 场 */,
        0x9635 /* 阵 */, 0x6837 /* 样 */,
    };

    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        if (measures[i] == code)
            return true;
    }
    return false;
}

static int64_t value_of(const struct digits *digits)
{
    int64_t value = 0;

    for (size_t i = 0; i < digits->count && i < 15; i++)
        value = value * 10 + digits->text[i] - '0';
    return value;
}

/* 2024年, 98年 and 05年 name a year; 3年 and 20年 count years. */
static bool is_year(const struct reader *reader, const struct digits *digits)
{
    if (peek_han(reader) != 0x5e74 || digits->has_separators)
        return false;
    return digits->count == 4 ||
           (digits->count == 2 && (digits->text[0] == '0' || digits->text[0] >= '5'));
}

static bool is_range_mark(uint32_t code)
{
    return code == '-' || code == '~' || code == 0x2013 || code == 0xff5e;
}

/* The first of 2023-2024年. */
static bool starts_years(const struct reader *reader, const struct digits *digits)
{
    struct reader ahead = *reader;
    struct digits second = {.count = 0};

    if (digits->count != 4 || !is_range_mark(peek(reader, 0)))
        return false;
    ahead.at++;
    take_digits(&ahead, &second);
    return second.count == 4 && is_year(&ahead, &second);
}

/* An account, a code: not 1000000000. */
static bool is_long_number(const struct digits *digits)
{
    if (digits->has_separators || digits->count < 9)
        return false;
    return digits->count > 16 || strspn(digits->text + digits->count - 5, "0") < 5;
}

static void say_whole(struct reader *reader, const struct digits *digits)
{
    bool is_long = is_long_number(digits);

    if (digits->count == 11 && digits->text[0] == '1' && is_long)
        say_each(reader, digits, "幺");
    else if (is_year(reader, digits) || starts_years(reader, digits) || is_long ||
             digits->count > 16 || (digits->count > 1 && digits->text[0] == '0'))
        say_each(reader, digits, "一");
    else if (value_of(digits) == 2 && digits->count == 1 &&
             (is_measure(peek_han(reader)) || find_unit(reader)))
        say(reader, "两");
    else
        say_cardinal(reader, digits);
}

static size_t run_of_digits(const struct reader *reader, size_t ahead)
{
    size_t count = 0;

    while (letters_is_digit(peek(reader, ahead + count)))
        count++;
    return count;
}

static struct digits take_after(struct reader *reader, size_t skip)
{
    struct digits digits = {.count = 0};

    reader->at += skip;
    take_digits(reader, &digits);
    return digits;
}

/* 2026-11-22, 2026/1/5 */
static bool take_date(struct reader *reader, const struct digits *year)
{
    uint32_t mark = peek(reader, 0);
    size_t month = run_of_digits(reader, 1);

    if (year->count != 4 || (mark != '-' && mark != '/') || month < 1 || month > 2 ||
        peek(reader, 1 + month) != mark)
        return false;
    size_t day = run_of_digits(reader, 2 + month);
    if (day < 1 || day > 2)
        return false;

    say_each(reader, year, "一");
    say(reader, "年");
    struct digits part = take_after(reader, 1);
    part.has_separators = true; /* 05 is five here, not zero five */
    if (part.text[0] == '0' && part.count == 2)
        part = (struct digits){.text = {part.text[1]}, .count = 1};
    say_cardinal(reader, &part);
    say(reader, "月");
    part = take_after(reader, 1);
    if (part.text[0] == '0' && part.count == 2)
        part = (struct digits){.text = {part.text[1]}, .count = 1};
    say_cardinal(reader, &part);
    say(reader, "日");
    return true;
}

static void say_minutes(struct reader *reader, const char *unit)
{
    struct digits part = take_after(reader, 1);

    if (part.text[0] == '0')
        say(reader, "零");
    if (part.text[0] == '0')
        part = (struct digits){.text = {part.text[1]}, .count = 1};
    say_cardinal(reader, &part);
    say(reader, unit);
}

/* 3:30, 08:05:10 */
static bool take_time(struct reader *reader, const struct digits *hour)
{
    uint32_t mark = peek(reader, 0);

    if ((mark != ':' && mark != 0xff1a) || hour->count > 2 || value_of(hour) > 24 ||
        run_of_digits(reader, 1) != 2 || peek(reader, 1) > '5')
        return false;

    struct digits plain = *hour;
    if (plain.count == 2 && plain.text[0] == '0')
        plain = (struct digits){.text = {hour->text[1]}, .count = 1};
    if (value_of(&plain) == 2)
        say(reader, "两");
    else
        say_cardinal(reader, &plain);
    say(reader, "点");
    if (peek(reader, 1) == '0' && peek(reader, 2) == '0' && peek(reader, 3) != mark)
        reader->at += 3;
    else
        say_minutes(reader, "分");
    if (peek(reader, 0) == mark && run_of_digits(reader, 1) == 2)
        say_minutes(reader, "秒");
    return true;
}

/* 010-12345678, 400-800-8888, 138-0013-8000: in groups, ten digits or more in all */
static bool take_telephone(struct reader *reader, const struct digits *first)
{
    struct reader ahead = *reader;
    size_t digits = first->count;

    if (first->count < 2 || first->count > 4 || first->has_separators)
        return false;
    say_each(&ahead, first, "幺");
    while (peek(&ahead, 0) == '-' && letters_is_digit(peek(&ahead, 1))) {
        struct digits group = take_after(&ahead, 1);

        if (group.count < 3 || group.count > 8)
            return false;
        say(&ahead, "，");
        say_each(&ahead, &group, "幺");
        digits += group.count;
    }
    if (digits < 10 || digits > 15)
        return false;
    *reader = ahead;
    return true;
}

/* 16:9, 3:2 */
static bool take_ratio(struct reader *reader, const struct digits *first)
{
    uint32_t mark = peek(reader, 0);

    if ((mark != ':' && mark != 0xff1a) || first->count > 4 || run_of_digits(reader, 1) == 0)
        return false;
    say_cardinal(reader, first);
    say(reader, "比");
    struct digits second = take_after(reader, 1);
    if (second.count <= 16)
        say_cardinal(reader, &second);
    return true;
}

/* 1/2, 3/4; 24/7 is none */
static bool take_fraction(struct reader *reader, const struct digits *above)
{
    size_t below = run_of_digits(reader, 1);

    if (peek(reader, 0) != '/' || above->count > 2 || below < 1 || below > 2 ||
        peek(reader, 1 + below) == '/')
        return false;
    struct digits part = take_after(reader, 1);
    if (value_of(above) >= value_of(&part)) {
        say_cardinal(reader, above);
        say(reader, "、");
        say_cardinal(reader, &part);
        return true;
    }
    say_cardinal(reader, &part);
    say(reader, "分之");
    say_cardinal(reader, above);
    return true;
}

static void take_decimals(struct reader *reader)
{
    while (peek(reader, 0) == '.' && letters_is_digit(peek(reader, 1))) {
        struct digits part = take_after(reader, 1);

        say(reader, "点");
        say_each(reader, &part, "一");
    }
}

static void take_unit(struct reader *reader)
{
    const struct unit *unit = find_unit(reader);
    uint32_t code = peek(reader, 0), next = peek(reader, 1);

    if (unit) {
        const uint32_t power = peek(reader, strlen(unit->text));

        say(reader, power == 0xb2 ? "平方" : power == 0xb3 ? "立方" : "");
        say(reader, unit->spoken);
        reader->at += strlen(unit->text) + (power == 0xb2 || power == 0xb3);
    } else if (code == 0x2103 || (code == 0xb0 && next == 'C')) {
        say(reader, "摄氏度");
        reader->at += code == 0xb0 ? 2 : 1;
    } else if (code == 0x2109 || (code == 0xb0 && next == 'F')) {
        say(reader, "华氏度");
        reader->at += code == 0xb0 ? 2 : 1;
    } else if (code == 0xb0) {
        say(reader, "度");
        reader->at++;
    }
}

static bool is_sign(uint32_t code)
{
    return code == '-' || code == '+' || code == 0x2212;
}

/* 3-5, 3~5 */
static void take_range(struct reader *reader)
{
    uint32_t code = peek(reader, 0);

    /* -5~-3℃ */
    bool is_below = code != '-' && is_sign(peek(reader, 1)) && letters_is_digit(peek(reader, 2));

    if (is_range_mark(code) && (letters_is_digit(peek(reader, 1)) || is_below)) {
        say(reader, "到");
        reader->at++;
    }
}

/* Percent is said before the number, so its end is looked for first. */
static const char *percent_after(const struct reader *reader)
{
    struct reader ahead = *reader;
    char unused[NUMBER_MAX_BYTES];

    ahead.out = unused;
    ahead.size = 0;
    take_whole(&ahead);
    take_decimals(&ahead);
    if (is_range_mark(peek(&ahead, 0)) && letters_is_digit(peek(&ahead, 1))) {
        ahead.at++; /* 3-5% */
        take_whole(&ahead);
        take_decimals(&ahead);
    }
    uint32_t code = peek_han(&ahead);
    return code == '%' ? "百分之" : code == 0x2030 ? "千分之" : NULL;
}

static void take_amount(struct reader *reader)
{
    const char *percent = percent_after(reader);

    if (percent)
        say(reader, percent);
    struct digits whole = take_whole(reader);
    if (!percent &&
        (take_date(reader, &whole) || take_telephone(reader, &whole) || take_time(reader, &whole) ||
         take_ratio(reader, &whole) || take_fraction(reader, &whole)))
        return;
    if (peek(reader, 0) == '.' && letters_is_digit(peek(reader, 1)) && whole.count <= 16)
        say_cardinal(reader, &whole);
    else
        say_whole(reader, &whole);
    take_decimals(reader);
    if (percent && !is_range_mark(peek(reader, 0)))
        reader->at += peek(reader, 0) == ' ' ? 2 : 1;
}

static const char *currency_name(uint32_t code)
{
    switch (code) {
    case 0xa5:
    case 0xffe5:
        return "元";
    case '$':
        return "美元";
    case 0x20ac:
        return "欧元";
    case 0xa3:
        return "英镑";
    default:
        return NULL;
    }
}

size_t number_read(const struct letter *letters, size_t count, uint32_t before,
                   char out[NUMBER_MAX_BYTES])
{
    struct reader reader = {.letters = letters, .count = count, .out = out};
    const char *currency = NULL;
    uint32_t sign = 0;
    size_t skip = 0;

    if (is_sign(peek(&reader, 0)) && !letters_is_digit(before) && !letters_is_latin(before)) {
        sign = peek(&reader, 0);
        skip++;
    }
    currency = currency_name(peek(&reader, skip));
    if (currency)
        skip++;
    if (!letters_is_digit(peek(&reader, skip)))
        return 0;

    reader.at = skip;
    if (sign)
        say(&reader, sign == '+' ? "加" : "负");
    take_amount(&reader);
    if (currency)
        say(&reader, currency);
    else
        take_unit(&reader);
    take_range(&reader);
    return reader.at;
}
