/* utf8.h - characters of UTF-8 text, and which of them are written without spaces between words */
#ifndef TESTS_VENDORS_UTF8_H
#define TESTS_VENDORS_UTF8_H

#include "schema/base/span.h"

#define UTF8_NONE 0xFFFFFFFFu

/* The first character of text and its bytes in *size. A byte that starts no well-formed character
 * is UTF8_NONE of size 1. text must not be empty. */
uint32_t utf8_first(struct span text, size_t *size);

/* Han ideographs, kana, hangul syllables and the full-width signs between them. */
bool utf8_is_wide(uint32_t character);

/* Han ideographs alone. */
bool utf8_is_han(uint32_t character);
size_t utf8_count_han(struct span text);

#endif
