#include "agent/speech/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI       3.14159265358979323846
#define PASSBAND 0.94 /* of the lower rate's half: the rest is for the filter to fall off */
#define HALF     (RESAMPLE_TAPS / 2)

static unsigned common_divisor(unsigned a, unsigned b)
{
    while (b != 0) {
        const unsigned rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* Hann-windowed sinc at distance x (input samples) from the middle; cutoff as part of the rate. */
static double kernel(double x, double cutoff)
{
    const double angle = PI * x * cutoff;
    const double window = fabs(x) < HALF ? 0.5 + 0.5 * cos(PI * x / HALF) : 0;

    return window * (fabs(angle) < 1e-9 ? 1 : sin(angle) / angle);
}

/* Each phase is scaled to pass silence and a constant unchanged. */
static void make_phase(struct resample *resample, unsigned phase, double cutoff)
{
    float *taps = resample->filter + (size_t)phase * RESAMPLE_TAPS;
    const double shift = (double)phase / resample->up;
    double sum = 0;

    for (int i = 0; i < RESAMPLE_TAPS; i++) {
        const double value = kernel(i - (HALF - 1) - shift, cutoff);

        taps[i] = (float)value;
        sum += value;
    }
    for (int i = 0; i < RESAMPLE_TAPS; i++)
        taps[i] = (float)(taps[i] / sum);
}

/* Silence before the first sample, so that the first output stands on it. */
static void restart(struct resample *resample)
{
    memset(resample->past, 0, (HALF - 1) * sizeof resample->past[0]);
    resample->past_count = HALF - 1;
    resample->position = 0;
}

enum status resample_init(struct resample *resample, unsigned from_hz, unsigned to_hz)
{
    *resample = (struct resample){.up = 0};
    if (from_hz < RESAMPLE_MIN_HZ || from_hz > RESAMPLE_MAX_HZ || to_hz < RESAMPLE_MIN_HZ ||
        to_hz > RESAMPLE_MAX_HZ)
        return STATUS_INVALID;

    const unsigned divisor = common_divisor(from_hz, to_hz);
    resample->up = to_hz / divisor;
    resample->down = from_hz / divisor;
    if (resample->up > RESAMPLE_MAX_PHASES)
        return STATUS_INVALID;
    resample->filter = malloc((size_t)resample->up * RESAMPLE_TAPS * sizeof *resample->filter);
    if (!resample->filter)
        return STATUS_MEMORY;

    const double ratio = to_hz < from_hz ? (double)to_hz / from_hz : 1;
    for (unsigned phase = 0; phase < resample->up; phase++)
        make_phase(resample, phase, ratio * PASSBAND);
    restart(resample);
    return STATUS_OK;
}

void resample_release(struct resample *resample)
{
    free(resample->filter);
    resample->filter = NULL;
}

static int16_t value_at(const struct resample *resample)
{
    const size_t first = (size_t)(resample->position / resample->up);
    const float *taps =
        resample->filter + (size_t)(resample->position % resample->up) * RESAMPLE_TAPS;
    float sum = 0;

    for (size_t i = 0; i < RESAMPLE_TAPS; i++)
        sum += taps[i] * resample->past[first + i];
    return sum > 32767 ? 32767 : sum < -32768 ? -32768 : (int16_t)lrintf(sum);
}

static void drop_past(struct resample *resample)
{
    size_t used = (size_t)(resample->position / resample->up);

    if (used > resample->past_count)
        used = resample->past_count;
    memmove(resample->past, resample->past + used,
            (resample->past_count - used) * sizeof resample->past[0]);
    resample->past_count -= used;
    resample->position -= (uint64_t)used * resample->up;
}

static void produce(struct resample *resample, resample_fn take, void *context)
{
    int16_t out[512];
    size_t count = 0;

    while (resample->position / resample->up + RESAMPLE_TAPS <= resample->past_count) {
        out[count++] = value_at(resample);
        resample->position += resample->down;
        if (count == sizeof out / sizeof out[0]) {
            take(context, out, count);
            count = 0;
        }
    }
    if (count > 0)
        take(context, out, count);
    drop_past(resample);
}

void resample_feed(struct resample *resample, const int16_t *pcm, size_t count, resample_fn take,
                   void *context)
{
    while (count > 0) {
        const size_t room = sizeof resample->past / sizeof resample->past[0] - resample->past_count;
        const size_t part = count < room ? count : room;

        for (size_t i = 0; i < part; i++)
            resample->past[resample->past_count++] = pcm[i];
        pcm += part;
        count -= part;
        produce(resample, take, context);
    }
}

void resample_end(struct resample *resample, resample_fn take, void *context)
{
    static const int16_t silence[HALF];

    resample_feed(resample, silence, HALF, take, context);
    restart(resample);
}
