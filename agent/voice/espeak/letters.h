/* SPDX-License-Identifier: GPL-3.0-or-later */
/* letters.h - a clause as code points that can be spoken
 *
 * Broken UTF-8, emoji, control characters and marks of markup are dropped; full-width forms of
 * ASCII become ASCII. Each letter remembers the byte of the clause it came from. Pure.
 */
#ifndef AGENT_VOICE_ESPEAK_LETTERS_H
#define AGENT_VOICE_ESPEAK_LETTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/span.h"

struct letter {
    uint32_t code;
    uint32_t from; /* byte offset in the clause */
};

bool letters_is_han(uint32_t code);
bool letters_is_latin(uint32_t code);
bool letters_is_digit(uint32_t code);

/* Something a voice pauses at, ASCII or CJK. */
bool letters_is_pause(uint32_t code);

/* Writes up to max letters and returns how many; what does not fit is dropped. */
size_t letters_read(struct span text, struct letter *out, size_t max);

/* UTF-8 of one code point into out; returns its bytes. */
size_t letters_encode(uint32_t code, char out[4]);

#endif
