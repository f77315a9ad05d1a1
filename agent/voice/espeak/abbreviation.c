/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/voice/espeak/abbreviation.h"

struct abbreviation {
    const char *text; /* without its full stop */
    const char *spoken;
    bool needs_number; /* "No. 7", but not "No." */
};

static const struct abbreviation abbreviations[] = {
    {"Mr", "Mister", false},        {"Mrs", "Missis", false},
    {"Ms", "Miz", false},           {"Dr", "Doctor", false},
    {"Prof", "Professor", false},   {"St", "Saint", false},
    {"vs", "versus", false},        {"Jr", "Junior", false},
    {"Sr", "Senior", false},        {"approx", "approximately", false},
    {"Inc", "Incorporated", false}, {"Ltd", "Limited", false},
    {"No", "number", true},         {"no", "number", true},
    {"Nos", "numbers", true},       {"Fig", "figure", true},
    {"fig", "figure", true},        {"p", "page", true},
    {"pp", "pages", true},          {"Vol", "volume", true},
};

static uint32_t code_at(const struct letter *letters, size_t count, size_t at)
{
    return at < count ? letters[at].code : 0;
}

static bool is_inside_word(const struct letter *letters, size_t at)
{
    const uint32_t last = at > 0 ? letters[at - 1].code : 0;

    return letters_is_latin(last) || letters_is_digit(last) || last == '\'' || last == '.';
}

/* The letters of text and a full stop behind them. */
static bool starts_with(const struct letter *letters, size_t count, size_t at, const char *text)
{
    for (; *text; text++, at++) {
        if (code_at(letters, count, at) != (uint8_t)*text)
            return false;
    }
    return code_at(letters, count, at) == '.';
}

size_t abbreviation_read(const struct letter *letters, size_t count, size_t at, const char **spoken)
{
    if (!letters_is_latin(code_at(letters, count, at)) || is_inside_word(letters, at))
        return 0;
    for (size_t i = 0; i < sizeof abbreviations / sizeof abbreviations[0]; i++) {
        const struct abbreviation *abbreviation = &abbreviations[i];
        const size_t size = strlen(abbreviation->text) + 1;

        if (!starts_with(letters, count, at, abbreviation->text))
            continue;
        const size_t space = code_at(letters, count, at + size) == ' ';
        const uint32_t next = code_at(letters, count, at + size + space);
        if (abbreviation->needs_number ? !letters_is_digit(next) : !letters_is_latin(next))
            continue;
        *spoken = abbreviation->spoken;
        return size;
    }
    return 0;
}
