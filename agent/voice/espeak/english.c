/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/english.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_DIGITS 24
#define EN_DASH    0x2013
#define MINUS      0x2212

/* The letters being read and the text being written, which ends quietly where out does. */
struct reader {
    const struct letter *letters;
    size_t count;
    size_t at;
    char *out;
    size_t size;
};

struct digits {
    char text[MAX_DIGITS + 1];
    size_t count; /* of text; more digits than fit are counted and not kept */
    bool has_separators;
};

static uint32_t code_at(const struct reader *reader, size_t at)
{
    return at < reader->count ? reader->letters[at].code : 0;
}

static uint32_t peek(const struct reader *reader, size_t ahead)
{
    return code_at(reader, reader->at + ahead);
}

static uint32_t before(const struct reader *reader)
{
    return reader->at > 0 ? reader->letters[reader->at - 1].code : 0;
}

__attribute__((format(printf, 2, 3))) static void say(struct reader *reader, const char *format,
                                                      ...)
{
    const size_t room = ENGLISH_MAX_BYTES - reader->size;
    va_list arguments;

    va_start(arguments, format);
    const int size = vsnprintf(reader->out + reader->size, room, format, arguments);
    va_end(arguments);
    if (size > 0 && (size_t)size < room)
        reader->size += (size_t)size;
    else
        reader->out[reader->size] = '\0';
}

static size_t run_of_digits(const struct reader *reader, size_t ahead)
{
    size_t count = 0;

    while (letters_is_digit(peek(reader, ahead + count)))
        count++;
    return count;
}

static void take_digits(struct reader *reader, struct digits *digits)
{
    for (; letters_is_digit(peek(reader, 0)); reader->at++, digits->count++) {
        if (digits->count < MAX_DIGITS)
            digits->text[digits->count] = (char)peek(reader, 0);
    }
    digits->text[digits->count < MAX_DIGITS ? digits->count : MAX_DIGITS] = '\0';
}

static struct digits digits_after(struct reader *reader, size_t skip)
{
    struct digits digits = {.count = 0};

    reader->at += skip;
    take_digits(reader, &digits);
    return digits;
}

static bool has_thousands(const struct reader *reader)
{
    return peek(reader, 0) == ',' && run_of_digits(reader, 1) == 3;
}

static struct digits take_whole(struct reader *reader)
{
    struct digits digits = digits_after(reader, 0);

    while (digits.count <= 3 * 5 && has_thousands(reader)) {
        digits.has_separators = true;
        reader->at++;
        take_digits(reader, &digits);
    }
    return digits;
}

static int value_of(const struct digits *digits)
{
    int value = 0;

    for (size_t i = 0; i < digits->count && i < 9; i++)
        value = value * 10 + digits->text[i] - '0';
    return value;
}

static void say_each(struct reader *reader, const struct digits *digits)
{
    for (size_t i = 0; i < digits->count && i < MAX_DIGITS; i++)
        say(reader, "%s%c", i > 0 ? " " : "", digits->text[i]);
}

/* The word that ends before letters[end], spaces and commas between left out; "" for none. */
static void word_before(const struct reader *reader, size_t end, char word[16])
{
    size_t size = 0;

    while (end > 0 && (code_at(reader, end - 1) == ' ' || code_at(reader, end - 1) == ',' ||
                       code_at(reader, end - 1) == '.'))
        end--;
    size_t start = end;
    while (start > 0 && letters_is_latin(code_at(reader, start - 1)) && end - start < 15)
        start--;
    for (; start < end; start++) {
        const uint32_t code = code_at(reader, start);

        word[size++] = (char)(code >= 'A' && code <= 'Z' ? code + 32 : code < 0x80 ? code : '?');
    }
    word[size] = '\0';
}

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

static bool is_month(const char *word)
{
    const size_t size = strlen(word);

    for (size_t i = 0; i < 12; i++) {
        size_t same = 1;

        if (size < 3 || (months[i][0] | 32) != word[0])
            continue;
        while (same < size && word[same] == months[i][same])
            same++;
        if (same == size && (size <= 4 || months[i][size] == '\0'))
            return true;
    }
    return false;
}

/* "1st", "22nd": espeak-ng knows these. */
static const char *ordinal_ending(int value)
{
    const int ten = value / 10 % 10, one = value % 10;

    if (ten == 1)
        return "th";
    return one == 1 ? "st" : one == 2 ? "nd" : one == 3 ? "rd" : "th";
}

