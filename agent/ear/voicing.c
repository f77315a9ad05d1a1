#include "agent/ear/voicing.h"

#include <math.h>
#include <string.h>

#define STEP     2 /* every other sample: 8000 a second are enough for a pitch */
#define POINTS   (VOICING_WINDOW / STEP)
#define MIN_LAG  (VAD_HZ / STEP / 400)
#define MAX_LAG  (VAD_HZ / STEP / 80)
#define IS_VOICE 0.6f /* noise stays below 0.4, vowels lie above 0.8 */
#define NEARLY   0.88f
/* Of the period, from one frame to the next: less is a note that is held, more is a leap. */
#define LEAST_GLIDE 0.0025f
#define MOST_GLIDE  0.06f

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

/* Between the lags, where the parabola through the likenesses has its top. */
static float top(const float at[MAX_LAG + 2], size_t lag)
{
    const float bend = at[lag - 1] - 2 * at[lag] + at[lag + 1];

    return (float)lag + (bend < 0 ? 0.5f * (at[lag - 1] - at[lag + 1]) / bend : 0);
}

/* 0: there is none. */
static float period_of(const float *points)
{
    float at[MAX_LAG + 2];
    size_t best = MIN_LAG, lag;

    for (lag = MIN_LAG - 1; lag <= MAX_LAG + 1; lag++)
        at[lag] = likeness(points, lag);
    for (lag = MIN_LAG; lag <= MAX_LAG; lag++)
        best = at[lag] > at[best] ? lag : best;
    /* twice the period is as alike, and more where it falls on a point */
    for (lag = MIN_LAG; lag < best; lag++)
        if (at[lag] > NEARLY * at[best] && at[lag] >= at[lag - 1] && at[lag] >= at[lag + 1])
            break;
    return at[best] > IS_VOICE ? top(at, lag) : 0;
}

void voicing_feed(struct voicing *voicing, const int16_t *pcm)
{
    float points[POINTS];

    memmove(voicing->window, voicing->window + VAD_FRAME,
            (VOICING_WINDOW - VAD_FRAME) * sizeof *pcm);
    memcpy(voicing->window + VOICING_WINDOW - VAD_FRAME, pcm, VAD_FRAME * sizeof *pcm);
    for (size_t i = 0; i < POINTS; i++)
        points[i] = (float)voicing->window[STEP * i] + (float)voicing->window[STEP * i + 1];

    const float before = voicing->period, now = period_of(points);
    const float glide = before > 0 && now > 0 ? (now - before) / before : 0;
    const bool is_glide = fabsf(glide) > LEAST_GLIDE && fabsf(glide) < MOST_GLIDE;

    /* where several play at once the period trembles, to and fro */
    if (is_glide && glide * voicing->glide > 0)
        voicing->voiced_ms += VAD_FRAME_MS;
    voicing->period = now;
    voicing->glide = is_glide ? glide : 0;
}

unsigned voicing_ms(const struct voicing *voicing)
{
    return voicing->voiced_ms;
}

void voicing_forget(struct voicing *voicing)
{
    *voicing = (struct voicing){.voiced_ms = 0};
}
