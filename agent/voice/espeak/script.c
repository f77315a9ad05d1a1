/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/script.h"

#include "agent/voice/espeak/abbreviation.h"
#include "agent/voice/espeak/english.h"
#include "agent/voice/espeak/number.h"
#include "agent/voice/espeak/pinyin.h"

/* Room for one more character and the NUL after it. */
static bool has_room(const struct script *script, size_t bytes)
{
    return script->chars + 2 < SCRIPT_MAX_CHARS && script->size + bytes + 1 < SCRIPT_MAX_BYTES;
}

static void add_code(struct script *script, uint32_t code, uint32_t from)
{
    char bytes[4];
    size_t size = letters_encode(code, bytes);

    if (!has_room(script, size))
        return;
    memcpy(script->text + script->size, bytes, size);
    script->size += size;
    script->from[script->chars++] = from;
}

static void add_ascii(struct script *script, const char *text, uint32_t from)
{
    for (; *text; text++)
        add_code(script, (uint8_t)*text, from);
}

/* --- which language --- */

static enum voice_language own_language(uint32_t code)
{
    return letters_is_han(code)     ? VOICE_LANGUAGE_ZH
           : letters_is_latin(code) ? VOICE_LANGUAGE_EN
                                    : VOICE_LANGUAGE_AUTO;
}

static enum voice_language base_language(const struct script *script, size_t count,
                                         enum voice_language wish)
{
    bool has_latin = false;

    for (size_t i = 0; i < count; i++) {
        if (letters_is_han(script->letters[i].code))
            return VOICE_LANGUAGE_ZH;
        has_latin = has_latin || letters_is_latin(script->letters[i].code);
    }
    if (has_latin || wish == VOICE_LANGUAGE_AUTO)
        return VOICE_LANGUAGE_EN;
    return wish;
}

/* A unit behind a digit ("5km") is part of the number, whatever its letters. */
static bool is_unit(const struct letter *letters, size_t count, size_t at)
{
    size_t start = at;
    char unused[NUMBER_MAX_BYTES];

    while (start > 0 && (letters_is_latin(letters[start - 1].code) ||
                         letters[start - 1].code == '/' || letters[start - 1].code == 0xb0))
        start--;
    if (start == 0 || !letters_is_digit(letters[start - 1].code))
        return false;
    uint32_t before = start > 1 ? letters[start - 2].code : 0;
    return start - 1 + number_read(letters + start - 1, count - start + 1, before, unused) > at;
}

/* ASCII pauses also stand inside numbers; the others end a phrase. */
static bool is_neutral(uint32_t code)
{
    return own_language(code) == VOICE_LANGUAGE_AUTO && (code < 0x80 || !letters_is_pause(code));
}

/* Digits in a Mandarin clause are Mandarin unless they touch Latin letters or stand between them.
 */
static enum voice_language language_of_digit(const struct letter *letters, size_t count, size_t at)
{
    size_t left = at, right = at;

    while (left > 0 && is_neutral(letters[left - 1].code))
        left--;
    while (right < count && is_neutral(letters[right].code))
        right++;
    enum voice_language before =
        left > 0 ? own_language(letters[left - 1].code) : VOICE_LANGUAGE_AUTO;
    enum voice_language after =
        right < count ? own_language(letters[right].code) : VOICE_LANGUAGE_AUTO;
    if (before == VOICE_LANGUAGE_EN && is_unit(letters, count, left - 1))
        before = VOICE_LANGUAGE_ZH;

    bool glued_left = before == VOICE_LANGUAGE_EN && letters_is_digit(letters[left].code);
    bool glued_right = after == VOICE_LANGUAGE_EN && letters_is_digit(letters[right - 1].code) &&
                       !is_unit(letters, count, right);
    if (glued_left || glued_right)
        return VOICE_LANGUAGE_EN;
    return before == VOICE_LANGUAGE_EN && after != VOICE_LANGUAGE_ZH ? VOICE_LANGUAGE_EN
                                                                     : VOICE_LANGUAGE_ZH;
}

static enum voice_language language_at(const struct script *script, size_t count, size_t at,
                                       enum voice_language base, enum voice_language current)
{
    uint32_t code = script->letters[at].code;
    enum voice_language own = own_language(code);

    if (base == VOICE_LANGUAGE_EN && own != VOICE_LANGUAGE_ZH)
        return VOICE_LANGUAGE_EN;
    if (own == VOICE_LANGUAGE_EN)
        return is_unit(script->letters, count, at) && current == VOICE_LANGUAGE_ZH
                   ? VOICE_LANGUAGE_ZH
                   : VOICE_LANGUAGE_EN;
    if (own == VOICE_LANGUAGE_ZH)
        return VOICE_LANGUAGE_ZH;
    if (letters_is_digit(code))
        return language_of_digit(script->letters, count, at);
    return current;
}

