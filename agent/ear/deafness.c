#include "agent/ear/deafness.h"

/* Converters flip their last bit even when nothing is plugged in. */
#define SILENCE 1

void deafness_begin(struct deafness *deafness)
{
    *deafness = (struct deafness){0};
}

enum deafness_verdict deafness_feed(struct deafness *deafness, const int16_t pcm[VAD_FRAME])
{
    for (size_t i = 0; i < VAD_FRAME && !deafness->has_sound; i++)
        deafness->has_sound = pcm[i] > SILENCE || pcm[i] < -SILENCE;
    if (deafness->has_sound)
        return DEAFNESS_HEARS;
    if (deafness->silent_ms < DEAFNESS_MS)
        deafness->silent_ms += VAD_FRAME_MS;
    return deafness->silent_ms >= DEAFNESS_MS ? DEAFNESS_DEAF : DEAFNESS_UNKNOWN;
}
