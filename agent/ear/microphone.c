#include "agent/ear/microphone.h"

#include <stdlib.h>

#include "agent/ear/wav.h"
#include "schema/base/clock.h"

struct file {
    struct microphone microphone;
    struct wav_sound sound;
    size_t at;
    int64_t due_ns; /* of the next frame's end */
};

static enum status read_file(struct microphone *microphone, int16_t out[VAD_FRAME])
{
    struct file *file = (struct file *)microphone;
    const size_t left = file->sound.count - file->at;
    const size_t count = left < VAD_FRAME ? left : VAD_FRAME;

    if (left == 0)
        return STATUS_CLOSED;
    memset(out, 0, VAD_FRAME * sizeof *out);
    memcpy(out, file->sound.pcm + file->at, count * sizeof *out);
    file->at += count;
    file->due_ns += VAD_FRAME_MS * 1000000;
    clock_sleep_until_ns(file->due_ns);
    return STATUS_OK;
}

static int64_t delay_of_file(struct microphone *microphone)
{
    (void)microphone;
    return 0;
}

static void close_file(struct microphone *microphone)
{
    struct file *file = (struct file *)microphone;

    wav_release(&file->sound);
    free(file);
}

static enum status open_file(struct microphone **out, const char *path)
{
    struct file *file = calloc(1, sizeof *file);

    if (!file)
        return STATUS_MEMORY;
    enum status status = wav_load(&file->sound, path);
    if (status != STATUS_OK) {
        free(file);
        return status;
    }
    file->microphone = (struct microphone){read_file, delay_of_file, close_file};
    file->due_ns = clock_mono_ns();
    *out = &file->microphone;
    return STATUS_OK;
}

enum status microphone_open(struct microphone **out, const char *device)
{
    const size_t prefix = sizeof MICROPHONE_FILE - 1;

    if (strncmp(device, MICROPHONE_FILE, prefix) == 0)
        return open_file(out, device + prefix);
    return microphone_alsa_open(out, device);
}