/* --- Mandarin --- */

static bool is_number_start(const struct letter *letters, size_t count)
{
    static const uint32_t marks[] = {'-', '+', 0x2212, 0xa5, 0xffe5, '$', 0x20ac, 0xa3};

    if (letters_is_digit(letters[0].code))
        return true;
    for (size_t i = 0; count > 1 && i < sizeof marks / sizeof marks[0]; i++) {
        if (letters[0].code == marks[i])
            return true;
    }
    return false;
}

static size_t spell_text(struct script *script, size_t spelled, const char *text, uint32_t from)
{
    size_t room = SCRIPT_MAX_CHARS - spelled;
    size_t count = letters_read(span_text(text), script->spelled + spelled, room);

    for (size_t i = 0; i < count; i++)
        script->spelled[spelled + i].from = from;
    return spelled + count;
}

struct spoken_sign {
    uint32_t code;
    const char *text;
};

/* Signs of sums and the like that are words. */
static const char *mandarin_sign(uint32_t code)
{
    static const struct spoken_sign signs[] = {
        {'+', "加"},        {'=', "等于"},      {0xd7, "乘"},       {0xf7, "除以"},
        {'&', "和"},        {0xb1, "正负"},     {0x2248, "约等于"}, {0xbd, "二分之一"},
        {0xbc, "四分之一"}, {0xbe, "四分之三"},
    };

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (signs[i].code == code)
            return signs[i].text;
    }
    return NULL;
}

/* Numbers become Han; the rest stays. Returns the letters in script->spelled. */
static size_t spell(struct script *script, size_t first, size_t last)
{
    const struct letter *letters = script->letters;
    char number[NUMBER_MAX_BYTES];
    size_t spelled = 0;

    for (size_t at = first; at < last && spelled < SCRIPT_MAX_CHARS;) {
        uint32_t before = at > first ? letters[at - 1].code : 0;
        size_t used = is_number_start(letters + at, last - at)
                          ? number_read(letters + at, last - at, before, number)
                          : 0;
        const char *sign = mandarin_sign(letters[at].code);
        if (used > 0)
            spelled = spell_text(script, spelled, number, letters[at].from);
        else if (sign)
            spelled = spell_text(script, spelled, sign, letters[at].from);
        else
            script->spelled[spelled++] = letters[at];
        at += used > 0 ? used : 1;
    }
    return spelled;
}

/* Each syllable of reading for one letter. The rhotic ending would be spoken as a syllable of its
 * own, so 儿 is silent inside a phrase. */
static void add_reading(struct script *script, const struct letter *letters, const char *reading)
{
    for (size_t i = 0; *reading; i++) {
        size_t length = strcspn(reading, " ");
        bool is_silent = i > 0 && length == 3 && memcmp(reading, "er5", 3) == 0;

        if (!is_silent)
            add_code(script, ' ', letters[i].from);
        for (size_t k = 0; !is_silent && k < length; k++)
            add_code(script, (uint8_t)reading[k], letters[i].from);
        reading += length + (reading[length] == ' ');
    }
}

/* 一 within a number or an ordinal keeps its tone: 二十一天, 第一次, 三分之一 */
static bool is_counted_one(const struct letter *letters, size_t at)
{
    static const uint32_t before[] = {U'十', U'百', U'千', U'零', U'〇', U'第', U'点',
                                      U'之', U'一', U'二', U'三', U'四', U'五', U'六',
                                      U'七', U'八', U'九', U'两', U'亿', U'初', U'周'};

    for (size_t i = 0; at > 0 && i < sizeof before / sizeof before[0]; i++) {
        if (letters[at].code == U'一' && letters[at - 1].code == before[i])
            return true;
    }
    return false;
}

static size_t match(const struct letter *letters, size_t count, size_t at, const char **reading)
{
    const size_t used = pinyin_match(letters + at, count - at, reading);

    if (used == 0 || !is_counted_one(letters, at))
        return used;
    *reading = "yi1";
    return 1;
}

static void write_mandarin(struct script *script, size_t first, size_t last)
{
    size_t count = spell(script, first, last);
    const struct letter *letters = script->spelled;
    bool is_after_reading = false;

    for (size_t at = 0; at < count;) {
        const char *reading;
        size_t used = match(letters, count, at, &reading);

        if (is_after_reading && used == 0)
            add_code(script, ' ', letters[at].from);
        is_after_reading = used > 0;
        if (used > 0) {
            add_reading(script, letters + at, reading);
        } else if (letters_is_han(letters[at].code) || letters_is_pause(letters[at].code) ||
                   letters[at].code == ' ') {
            add_code(script, letters[at].code, letters[at].from);
        }
        at += used > 0 ? used : 1;
    }
}

/* --- English --- */

