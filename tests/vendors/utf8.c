#include "tests/vendors/utf8.h"

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t character, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

static size_t length_by_lead(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead < 0xE0)
        return 2;
    if (lead >= 0xE0 && lead < 0xF0)
        return 3;
    if (lead >= 0xF0 && lead < 0xF5)
        return 4;
    return 0;
}

uint32_t utf8_first(struct span text, size_t *size)
{
    static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t length = length_by_lead(text.data[0]);

    *size = 1;
    if (length == 0 || length > text.size || !span_is_utf8(span_of(text.data, length)))
        return UTF8_NONE;

    uint32_t character = text.data[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++)
        character = character << 6 | (text.data[i] & 0x3Fu);
    *size = length;
    return character;
}

bool utf8_is_han(uint32_t character)
{
    static const struct range han[] = {
        {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}};

    return in_ranges(character, han, sizeof han / sizeof *han);
}

bool utf8_is_wide(uint32_t character)
{
    static const struct range others[] = {
        {0x3000, 0x30FF}, {0xAC00, 0xD7A3}, {0xFF00, 0xFFEF}, {0x2018, 0x201D}};

    return utf8_is_han(character) || in_ranges(character, others, sizeof others / sizeof *others);
}

size_t utf8_count_han(struct span text)
{
    size_t count = 0;

    while (text.size > 0) {
        size_t size;

        if (utf8_is_han(utf8_first(text, &size)))
            count++;
        text = span_of(text.data + size, text.size - size);
    }
    return count;
}
