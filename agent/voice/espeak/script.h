/* SPDX-License-Identifier: GPL-3.0-or-later */
/* script.h - a clause as runs of one language each, written the way espeak-ng reads them right
 *
 * Han goes to the Mandarin voice, Latin to the English one, digits to the language around them.
 * Mandarin numbers are written out and phrases with several readings become tone-numbered pinyin.
 * Every character of a run remembers the byte of the clause it came from. Pure; never fails: what
 * does not fit is left out.
 */
#ifndef AGENT_VOICE_ESPEAK_SCRIPT_H
#define AGENT_VOICE_ESPEAK_SCRIPT_H

#include "agent/voice/espeak/letters.h"
#include "agent/voice/voice.h"

#define SCRIPT_MAX_LETTERS 4096
#define SCRIPT_MAX_CHARS   16384
#define SCRIPT_MAX_BYTES   (4 * SCRIPT_MAX_CHARS)
#define SCRIPT_MAX_RUNS    256

struct script_run {
    enum voice_language language; /* EN or ZH */
    size_t text;                  /* where in script.text, NUL-terminated */
    size_t first_char;            /* where in script.from */
    size_t chars;
    bool has_pause; /* ends with a mark that a voice pauses at */
};

/* Plain data, large: keep one. */
struct script {
    struct script_run runs[SCRIPT_MAX_RUNS];
    size_t run_count;
    char text[SCRIPT_MAX_BYTES];
    size_t size;
    uint32_t from[SCRIPT_MAX_CHARS]; /* byte of the clause for each character, NULs included */
    size_t chars;
    struct letter letters[SCRIPT_MAX_LETTERS]; /* scratch */
    struct letter spelled[SCRIPT_MAX_CHARS];   /* scratch */
};

/* language: VOICE_LANGUAGE_AUTO decides by the text what digits alone are read in. */
void script_write(struct script *script, struct span text, enum voice_language language);

/* The bytes of the clause that `count` characters of a run, from `position` on, stand for. */
void script_source(const struct script *script, const struct script_run *run, size_t position,
                   size_t count, uint32_t *offset, uint32_t *length);

#endif