static const char *english_sign(uint32_t code)
{
    static const struct spoken_sign signs[] = {
        {0x3001, ","},       {0x3002, "."},          {0xff61, "."},
        {0xff0c, ","},       {0xff1b, ";"},          {0xff1a, ":"},
        {0xff01, "!"},       {0xff1f, "?"},          {0x2026, ","},
        {0x2014, ", "},      {0x2013, " to "},       {0x2103, " degrees Celsius"},
        {0xa5, "yuan "},     {0xffe5, "yuan "},      {0x2109, " degrees Fahrenheit"},
        {0xb0, " degrees "}, {0xd7, " times "},      {0xf7, " divided by "},
        {0x2212, " minus "}, {0x20ac, " euros "},    {0xb1, " plus or minus "},
        {0xbd, " one half"}, {0xbc, " one quarter"}, {0xbe, " 3 quarters"},
        {0xb2, " squared"},  {0xb3, " cubed"},       {0x2248, " about "},
    };

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (signs[i].code == code)
            return signs[i].text;
    }
    return NULL;
}

/* "[[" starts phoneme input for espeak-ng, so brackets become pauses. */
static bool is_bracket(uint32_t code)
{
    return code == '[' || code == ']' || code == '{' || code == '}' || code == '(' || code == ')';
}

static void write_english_letter(struct script *script, const struct letter *letter)
{
    const char *sign = english_sign(letter->code);

    if (sign)
        add_ascii(script, sign, letter->from);
    else if (is_bracket(letter->code))
        add_code(script, ' ', letter->from);
    else if (letter->code < 0x80 || letter->code == 0xa3 || letters_is_latin(letter->code))
        add_code(script, letter->code, letter->from);
}

static void write_english(struct script *script, size_t first, size_t last)
{
    char number[ENGLISH_MAX_BYTES];

    for (size_t at = first; at < last;) {
        const char *spoken = number;
        size_t used = abbreviation_read(script->letters, last, at, &spoken);

        if (used == 0)
            used = english_read(script->letters, last, at, number);
        if (used > 0)
            add_ascii(script, spoken, script->letters[at].from);
        else
            write_english_letter(script, &script->letters[at]);
        at += used > 0 ? used : 1;
    }
}

/* --- runs --- */

static bool ends_with_pause(const struct script *script, size_t first, size_t last)
{
    while (last > first) {
        uint32_t code = script->letters[--last].code;

        if (letters_is_pause(code))
            return true;
        if (letters_is_han(code) || letters_is_latin(code) || letters_is_digit(code))
            return false;
    }
    return false;
}

static bool is_spoken(const struct script *script, size_t first, size_t last)
{
    for (size_t at = first; at < last; at++) {
        uint32_t code = script->letters[at].code;

        if (letters_is_han(code) || letters_is_latin(code) || letters_is_digit(code))
            return true;
    }
    return false;
}

static void add_run(struct script *script, size_t first, size_t last, enum voice_language language)
{
    if (script->run_count == SCRIPT_MAX_RUNS || !is_spoken(script, first, last) ||
        !has_room(script, 4))
        return;

    struct script_run *run = &script->runs[script->run_count++];
    *run = (struct script_run){.language = language,
                               .text = script->size,
                               .first_char = script->chars,
                               .has_pause = ends_with_pause(script, first, last)};
    if (language == VOICE_LANGUAGE_ZH)
        write_mandarin(script, first, last);
    else
        write_english(script, first, last);
    run->chars = script->chars - run->first_char;
    script->text[script->size++] = '\0';
    script->from[script->chars++] = script->letters[last].from;
}

void script_write(struct script *script, struct span text, enum voice_language language)
{
    script->run_count = 0;
    script->size = 0;
    script->chars = 0;

    /* one letter is kept for the end, so that the last one knows how long it is */
    size_t count = letters_read(text, script->letters, SCRIPT_MAX_LETTERS - 1);
    enum voice_language base = base_language(script, count, language);
    enum voice_language current = VOICE_LANGUAGE_AUTO;
    size_t first = 0;

    script->letters[count] = (struct letter){.code = ' ', .from = (uint32_t)text.size};
    for (size_t at = 0; at < count; at++) {
        enum voice_language next = language_at(script, count, at, base, current);

        if (next != current && current != VOICE_LANGUAGE_AUTO) {
            add_run(script, first, at, current);
            first = at;
        }
        current = next;
    }
    if (count > 0)
        add_run(script, first, count, current == VOICE_LANGUAGE_AUTO ? base : current);
}

void script_source(const struct script *script, const struct script_run *run, size_t position,
                   size_t count, uint32_t *offset, uint32_t *length)
{
    size_t first = position < run->chars ? position : run->chars;
    size_t last = count < run->chars - first ? first + count : run->chars;
    const uint32_t *from = script->from + run->first_char;

    *offset = from[first];
    *length = from[last] > from[first] ? from[last] - from[first] : 0;
}
