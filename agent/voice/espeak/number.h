/* SPDX-License-Identifier: GPL-3.0-or-later */
/* number.h - numbers as Mandarin says them
 *
 * Cardinals, decimals, years digit by digit, dates, times, percent, ranges, fractions, currency,
 * telephone numbers and the commonest units. espeak-ng loses decimal points and reads years as
 * amounts. Pure.
 */
#ifndef AGENT_VOICE_ESPEAK_NUMBER_H
#define AGENT_VOICE_ESPEAK_NUMBER_H

#include <stddef.h>

#include "agent/voice/espeak/letters.h"

#define NUMBER_MAX_BYTES 512

/* Reads the number at letters[0] (a digit, or a sign or currency mark before one). before is the
 * code point in front of it, 0 at the start. Writes Han characters as NUL-terminated UTF-8 and
 * returns how many letters that took; 0: no number here, out is untouched. */
size_t number_read(const struct letter *letters, size_t count, uint32_t before,
                   char out[NUMBER_MAX_BYTES]);

#endif
