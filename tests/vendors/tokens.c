#include "tests/vendors/tokens.h"

#include "tests/vendors/utf8.h"

#define MAX_LETTERS 4
#define MAX_DIGITS  3

enum kind { KIND_SPACE, KIND_LETTER, KIND_DIGIT, KIND_OTHER };

static enum kind kind_of(uint32_t character)
{
    if (character == ' ' || (character >= '\t' && character <= '\r') || character == 0xA0)
        return KIND_SPACE;
    if (character >= '0' && character <= '9')
        return KIND_DIGIT;
    if ((character | 0x20) >= 'a' && (character | 0x20) <= 'z' && character < 0x80)
        return KIND_LETTER;
    /* Latin with accents, Greek, Cyrillic and the other scripts up to the symbols at U+2000; the
     * signs of Latin-1 lie below. */
    if (character >= 0xC0 && character < 0x2000 && character != 0xD7 && character != 0xF7)
        return KIND_LETTER;
    return KIND_OTHER;
}

/* Bytes of the run of at most max characters of one kind that starts at offset. */
static size_t run(struct span text, size_t offset, enum kind kind, size_t max)
{
    size_t end = offset;

    for (size_t taken = 0; taken < max && end < text.size; taken++) {
        size_t size;

        if (kind_of(utf8_first(span_of(text.data + end, text.size - end), &size)) != kind)
            break;
        end += size;
    }
    return end - offset;
}

/* Bytes of the word piece or number piece at offset; 0: none starts there. */
static size_t piece(struct span text, size_t offset)
{
    size_t letters = run(text, offset, KIND_LETTER, MAX_LETTERS);

    return letters > 0 ? letters : run(text, offset, KIND_DIGIT, MAX_DIGITS);
}

static size_t first_size(struct span text)
{
    size_t size = piece(text, 0);

    if (size > 0)
        return size;

    size_t spaces = run(text, 0, KIND_SPACE, text.size);
    if (spaces == 0) {
        utf8_first(text, &size);
        return size;
    }
    size_t after = text.data[spaces - 1] == ' ' ? piece(text, spaces) : 0;
    if (after == 0)
        return spaces;
    return spaces == 1 ? 1 + after : spaces - 1;
}

struct span tokens_next(struct span *rest)
{
    struct span token = span_of(rest->data, first_size(*rest));

    *rest = span_of(rest->data + token.size, rest->size - token.size);
    return token;
}

size_t tokens_count(struct span text)
{
    size_t count = 0;

    for (; text.size > 0; count++)
        tokens_next(&text);
    return count;
}

struct span tokens_head(struct span text, size_t max)
{
    struct span rest = text;

    while (max-- > 0 && rest.size > 0)
        tokens_next(&rest);
    return span_of(text.data, text.size - rest.size);
}
