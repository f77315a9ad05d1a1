/* SPDX-License-Identifier: GPL-3.0-or-later */
/* synth.h - espeak-ng, and nothing else knows it
 *
 * The library has global state: one synth in a process, used from one thread.
 */
#ifndef AGENT_VOICE_ESPEAK_SYNTH_H
#define AGENT_VOICE_ESPEAK_SYNTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/voice/voice.h"

struct synth;

/* Samples count from the clause's first. Marks and words come in order, at most one buffer (20 ms)
 * behind their sound. */
struct synth_listener {
    void *context;
    /* false: stop */
    bool (*on_pcm)(void *context, const int16_t *pcm, size_t count);
    void (*on_mark)(void *context, const struct voice_mark *mark);
    void (*on_word)(void *context, const struct voice_word *word);
};

/* STATUS_UNREACHABLE: the library or its data does not start (package espeak-ng-data). */
MUST_CHECK enum status synth_open(struct synth **out, unsigned *sample_rate);
void synth_close(struct synth *synth);

/* Speaks the clause (its turn and number are not used) and sets *samples. STATUS_CLOSED: the
 * listener stopped it; STATUS_NOT_FOUND: a voice is missing. */
MUST_CHECK enum status synth_speak(struct synth *synth, const struct voice_clause *clause,
                                   const struct synth_listener *listener, uint32_t *samples);

#endif
