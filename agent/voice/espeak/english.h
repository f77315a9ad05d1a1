/* SPDX-License-Identifier: GPL-3.0-or-later */
/* english.h - numbers as English says them
 *
 * Money, percent, temperatures, units, dates, times, years and decades, fractions, ranges, ratios,
 * versions and telephone numbers. What espeak-ng reads well itself ("1,234", "3.14", "21st") keeps
 * its digits. Pure.
 */
#ifndef AGENT_VOICE_ESPEAK_ENGLISH_H
#define AGENT_VOICE_ESPEAK_ENGLISH_H

#include <stddef.h>

#include "agent/voice/espeak/letters.h"

#define ENGLISH_MAX_BYTES 256

/* Reads the number, with its sign, currency and unit, that starts at letters[at]; the letters
 * before it tell years, months and ranges. Writes NUL-terminated ASCII and returns how many letters
 * that took; 0: no number here, out is untouched. */
size_t english_read(const struct letter *letters, size_t count, size_t at,
                    char out[ENGLISH_MAX_BYTES]);

#endif
