#include "agent/ear/vad.h"

#include <math.h>

#define SILENCE_DB   -90.0f /* of digital zeros */
#define LEAST_DB     -58.0f /* whatever is below is no speech in any room */
#define MARGIN_DB    7.0f
#define RUMBLE       0.96f /* takes out what is below some 100 Hz: hum, steps, wind */
#define BLOCK_MS     (VAD_WINDOW_MS / VAD_BLOCKS)
#define MOST_LOUD_MS (2 * VAD_ON_MS) /* so that a short pause does not wait for a long past */

void vad_init(struct vad *vad)
{
    *vad = (struct vad){.past = 0};
    for (size_t i = 0; i < VAD_BLOCKS; i++)
        vad->quietest[i] = 0;
}

void vad_raise(struct vad *vad, float db)
{
    vad->raised_db = db;
}

void vad_forget(struct vad *vad)
{
    vad->is_speech = false;
    vad->loud_ms = vad->speech_ms = 0;
    vad->quiet_ms = VAD_OFF_MS;
}

static float loudness_db(struct vad *vad, const int16_t *pcm)
{
    float energy = 0;

    for (size_t i = 0; i < VAD_FRAME; i++) {
        const float sample = (float)pcm[i] / 32768.0f;

        vad->passed = sample - vad->past + RUMBLE * vad->passed;
        vad->past = sample;
        energy += vad->passed * vad->passed;
    }
    const float db = 10.0f * log10f(energy / VAD_FRAME + 1e-12f);
    return db > SILENCE_DB ? db : SILENCE_DB;
}

static void learn(struct vad *vad, float db)
{
    float *newest = &vad->quietest[VAD_BLOCKS - 1];

    if (vad->block_ms >= BLOCK_MS) {
        for (size_t i = 1; i < VAD_BLOCKS; i++)
            vad->quietest[i - 1] = vad->quietest[i];
        *newest = db;
        vad->block_ms = 0;
    }
    if (db < *newest)
        *newest = db;
    vad->block_ms += VAD_FRAME_MS;
}

float vad_floor_db(const struct vad *vad)
{
    float floor = vad->quietest[0];

    for (size_t i = 1; i < VAD_BLOCKS; i++)
        floor = vad->quietest[i] < floor ? vad->quietest[i] : floor;
    return floor;
}

static void note(struct vad *vad, bool is_loud)
{
    if (is_loud) {
        vad->quiet_ms = 0;
        vad->speech_ms += VAD_FRAME_MS;
        if (vad->loud_ms < MOST_LOUD_MS)
            vad->loud_ms += VAD_FRAME_MS;
    } else {
        vad->quiet_ms += VAD_FRAME_MS;
        if (vad->loud_ms > 0)
            vad->loud_ms -= VAD_FRAME_MS;
    }
    if (!vad->is_speech && vad->loud_ms >= VAD_ON_MS)
        vad->is_speech = true;
    if (vad->is_speech && vad->quiet_ms >= VAD_OFF_MS) {
        vad->is_speech = false;
        vad->loud_ms = 0;
    }
    if (!vad->is_speech && vad->loud_ms == 0)
        vad->speech_ms = 0;
}

bool vad_feed(struct vad *vad, const int16_t *pcm)
{
    const float db = loudness_db(vad, pcm);

    learn(vad, db);
    note(vad, db > LEAST_DB && db > vad_floor_db(vad) + MARGIN_DB + vad->raised_db);
    return vad->is_speech;
}

bool vad_is_speech(const struct vad *vad)
{
    return vad->is_speech;
}

bool vad_is_loud(const struct vad *vad)
{
    return vad->speech_ms > 0 && vad->quiet_ms == 0;
}

unsigned vad_speech_ms(const struct vad *vad)
{
    return vad->speech_ms;
}
