#include "agent/speech/hue.h"

#include <math.h>
#include <stdlib.h>

#define PI        3.14159265f
#define WIDTH     1.2f /* of a band: its centre over this many hertz */
#define SILENCE   1e-9f
#define FULL_BYTE 32768.0f

static const float centres_hz[HUE_BANDS] = {250, 500, 1000, 2000, 3500, 6000};

/* A band pass of second order, 0 dB at its centre (R. Bristow-Johnson's cookbook of biquads). */
static void init_filter(struct hue_filter *filter, float centre_hz, unsigned sample_rate)
{
    const float turn = 2 * PI * centre_hz / (float)sample_rate;
    const float alpha = sinf(turn) / (2 * WIDTH);

    *filter = (struct hue_filter){
        .b0 = alpha / (1 + alpha),
        .a1 = -2 * cosf(turn) / (1 + alpha),
        .a2 = (1 - alpha) / (1 + alpha),
    };
}

enum status hue_init(struct hues *hues, unsigned sample_rate, size_t room)
{
    *hues = (struct hues){.room = room, .frame_samples = sample_rate * HUE_FRAME_MS / 1000};
    hues->list = calloc(room, sizeof *hues->list);
    for (size_t i = 0; i < HUE_BANDS; i++)
        init_filter(&hues->filters[i], centres_hz[i], sample_rate);
    return hues->list ? STATUS_OK : STATUS_MEMORY;
}

void hue_release(struct hues *hues)
{
    free(hues->list);
    hues->list = NULL;
}

static int8_t db_of(float energy, unsigned samples)
{
    const float db = 10 * log10f(energy / (float)samples + SILENCE);

    return (int8_t)lrintf(fmaxf(HUE_LEAST_DB, db));
}

static void end_frame(struct hues *hues)
{
    if (hues->count < hues->room) {
        struct hue *hue = &hues->list[hues->count++];

        hue->loudness = db_of(hues->energy, hues->filled);
        for (size_t i = 0; i < HUE_BANDS; i++)
            hue->bands[i] = db_of(hues->energies[i], hues->filled);
    }
    hues->energy = 0;
    for (size_t i = 0; i < HUE_BANDS; i++)
        hues->energies[i] = 0;
    hues->filled = 0;
}

static float pass(struct hue_filter *filter, float x)
{
    const float y =
        filter->b0 * (x - filter->x2) - filter->a1 * filter->y1 - filter->a2 * filter->y2;

    filter->x2 = filter->x1;
    filter->x1 = x;
    filter->y2 = filter->y1;
    filter->y1 = y;
    return y;
}

void hue_feed(struct hues *hues, const int16_t *pcm, size_t count)
{
    if (!hues->list)
        return;
    for (size_t at = 0; at < count; at++) {
        const float x = (float)pcm[at] / FULL_BYTE;

        hues->energy += x * x;
        for (size_t i = 0; i < HUE_BANDS; i++) {
            const float y = pass(&hues->filters[i], x);

            hues->energies[i] += y * y;
        }
        if (++hues->filled == hues->frame_samples)
            end_frame(hues);
    }
}
