#include "agent/ear/voicing.h"

#include <math.h>
#include <string.h>

#define STEP     2 /* every other sample: 8000 a second are enough for a pitch */
#define POINTS   (VOICING_WINDOW / STEP)
#define MIN_LAG  (VAD_HZ / STEP / 400)
#define MAX_LAG  (VAD_HZ / STEP / 80)
#define IS_VOICE 0.6f /* noise stays below 0.4, vowels lie above 0.8 */

static float likeness(const float *points, size_t lag)
{
    float both = 0, here = 1, there = 1; /* 1: digital zeros are like nothing */

    for (size_t i = 0; i + lag < POINTS; i++) {
        both += points[i] * points[i + lag];
        here += points[i] * points[i];
        there += points[i + lag] * points[i + lag];
    }
    return both / sqrtf(here * there);
}

void voicing_feed(struct voicing *voicing, const int16_t *pcm)
{
    float points[POINTS], best = 0;

    memmove(voicing->window, voicing->window + VAD_FRAME,
            (VOICING_WINDOW - VAD_FRAME) * sizeof *pcm);
    memcpy(voicing->window + VOICING_WINDOW - VAD_FRAME, pcm, VAD_FRAME * sizeof *pcm);
    for (size_t i = 0; i < POINTS; i++)
        points[i] = (float)voicing->window[STEP * i] + (float)voicing->window[STEP * i + 1];
    for (size_t lag = MIN_LAG; lag <= MAX_LAG; lag++)
        best = fmaxf(best, likeness(points, lag));
    if (best > IS_VOICE)
        voicing->voiced_ms += VAD_FRAME_MS;
}

unsigned voicing_ms(const struct voicing *voicing)
{
    return voicing->voiced_ms;
}

void voicing_forget(struct voicing *voicing)
{
    *voicing = (struct voicing){.voiced_ms = 0};
}
