#include "agent/chat/fold.h"

#include <string.h>

#include "agent/chat/markup.h"

static uint32_t narrow(uint32_t character)
{
    if (character >= 0xff01 && character <= 0xff5e)
        return character - 0xff01 + '!';
    return character == 0x3000 ? ' ' : character;
}

/* Index: the character; "-": stands for itself. */
static uint32_t stands_for(uint32_t character)
{
    static const char signs[] = "013457@$", letters[] = "oieastas";
    const char *sign = character < 128 ? strchr(signs, (int)character) : NULL;

    return sign ? (uint32_t)letters[sign - signs] : character;
}

static bool is_invisible(uint32_t character)
{
    return character == 0xad || (character >= 0x200b && character <= 0x200f) ||
           (character >= 0x2060 && character <= 0x2064) ||
           (character >= 0xfe00 && character <= 0xfe0f) || character == 0xfeff;
}

static bool ends_sentence(uint32_t character)
{
    return character == '.' || character == '!' || character == '?' || character == '\n' ||
           character == 0x3002 || character == 0xff61 || character == 0x2026;
}

static bool is_letter(uint32_t character)
{
    if (character < 128)
        return character >= 'a' && character <= 'z';
    /* Latin, Greek, Cyrillic and on; signs and arrows lie from U+2000 to U+2BFF. */
    return character >= 0xc0 && character < 0x2000 && character != 0xd7 && character != 0xf7;
}

struct fold fold_of(uint32_t character)
{
    struct fold fold = {.kind = FOLD_GAP, .character = narrow(character)};

    if (fold.character >= 'A' && fold.character <= 'Z')
        fold.character += 'a' - 'A';
    fold.is_digit = fold.character >= '0' && fold.character <= '9';
    if (is_invisible(fold.character))
        fold.kind = FOLD_NOTHING;
    else if (ends_sentence(fold.character))
        fold.kind = FOLD_STOP;
    else if (fold.is_digit || fold.character == '@' || fold.character == '$')
        fold.kind = FOLD_STAND_IN;
    else if (is_letter(fold.character))
        fold.kind = FOLD_LETTER;
    else if (markup_is_wide(fold.character))
        fold.kind = FOLD_WIDE;
    fold.character = stands_for(fold.character);
    return fold;
}

bool fold_next(struct span *text, uint32_t *character)
{
    const size_t step = span_utf8_step(*text);

    if (step == 0)
        return false;
    *character = step == 1 ? text->data[0] : text->data[0] & (0x7fu >> step);
    for (size_t i = 1; i < step; i++)
        *character = *character << 6 | (text->data[i] & 0x3f);
    *text = span_of(text->data + step, text->size - step);
    return true;
}

bool fold_has_wide(struct span text)
{
    for (uint32_t character; fold_next(&text, &character);)
        if (markup_is_wide(character))
            return true;
    return false;
}
