/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/letters.h"

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

#define IS_IN(code, ranges) is_in(code, ranges, sizeof(ranges) / sizeof(ranges)[0])

bool letters_is_han(uint32_t code)
{
    static const struct range han[] = {
        {0x3007, 0x3007}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff}, {0xf900, 0xfaff}, {0x20000, 0x323af},
    };

    return IS_IN(code, han);
}

bool letters_is_latin(uint32_t code)
{
    static const struct range latin[] = {
        {'A', 'Z'}, {'a', 'z'}, {0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x24f}, {0x1e00, 0x1eff},
    };

    return IS_IN(code, latin);
}

bool letters_is_digit(uint32_t code)
{
    return code >= '0' && code <= '9';
}

bool letters_is_pause(uint32_t code)
{
    static const uint32_t pauses[] = {
        ',',    '.',    ';',    ':',    '!',    '?',    0x2026, 0x2014, 0x2013,
        0x3001, 0x3002, 0xff61, 0xff0c, 0xff1b, 0xff1a, 0xff01, 0xff1f,
    };

    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        if (pauses[i] == code)
            return true;
    }
    return false;
}

/* Emoji would be read out by name, markup by the name of its sign. */
static bool is_unspoken(uint32_t code)
{
    static const struct range unspoken[] = {
        {0, 8},           {0x0b, 0x0c},       {0x0e, 0x1f},        {'#', '#'},
        {'*', '*'},       {'<', '<'},         {'>', '>'},          {'\\', '\\'},
        {'^', '^'},       {'`', '`'},         {'|', '|'},          {0x7f, 0x9f},
        {0xad, 0xad},     {0x200b, 0x200f},   {0x202a, 0x202e},    {0x2060, 0x206f},
        {0x20e3, 0x20e3}, {0x2190, 0x21ff},   {0x2300, 0x27bf},    {0x2900, 0x2bff},
        {0x3030, 0x3030}, {0xd800, 0xf8ff},   {0xfe00, 0xfe0f},    {0xfeff, 0xfeff},
        {0xfff0, 0xffff}, {0x1f000, 0x1fbff}, {0xe0000, 0x10ffff},
    };

    return IS_IN(code, unspoken);
}

static uint32_t fold(uint32_t code)
{
    if (code == '_' || code == 0x3000 || code == 0xa0 || code == '\t' || code == '\n' ||
        code == '\r')
        return ' ';
    if (code == 0x2018 || code == 0x2019)
        return '\'';
    /* letters, digits and signs, but not the pauses: the Mandarin voice knows those */
    if (code >= 0xff01 && code <= 0xff5e && !letters_is_pause(code))
        return code - 0xfee0;
    return code;
}

/* One code point at the start of text; 0 and one byte for what is not UTF-8. */
static size_t decode(struct span text, uint32_t *code)
{
    const uint8_t *at = text.data;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

    *code = 0;
    if (size == 0 || at[0] > 0xf4 || size > text.size)
        return 1;

    uint32_t value = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (at[i] & 0x3f);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 1;
    *code = value;
    return size;
}

size_t letters_read(struct span text, struct letter *out, size_t max)
{
    size_t count = 0;

    for (size_t at = 0; at < text.size && count < max;) {
        uint32_t code;
        size_t size = decode(span_of(text.data + at, text.size - at), &code);

        code = fold(code);
        if (!is_unspoken(code))
            out[count++] = (struct letter){.code = code, .from = (uint32_t)at};
        at += size;
    }
    return count;
}

size_t letters_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)((0xf00u >> size & 0xff) | code);
    return size;
}