/* --- years --- */

static void say_year(struct reader *reader, int year)
{
    const int century = year / 100, rest = year % 100;

    if (year / 10 == 200 || year % 1000 == 0)
        say(reader, "%d", year);
    else if (rest == 0)
        say(reader, "%d hundred", century);
    else if (rest < 10)
        say(reader, "%d oh %d", century, rest);
    else
        say(reader, "%d %d", century, rest);
}

static bool is_year_like(const struct digits *digits)
{
    return digits->count == 4 && !digits->has_separators && value_of(digits) >= 1100 &&
           value_of(digits) < 2100;
}

/* "in 1998", "May 5, 1998", "spring 2024": what a year comes after. */
static bool is_year_place(const struct reader *reader, size_t start)
{
    static const char *const words[] = {
        "in",     "since",  "until",  "till",   "by",     "from",    "year",    "before", "after",
        "during", "around", "spring", "summer", "autumn", "fall",    "winter",  "late",   "early",
        "mid",    "circa",  "and",    "to",     "of",     "through", "between", "for",
    };
    char word[16];
    size_t end = start;

    /* the day of "May 5th, 1998" */
    while (end > 0 && (code_at(reader, end - 1) == ' ' || code_at(reader, end - 1) == ','))
        end--;
    size_t day = end;
    while (day > 0 && day + 4 > end &&
           (letters_is_digit(code_at(reader, day - 1)) || code_at(reader, end - 1) == 'h'))
        day--;
    if (day < end && end < start) {
        word_before(reader, day, word);
        if (is_month(word))
            return true;
    }
    word_before(reader, start, word);
    if (is_month(word))
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return false;
}

static bool is_range_mark(uint32_t code)
{
    return code == '-' || code == EN_DASH || code == '~';
}

/* The second year of "1998-2004". */
static bool ends_years(const struct reader *reader, size_t start)
{
    struct digits first = {.count = 0};
    size_t at = start;

    if (at == 0 || !is_range_mark(code_at(reader, at - 1)))
        return false;
    for (at--; at > 0 && letters_is_digit(code_at(reader, at - 1)) && first.count < 5; at--)
        first.count++;
    if (first.count != 4)
        return false;
    for (size_t i = 0; i < 4; i++)
        first.text[i] = (char)code_at(reader, at + i);
    return is_year_like(&first);
}

static bool starts_years(const struct reader *reader)
{
    struct reader ahead = *reader;

    if (!is_range_mark(peek(reader, 0)))
        return false;
    const struct digits second = digits_after(&ahead, 1);
    return is_year_like(&second);
}

/* 1990s and 90s */
static bool take_decade(struct reader *reader, const struct digits *digits)
{
    static const char *const tens[] = {NULL,      "tens",    "twenties",  "thirties", "forties",
                                       "fifties", "sixties", "seventies", "eighties", "nineties"};
    const int value = value_of(digits);

    if (peek(reader, 0) != 's' || letters_is_latin(peek(reader, 1)) || value % 10 != 0 ||
        !(is_year_like(digits) || (digits->count == 2 && value >= 20)))
        return false;
    if (digits->count == 2 || value % 100 >= 10)
        say(reader, digits->count == 4 ? "%d %s" : "%.0d%s", value / 100, tens[value % 100 / 10]);
    else
        say(reader, value % 1000 == 0 ? "%d thousands" : "%d hundreds",
            value % 1000 == 0 ? value / 1000 : value / 100);
    reader->at++;
    return true;
}

/* --- units --- */

struct unit {
    const char *text;
    const char *one;
    const char *many;
};

