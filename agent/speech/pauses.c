#include "agent/speech/pauses.h"

#include <math.h>

#define FLOOR    40 /* of 32767: what a vendor's silence may still hum */
#define FRACTION 40 /* silent is this many times softer than the loudest frame: -32 dB */

void pauses_init(struct pauses *pauses, unsigned sample_rate)
{
    *pauses =
        (struct pauses){.frame_samples = sample_rate * PAUSES_FRAME_MS / 1000, .is_silent = true};
}

static bool is_long(const struct pauses *pauses, uint32_t until)
{
    return until - pauses->silent_from >=
           pauses->frame_samples * (PAUSES_LEAST_MS / PAUSES_FRAME_MS);
}

static void end_silence(struct pauses *pauses, uint32_t at)
{
    if (is_long(pauses, at) && pauses->count < PAUSES_MAX)
        pauses->list[pauses->count++] = (struct pause){pauses->silent_from, at};
    pauses->is_silent = false;
}

static void end_frame(struct pauses *pauses)
{
    const uint32_t loudness =
        (uint32_t)sqrt((double)pauses->energy / (double)pauses->frame_samples);
    const uint32_t start = pauses->samples - pauses->frame_samples;

    if (loudness > pauses->loudest)
        pauses->loudest = loudness;
    const uint32_t least = pauses->loudest / FRACTION > FLOOR ? pauses->loudest / FRACTION : FLOOR;
    if (loudness >= least) {
        if (pauses->is_silent)
            end_silence(pauses, start);
    } else if (!pauses->is_silent) {
        pauses->is_silent = true;
        pauses->silent_from = start;
    }
    pauses->energy = 0;
    pauses->filled = 0;
}

void pauses_feed(struct pauses *pauses, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pauses->energy += (uint64_t)((int64_t)pcm[i] * pcm[i]);
        pauses->samples++;
        if (++pauses->filled == pauses->frame_samples)
            end_frame(pauses);
    }
}

bool pauses_is_open(const struct pauses *pauses, uint32_t *since)
{
    if (!pauses->is_silent || !is_long(pauses, pauses->samples))
        return false;
    *since = pauses->silent_from;
    return true;
}
