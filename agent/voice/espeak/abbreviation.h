/* SPDX-License-Identifier: GPL-3.0-or-later */
/* abbreviation.h - English titles and other short forms whose full stop would make the voice pause
 *
 * Pure.
 */
#ifndef AGENT_VOICE_ESPEAK_ABBREVIATION_H
#define AGENT_VOICE_ESPEAK_ABBREVIATION_H

#include <stddef.h>

#include "agent/voice/espeak/letters.h"

/* Whether a short form with its full stop starts at letters[at] and goes on behind it: sets *spoken
 * (static) and returns how many letters it has. 0: none, or its full stop ends the sentence. */
size_t abbreviation_read(const struct letter *letters, size_t count, size_t at,
                         const char **spoken);

#endif