static const struct unit units[] = {
    {"km/h", "kilometer per hour", "kilometers per hour"},
    {"m/s", "meter per second", "meters per second"},
    {"mph", "mile per hour", "miles per hour"},
    {"kWh", "kilowatt hour", "kilowatt hours"},
    {"mAh", "milliamp hour", "milliamp hours"},
    {"kcal", "kilocalorie", "kilocalories"},
    {"km", "kilometer", "kilometers"},
    {"cm", "centimeter", "centimeters"},
    {"mm", "millimeter", "millimeters"},
    {"kg", "kilogram", "kilograms"},
    {"mg", "milligram", "milligrams"},
    {"ml", "milliliter", "milliliters"},
    {"mL", "milliliter", "milliliters"},
    {"TB", "terabyte", "terabytes"},
    {"GB", "gigabyte", "gigabytes"},
    {"MB", "megabyte", "megabytes"},
    {"KB", "kilobyte", "kilobytes"},
    {"kB", "kilobyte", "kilobytes"},
    {"kW", "kilowatt", "kilowatts"},
    {"MW", "megawatt", "megawatts"},
    {"GHz", "gigahertz", "gigahertz"},
    {"MHz", "megahertz", "megahertz"},
    {"kHz", "kilohertz", "kilohertz"},
    {"Hz", "hertz", "hertz"},
    {"lbs", "pound", "pounds"},
    {"lb", "pound", "pounds"},
    {"oz", "ounce", "ounces"},
    {"ft", "foot", "feet"},
    {"min", "minute", "minutes"},
    {"hrs", "hour", "hours"},
    {"hr", "hour", "hours"},
    {"sec", "second", "seconds"},
    {"ms", "millisecond", "milliseconds"},
    {"dB", "decibel", "decibels"},
    {"m", "meter", "meters"},
    {"g", "gram", "grams"},
    {"L", "liter", "liters"},
    {"W", "watt", "watts"},
    {"V", "volt", "volts"},
    {"h", "hour", "hours"},
};

/* Whether the letters from `ahead` on are exactly this word. */
static bool is_word_ahead(const struct reader *reader, size_t ahead, const char *word)
{
    size_t i = 0;

    for (; word[i]; i++) {
        if (peek(reader, ahead + i) != (uint8_t)word[i])
            return false;
    }
    return !letters_is_latin(peek(reader, ahead + i)) &&
           !letters_is_digit(peek(reader, ahead + i)) && peek(reader, ahead + i) != '\'';
}

static bool take_unit(struct reader *reader, bool is_one)
{
    const size_t space = peek(reader, 0) == ' ';

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        /* after a space a single letter could be anything */
        if (!is_word_ahead(reader, space, units[i].text) || (space && !units[i].text[1]))
            continue;
        reader->at += space + strlen(units[i].text);
        const uint32_t power = peek(reader, 0);
        const char *kind = power == 0xb2 ? "square " : power == 0xb3 ? "cubic " : "";
        say(reader, " %s%s", kind, is_one ? units[i].one : units[i].many);
        reader->at += kind[0] != '\0';
        return true;
    }
    return false;
}

static bool take_degrees(struct reader *reader, bool is_one)
{
    const size_t space = peek(reader, 0) == ' ';
    const uint32_t code = peek(reader, space), scale = peek(reader, space + 1);
    const bool is_scaled = code == 0xb0 && (scale == 'C' || scale == 'F') &&
                           !letters_is_latin(peek(reader, space + 2));

    if (code != 0xb0 && code != 0x2103 && code != 0x2109)
        return false;
    say(reader, is_one ? " degree" : " degrees");
    if (code == 0x2103 || (is_scaled && scale == 'C'))
        say(reader, " Celsius");
    else if (code == 0x2109 || is_scaled)
        say(reader, " Fahrenheit");
    reader->at += space + 1 + is_scaled;
    return true;
}

static bool take_percent(struct reader *reader)
{
    const size_t space = peek(reader, 0) == ' ';
    const uint32_t code = peek(reader, space);

    if (code != '%' && code != 0x2030)
        return false;
    say(reader, code == '%' ? " percent" : " per mille");
    reader->at += space + 1;
    return true;
}

/* --- money --- */

struct currency {
    uint32_t code;
    const char *one, *many;
    const char *cent, *cents;
};

static const struct currency *find_currency(uint32_t code)
{
    static const struct currency currencies[] = {
        {'$', "dollar", "dollars", "cent", "cents"}, {0x20ac, "euro", "euros", "cent", "cents"},
        {0xa3, "pound", "pounds", "penny", "pence"}, {0xa5, "yuan", "yuan", NULL, NULL},
        {0xffe5, "yuan", "yuan", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof currencies / sizeof currencies[0]; i++) {
        if (currencies[i].code == code)
            return &currencies[i];
    }
    return NULL;
}

/* 3-5, 10:00-11:30, $10-$20: what follows is read by itself. */
static void take_range(struct reader *reader)
{
    size_t ahead = 0;

    while (peek(reader, ahead) == ' ')
        ahead++;
    const uint32_t mark = peek(reader, ahead);
    if (!is_range_mark(mark) || (ahead > 0 && mark == '-'))
        return;
    for (ahead++; peek(reader, ahead) == ' ';)
        ahead++;
    if (!letters_is_digit(peek(reader, ahead + (find_currency(peek(reader, ahead)) != NULL))))
        return;
    say(reader, " to ");
    reader->at += ahead;
}

static const char *take_scale(struct reader *reader)
{
    static const char *const scales[][2] = {
        {"thousand", "thousand"}, {"million", "million"}, {"billion", "billion"},
        {"trillion", "trillion"}, {"k", "thousand"},      {"K", "thousand"},
        {"M", "million"},         {"m", "million"},       {"bn", "billion"},
        {"B", "billion"},         {"T", "trillion"},
    };
    const size_t space = peek(reader, 0) == ' ';

    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++) {
        if ((space && i > 3) || !is_word_ahead(reader, space, scales[i][0]))
            continue;
        reader->at += space + strlen(scales[i][0]);
        return scales[i][1];
    }
    return NULL;
}

