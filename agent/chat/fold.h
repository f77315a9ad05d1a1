/* fold.h - one form for characters that people write in several, so that words can be compared
 *
 * Case and full width are folded; digits and signs that stand in for letters ("s3x", "$") come out
 * as those letters. Letters outside ASCII that are not Han stay as they are. Pure.
 */
#ifndef AGENT_CHAT_FOLD_H
#define AGENT_CHAT_FOLD_H

#include <stdbool.h>

#include "schema/base/span.h"

enum fold_kind {
    FOLD_NOTHING, /* cannot be seen: zero width, variation selectors */
    FOLD_GAP,     /* a space, or a sign inside a sentence */
    FOLD_STOP,    /* ends a sentence */
    FOLD_LETTER,
    FOLD_STAND_IN, /* a digit, or a sign read as a letter */
    FOLD_WIDE,     /* Han, kana, hangul: written without spaces */
};

/* Plain data. */
struct fold {
    enum fold_kind kind;
    uint32_t character;
    bool is_digit;
};

struct fold fold_of(uint32_t character);

/* Takes the next character off the front of *text. False: the end, or bytes that are not UTF-8. */
bool fold_next(struct span *text, uint32_t *character);

/* Whether any of text is FOLD_WIDE. */
bool fold_has_wide(struct span text);

#endif
