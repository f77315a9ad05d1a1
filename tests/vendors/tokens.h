/* tokens.h - the demo vendor's tokenizer
 *
 * Its rule, the same for prompts and answers:
 *
 *   - a Han character, kana, hangul syllable or full-width sign is one token;
 *   - letters of other scripts come in pieces of at most four, digits in pieces of at most three;
 *     one space before such a piece belongs to it;
 *   - any other run of white space is one token;
 *   - any other character, and any byte that is not UTF-8, is one token.
 *
 * The tokens of a text, joined, are the text; there are never more tokens than bytes.
 */
#ifndef TESTS_VENDORS_TOKENS_H
#define TESTS_VENDORS_TOKENS_H

#include "schema/base/span.h"

/* The first token of *rest, which moves on behind it. *rest must not be empty. */
struct span tokens_next(struct span *rest);

size_t tokens_count(struct span text);

/* The first max tokens of text, joined. */
struct span tokens_head(struct span text, size_t max);

#endif