static void say_whole(struct reader *reader, const struct digits *digits)
{
    say(reader, "%s", digits->text);
}

static void take_money(struct reader *reader, const struct currency *currency)
{
    const struct digits whole = digits_after(reader, 1);
    struct digits all = whole, part = {.count = 0};

    while (all.count <= 3 * 5 && has_thousands(reader)) {
        reader->at++;
        take_digits(reader, &all);
    }
    if (peek(reader, 0) == '.' && letters_is_digit(peek(reader, 1)))
        part = digits_after(reader, 1);
    const char *scale = take_scale(reader);
    const int cents = part.count == 2 ? value_of(&part) : 0;
    const bool is_plain = part.count == 0 || cents > 0 || strspn(part.text, "0") == part.count;

    if (scale || !is_plain || (!currency->cent && cents > 0)) {
        say_whole(reader, &all);
        if (part.count > 0)
            say(reader, ".%s", part.text);
        say(reader, "%s%s %s", scale ? " " : "", scale ? scale : "", currency->many);
        return;
    }
    const bool is_nothing = value_of(&all) == 0 && all.count < 9 && cents > 0;
    if (!is_nothing) {
        say_whole(reader, &all);
        say(reader, " %s", strcmp(all.text, "1") == 0 ? currency->one : currency->many);
    }
    if (cents > 0)
        say(reader, "%s%d %s", is_nothing ? "" : " and ", cents,
            cents == 1 ? currency->cent : currency->cents);
}

/* --- dates and times --- */

static bool say_date(struct reader *reader, int year, int month, int day)
{
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    say(reader, "%s %d%s, ", months[month - 1], day, ordinal_ending(day));
    say_year(reader, year);
    return true;
}

/* 2026-11-22, 2026/1/5, 11/22/2026, 22.11.2026: three numbers, one of them with four digits */
static bool take_date(struct reader *reader)
{
    struct reader ahead = *reader;
    const struct digits first = digits_after(&ahead, 0);
    const uint32_t mark = peek(&ahead, 0);

    if ((mark != '-' && mark != '/' && mark != '.') || !letters_is_digit(peek(&ahead, 1)))
        return false;
    const struct digits second = digits_after(&ahead, 1);
    if (peek(&ahead, 0) != mark || !letters_is_digit(peek(&ahead, 1)) || second.count > 2)
        return false;
    const struct digits third = digits_after(&ahead, 1);
    const int a = value_of(&first), b = value_of(&second), c = value_of(&third);
    bool is_read = false;

    if (first.count == 4 && third.count <= 2 && is_year_like(&first))
        is_read = say_date(&ahead, a, b, c);
    else if (first.count <= 2 && is_year_like(&third) && mark == '/' && a <= 12)
        is_read = say_date(&ahead, c, a, b);
    else if (first.count <= 2 && is_year_like(&third))
        is_read = say_date(&ahead, c, b, a);
    if (is_read)
        *reader = ahead;
    return is_read;
}

