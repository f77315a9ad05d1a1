/* resample.h - 16 bit mono sound from one sample rate to another, piece by piece
 *
 * A windowed sinc in phases, exact in the ratio of the rates: the length is never off by more than
 * one sample, however long the sound is. Fields are private. Not thread-safe.
 */
#ifndef AGENT_SPEECH_RESAMPLE_H
#define AGENT_SPEECH_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define RESAMPLE_TAPS       32   /* of each phase */
#define RESAMPLE_PIECE      1024 /* input samples taken at once */
#define RESAMPLE_MIN_HZ     8000
#define RESAMPLE_MAX_HZ     48000
#define RESAMPLE_MAX_PHASES 1024

struct resample {
    unsigned up, down; /* the ratio in lowest terms: up samples for each down */
    float *filter;     /* [up][RESAMPLE_TAPS] */
    float past[RESAMPLE_TAPS + RESAMPLE_PIECE];
    size_t past_count;
    uint64_t position; /* of the next output, in input samples times up, from past[0] */
};

/* Where the sound goes. */
typedef void (*resample_fn)(void *context, const int16_t *pcm, size_t count);

/* STATUS_INVALID: a rate out of bounds, or a ratio that takes more phases than there may be;
 * STATUS_MEMORY. The caller releases with resample_release(). */
MUST_CHECK enum status resample_init(struct resample *resample, unsigned from_hz, unsigned to_hz);
void resample_release(struct resample *resample);

/* Hands on what can be told so far; it lags RESAMPLE_TAPS / 2 input samples. */
void resample_feed(struct resample *resample, const int16_t *pcm, size_t count, resample_fn take,
                   void *context);

/* Hands on the rest. Another sound may follow. */
void resample_end(struct resample *resample, resample_fn take, void *context);

#endif
