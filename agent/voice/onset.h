/* onset.h - the silence before an answer's first sound, for which nobody should have to wait
 *
 * A voice begins a clause with 10 ms of nothing, with 50 before a stop, a vendor's often with more.
 * Between clauses that is the rhythm of speech; before the first one the owner waits for it. It is
 * left out there, and what is marked in it is kept until it is known where the sound begins.
 *
 * Plain data of the speaker, under the speaker's lock. No I/O.
 */
#ifndef AGENT_VOICE_ONSET_H
#define AGENT_VOICE_ONSET_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/voice/voice.h"

#define ONSET_MAX_NOTES   8
#define ONSET_MAX_SAMPLES 11025 /* 500 ms: a longer silence is meant */

/* A mark, or a word. */
struct onset_note {
    bool is_word;
    struct voice_mark mark;
    struct voice_word word;
};

struct onset {
    bool is_awaited; /* no sound came yet */
    size_t skipped;  /* samples left out */
    size_t note_count;
    struct onset_note notes[ONSET_MAX_NOTES];
};

/* A clause begins; is_awaited: its silence is left out. Forgets what was kept. */
void onset_begin(struct onset *onset, bool is_awaited);

/* Returns how many samples at the start of these, the next ones of the clause, are left out. When
 * they are not all, the onset is not awaited any more. */
size_t onset_skip(struct onset *onset, const int16_t *pcm, size_t count);

/* True: the note is kept (as long as there is room; the oldest ones stay) and is to be taken from
 * notes, in order, when the sound begins. False: the sound has begun. */
bool onset_keep(struct onset *onset, const struct onset_note *note);

#endif