/* 3:30, 08:05, 9:00, 23:59:10; 16:9 is a ratio */
static bool take_time(struct reader *reader, const struct digits *hour)
{
    if (peek(reader, 0) != ':' || hour->count > 2 || !letters_is_digit(peek(reader, 1)))
        return false;
    if (run_of_digits(reader, 1) != 2 || value_of(hour) > 24 || peek(reader, 1) > '5') {
        struct digits below = digits_after(reader, 1);

        say(reader, "%d to %s", value_of(hour), below.text);
        return true;
    }
    const struct digits minute = digits_after(reader, 1);
    const size_t space = peek(reader, 0) == ' ';
    const bool is_named =
        is_word_ahead(reader, space, "am") || is_word_ahead(reader, space, "pm") ||
        is_word_ahead(reader, space, "AM") || is_word_ahead(reader, space, "PM") ||
        ((peek(reader, space) | 32) == 'p' && peek(reader, space + 1) == '.') ||
        ((peek(reader, space) | 32) == 'a' && peek(reader, space + 1) == '.');

    say(reader, "%d", value_of(hour));
    if (value_of(&minute) >= 10)
        say(reader, " %s", minute.text);
    else if (value_of(&minute) > 0)
        say(reader, " oh %d", value_of(&minute));
    else if (value_of(hour) > 12 || value_of(hour) == 0)
        say(reader, " hundred");
    else if (!is_named)
        say(reader, " o'clock");
    if (peek(reader, 0) == ':' && run_of_digits(reader, 1) == 2) {
        const struct digits second = digits_after(reader, 1);

        say(reader, " and %d %s", value_of(&second), value_of(&second) == 1 ? "second" : "seconds");
    }
    return true;
}

/* --- telephone numbers, versions, fractions --- */

/* 555-1234, 555-123-4567, +86 138 0013 8000, 13800138000: groups of 2 to 4 digits, seven in all. */
static bool take_telephone(struct reader *reader, bool has_plus)
{
    struct reader ahead = *reader;
    size_t groups = 0, digits = 0;

    if (has_plus)
        say(&ahead, "plus ");
    for (;;) {
        const struct digits group = digits_after(&ahead, 0);
        const uint32_t mark = peek(&ahead, 0);

        if (group.count == 0 || (groups > 0 && (group.count < 2 || group.count > 4)))
            return false;
        if (groups > 0)
            say(&ahead, ", ");
        say_each(&ahead, &group);
        groups++;
        digits += group.count;
        if (digits > 15)
            return false;
        const bool goes_on =
            (mark == '-' || (has_plus && mark == ' ')) && letters_is_digit(peek(&ahead, 1));
        if (!goes_on)
            break;
        ahead.at++;
    }
    /* 2019-2024 are years, 100-200 a range */
    const bool is_grouped = groups >= 3 || (groups == 2 && digits == 7);
    if (digits < 7 || !(has_plus || is_grouped))
        return false;
    *reader = ahead;
    return true;
}

static bool is_long_number(const struct digits *digits)
{
    if (digits->has_separators || digits->count < 9)
        return false;
    const size_t kept = digits->count < MAX_DIGITS ? digits->count : MAX_DIGITS;
    return digits->count > 15 || strspn(digits->text + kept - 5, "0") < 5;
}

/* 1/2, 3/4, 2 1/2 */
static bool take_fraction(struct reader *reader, const struct digits *above)
{
    static const char *const names[] = {NULL,    NULL,      "half",   "third", "quarter", "fifth",
                                        "sixth", "seventh", "eighth", "ninth", "tenth"};
    const size_t size = run_of_digits(reader, 1);

    if (peek(reader, 0) != '/' || size < 1 || size > 3 || above->count > 3 ||
        peek(reader, 1 + size) == '/')
        return false;
    const struct digits below = digits_after(reader, 1);
    const int over = value_of(above), under = value_of(&below);

    if (over == 0 || over >= under || under > 10)
        say(reader, "%d %s", over, below.text); /* 24/7, 50/50, 9/11 */
    else if (over == 1)
        say(reader, "one %s", names[under]);
    else
        say(reader, "%d %ss", over, names[under]);
    return true;
}

/* "2 1/2": the whole before a fraction */
static bool precedes_fraction(const struct reader *reader)
{
    return peek(reader, 0) == ' ' && run_of_digits(reader, 1) == 1 && peek(reader, 2) == '/' &&
           run_of_digits(reader, 3) == 1 && peek(reader, 4) != '/' &&
           peek(reader, 1) < peek(reader, 3);
}

static void take_mixed(struct reader *reader)
{
    reader->at++;
    const struct digits above = digits_after(reader, 0);
    struct reader fraction = *reader;
    const size_t start = reader->size;

    say(reader, " and ");
    fraction.size = reader->size;
    take_fraction(&fraction, &above);
    *reader = fraction;
    /* "2 and a half" */
    if (strcmp(reader->out + start, " and one half") == 0) {
        reader->size = start;
        say(reader, " and a half");
    }
}

