/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pinyin.h - how Mandarin phrases are read whose characters have several readings
 *
 * Made at build time from ../data/pinyin.tsv. Pure.
 */
#ifndef AGENT_VOICE_ESPEAK_PINYIN_H
#define AGENT_VOICE_ESPEAK_PINYIN_H

#include <stddef.h>

#include "agent/voice/espeak/letters.h"

#define PINYIN_MAX_LETTERS 5

/* The longest phrase of the table at the start of letters. Sets *reading to its syllables
 * ("yin2 hang2", static) and returns its letters; 0: none. */
size_t pinyin_match(const struct letter *letters, size_t count, const char **reading);

#endif
