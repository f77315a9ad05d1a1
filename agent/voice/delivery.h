/* delivery.h - hands the sound of a clause, its marks and words to whoever watches, each at its
 * place on the audio timeline
 *
 * A voice counts samples from its clause's first one; where that lies is known when it is queued.
 * Plain data of the speaker, under the speaker's lock. No I/O.
 */
#ifndef AGENT_VOICE_DELIVERY_H
#define AGENT_VOICE_DELIVERY_H

#include "agent/voice/onset.h"
#include "agent/voice/utterance.h"

struct delivery {
    struct speaker_watcher watcher;
    struct onset onset; /* of the clause that is being made */
    /* Where the sound handed on last lies on both timelines. */
    int64_t sample;
    uint32_t clause_sample;
    uint32_t count;
};

/* A voice begins with a clause, is_silent: while nothing is being heard, so that the silence before
 * its first sound is left out. */
void delivery_begin(struct delivery *delivery, bool is_silent);

/* Returns how many samples at the start of these, the next ones of the clause, are not to be
 * queued. */
size_t delivery_skip(struct delivery *delivery, const int16_t *pcm, size_t count);

/* These were queued at sample, count is not 0. */
void delivery_sound(struct delivery *delivery, uint64_t turn, struct utterance *clause,
                    int64_t sample, const int16_t *pcm, size_t count);

/* A mark or a word of the clause: handed on now, or with the first sound. */
void delivery_mark(struct delivery *delivery, uint64_t turn, const struct utterance *clause,
                   const struct voice_mark *mark);
void delivery_word(struct delivery *delivery, uint64_t turn, struct utterance *clause,
                   const struct voice_word *word);

/* All sound of the clause was handed on. */
void delivery_end(const struct delivery *delivery, uint64_t turn, const struct utterance *clause);

#endif
