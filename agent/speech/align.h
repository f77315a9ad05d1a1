/* align.h - when the phonemes of one voice are spoken by another one that says the same text
 *
 * The pattern is espeak-ng saying it to nobody: its sound, and where its words begin. The sound is
 * the vendor's, of which nothing else is known, its speed neither. Both are compared frame by frame
 * (hue.h), and the likeliest way through the pattern is kept while the sound arrives (Viterbi, over
 * how far the pattern is and how fast it goes on, as scores are followed). A pause may be of any
 * length, and lie between any two words.
 *
 * How far the mouth is off then, at six speeds, pitches, sizes and rooms of one engine (./myna
 * bench lips; mean, standard deviation, largest of 1656 phonemes): 2, 9 and 72 ms where the sound
 * comes no faster than it is heard, 2, 8 and 72 ms where it comes four times as fast. What was
 * learned of a voice's speed made later sentences no better than the first, so nothing is
 * remembered.
 *
 * Times are samples of one rate. No I/O, no threads.
 */
#ifndef AGENT_SPEECH_ALIGN_H
#define AGENT_SPEECH_ALIGN_H

#include <stdbool.h>

#include "agent/speech/hue.h"

#define ALIGN_NEVER UINT32_MAX

struct align;

/* max_seconds: of either sound; what comes beyond is not looked at. The caller owns *out.
 * STATUS_MEMORY. */
MUST_CHECK enum status align_create(struct align **out, unsigned sample_rate, unsigned max_seconds);
void align_free(struct align *align);

/* The pattern: all of its sound and where its words begin (samples, in order), in any order of the
 * two; then its end, once. */
void align_pattern_sound(struct align *align, const int16_t *pcm, size_t count);
void align_pattern_word(struct align *align, uint32_t sample);
void align_pattern_end(struct align *align);

/* What arrived of the vendor's sound. */
void align_sound(struct align *align, const int16_t *pcm, size_t count);
/* Nothing follows: the pattern ends where the sound does. */
void align_sound_end(struct align *align);

/* Where in the sound the pattern's sample is spoken, by all that arrived so far; it may move while
 * more does. ALIGN_NEVER: that has not arrived yet, or there was nothing to compare. */
uint32_t align_place(struct align *align, uint32_t sample);

#endif