/* 2.0.1: espeak-ng runs the words together */
static void take_version(struct reader *reader, const struct digits *first)
{
    say(reader, "%s", first->text);
    while (peek(reader, 0) == '.' && letters_is_digit(peek(reader, 1))) {
        const struct digits part = digits_after(reader, 1);

        say(reader, " point %s", part.text);
    }
}

static bool is_version(const struct reader *reader)
{
    const size_t size = run_of_digits(reader, 1);

    return peek(reader, 0) == '.' && size > 0 && peek(reader, 1 + size) == '.' &&
           letters_is_digit(peek(reader, 2 + size));
}

/* --- amounts --- */

static void say_amount(struct reader *reader, const struct digits *whole)
{
    if (is_long_number(whole) || (whole->count > 1 && whole->text[0] == '0'))
        say_each(reader, whole);
    else
        say(reader, "%s", whole->text);
}

/* After the digits: what kind of number it is. */
static void take_kind(struct reader *reader, bool is_one)
{
    if (take_percent(reader) || take_degrees(reader, is_one) || take_unit(reader, is_one))
        return;
    if (peek(reader, 0) == 'x' && !letters_is_latin(peek(reader, 1)) &&
        !letters_is_digit(peek(reader, 1))) {
        say(reader, " times");
        reader->at++;
    }
}

static bool is_day_of_month(const struct reader *reader, size_t start, const struct digits *digits)
{
    char word[16];

    word_before(reader, start, word);
    return digits->count <= 2 && value_of(digits) >= 1 && value_of(digits) <= 31 &&
           is_month(word) && peek(reader, 0) != ':' && peek(reader, 0) != '.' &&
           !letters_is_latin(peek(reader, 0));
}

static void take_amount(struct reader *reader)
{
    const size_t start = reader->at;
    const struct digits whole = take_whole(reader);

    if (is_version(reader)) {
        take_version(reader, &whole);
        return;
    }
    if (take_time(reader, &whole) || take_fraction(reader, &whole) || take_decade(reader, &whole))
        return;
    const bool has_point = peek(reader, 0) == '.' && letters_is_digit(peek(reader, 1));
    if (!has_point && is_day_of_month(reader, start, &whole)) {
        say(reader, "%d%s", value_of(&whole), ordinal_ending(value_of(&whole)));
        return;
    }
    if (!has_point && is_year_like(&whole) &&
        (is_year_place(reader, start) || ends_years(reader, start) || starts_years(reader))) {
        struct reader unit = *reader;

        if (!take_unit(&unit, false) && !take_percent(&unit)) {
            say_year(reader, value_of(&whole));
            return;
        }
    }
    say_amount(reader, &whole);
    if (has_point) {
        const struct digits part = digits_after(reader, 1);

        say(reader, ".%s", part.text);
    } else if (precedes_fraction(reader)) {
        take_mixed(reader);
    }
    take_kind(reader, !has_point && strcmp(whole.text, "1") == 0);
}

static bool is_sign(uint32_t code)
{
    return code == '-' || code == '+' || code == MINUS;
}

static size_t read_number(struct reader *reader)
{
    const size_t start = reader->at;
    const uint32_t last = before(reader), first = peek(reader, 0);
    const bool is_glued = letters_is_latin(last) || letters_is_digit(last) || last == ')';
    const bool has_sign = is_sign(first) && !is_glued;
    const struct currency *currency = find_currency(peek(reader, has_sign));

    if (!letters_is_digit(peek(reader, has_sign + (currency != NULL))))
        return 0;
    /* "MP3", "A2024": a name, but "v2.0.1" needs its points */
    if (letters_is_digit(last) || (letters_is_latin(last) && last != 'v'))
        return 0;
    if (has_sign)
        reader->at++;
    if (first == '+' && has_sign && take_telephone(reader, true))
        return reader->at - start;
    if (has_sign)
        say(reader, first == '+' ? "plus " : "minus ");
    if (currency)
        take_money(reader, currency);
    else if (!take_date(reader) && !take_telephone(reader, false))
        take_amount(reader);
    take_range(reader);
    return reader->at - start;
}

size_t english_read(const struct letter *letters, size_t count, size_t at,
                    char out[ENGLISH_MAX_BYTES])
{
    char text[ENGLISH_MAX_BYTES] = "";
    struct reader reader = {.letters = letters, .count = count, .at = at, .out = text};
    const size_t used = read_number(&reader);

    if (used > 0)
        memcpy(out, text, sizeof text);
    return used;
}
