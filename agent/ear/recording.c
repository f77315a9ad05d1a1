#include "agent/ear/recording.h"

#include <string.h>

#include "schema/base/crypto.h"

void recording_init(struct recording *recording)
{
    pthread_mutex_init(&recording->lock, NULL);
    recording->count = 0;
    recording->is_ended = false;
}

void recording_release(struct recording *recording)
{
    crypto_wipe(recording->pcm, sizeof recording->pcm);
    pthread_mutex_destroy(&recording->lock);
}

void recording_begin(struct recording *recording)
{
    pthread_mutex_lock(&recording->lock);
    crypto_wipe(recording->pcm, recording->count * sizeof recording->pcm[0]);
    recording->count = 0;
    recording->is_ended = false;
    pthread_mutex_unlock(&recording->lock);
}

enum status recording_add(struct recording *recording, const int16_t *pcm, size_t count)
{
    pthread_mutex_lock(&recording->lock);
    const size_t room = RECORDING_SAMPLES - recording->count;
    const size_t taken = count < room ? count : room;
    memcpy(recording->pcm + recording->count, pcm, taken * sizeof *pcm);
    recording->count += taken;
    pthread_mutex_unlock(&recording->lock);
    return taken < count ? STATUS_FULL : STATUS_OK;
}

void recording_end(struct recording *recording)
{
    pthread_mutex_lock(&recording->lock);
    recording->is_ended = true;
    pthread_mutex_unlock(&recording->lock);
}

enum status recording_read(struct recording *recording, size_t from, int16_t *out, size_t room,
                           size_t *count)
{
    pthread_mutex_lock(&recording->lock);
    const size_t left = from < recording->count ? recording->count - from : 0;
    const size_t taken = left < room ? left : room;
    const bool is_ended = recording->is_ended;
    if (taken > 0) {
        memcpy(out, recording->pcm + from, taken * sizeof *out);
        *count = taken;
    }
    pthread_mutex_unlock(&recording->lock);
    if (taken > 0)
        return STATUS_OK;
    return is_ended ? STATUS_CLOSED : STATUS_AGAIN;
}

void recording_preroll_add(struct recording_preroll *preroll, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++)
        preroll->pcm[preroll->count++ % PREROLL_ROOM] = pcm[i];
}

size_t recording_preroll_held(const struct recording_preroll *preroll)
{
    return preroll->count < PREROLL_ROOM ? preroll->count : PREROLL_ROOM;
}

void recording_preroll_copy(const struct recording_preroll *preroll, size_t ago, int16_t *out,
                            size_t count)
{
    const size_t held = recording_preroll_held(preroll);

    for (size_t i = 0; i < count; i++) {
        const bool is_there = ago > i && ago - i <= held;

        out[i] = is_there ? preroll->pcm[(preroll->count - (ago - i)) % PREROLL_ROOM] : 0;
    }
}

enum status recording_take_preroll(struct recording *recording, struct recording_preroll *preroll)
{
    const size_t held = preroll->count < PREROLL_SAMPLES ? preroll->count : PREROLL_SAMPLES;
    const size_t first = (preroll->count - held) % PREROLL_ROOM;
    const size_t until_end = PREROLL_ROOM - first < held ? PREROLL_ROOM - first : held;
    enum status status = recording_add(recording, preroll->pcm + first, until_end);

    if (status == STATUS_OK)
        status = recording_add(recording, preroll->pcm, held - until_end);
    crypto_wipe(preroll->pcm, sizeof preroll->pcm);
    preroll->count = 0;
    return status;
}
