/* track.h - where the mouth must be at each sample of the sound
 *
 * Phoneme marks are corrected to the times of the movement (a voiceless stop is marked at its
 * release, its closure lies before), turned into mouth shapes and blended by dominance. Lips always
 * meet for p, b, m and touch for f, v; rounding comes early; pauses relax; loudness moves the jaw a
 * little but never opens the mouth by itself. The numbers are measured: see the comments in
 * track.c.
 *
 * Pure: samples in, poses out; no clock, no I/O, no lock. Old marks are overwritten by new ones.
 */
#ifndef AGENT_FACE_TRACK_H
#define AGENT_FACE_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/voice/audio.h"
#include "agent/voice/voice.h"

#define TRACK_SECONDS 130 /* at least that much is kept */

struct track;

/* A mouth. Plain data; 0 to 1 each, but width: -1 narrow, 0 at rest, 1 spread. */
struct track_pose {
    float open, jaw, width, round, teeth_up, teeth_low, tongue, tuck;
    float cap; /* what open may not pass because lips must meet; 1: no such reason */
};

/* The caller owns *out. */
MUST_CHECK enum status track_create(struct track **out);
void track_free(struct track *track);
void track_clear(struct track *track);

/* Sound and marks in the order of their samples; the sound of a clause may arrive before its marks
 * or after them. */
void track_sound(struct track *track, int64_t sample, const int16_t *pcm, size_t count);
void track_mark(struct track *track, int64_t sample, const struct voice_mark *mark);

/* The clause ends here; more may follow. */
void track_close(struct track *track, int64_t sample);

/* Forgets everything from sample on and closes the mouth within 120 ms. */
void track_cut(struct track *track, int64_t sample);

/* Forgets what moves no mouth from sample on, so that what follows needs no further memory. */
void track_forget(struct track *track, int64_t sample);

/* The pose wanted at this sample. */
void track_pose(const struct track *track, int64_t sample, struct track_pose *pose);

/* The pose shown elapsed_ms after previous: a mouth pops open but closes slowly, save for lips that
 * must meet. */
void track_step(const struct track_pose *previous, const struct track_pose *wanted,
                float elapsed_ms, struct track_pose *shown);

/* The phoneme whose movement covers the sample, "" in a pause; borrowed until the next change. For
 * labels. */
const char *track_phoneme(const struct track *track, int64_t sample);

#endif
