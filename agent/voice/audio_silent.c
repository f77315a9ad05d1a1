/* A device that makes no sound in real time: it has a buffer like a sound card's, emptied by the
 * monotonic clock. What was heard may go to a WAV file. */
#include <unistd.h>

#include "agent/voice/audio_device.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define WAV_HEADER_BYTES 44
#define WAV_MAX_SAMPLES  (1 << 29) /* 1 GiB, six and a half hours */

struct silent {
    struct audio_device device;
    int64_t start_ns; /* when sample 0 was heard */
    int64_t written;
    int64_t flushed; /* gone to the file */
    FILE *wav;
    int16_t pending[AUDIO_DEVICE_BUFFER + AUDIO_DEVICE_PERIOD]; /* flushed .. written */
};

static void put_header(FILE *wav, uint32_t samples)
{
    uint8_t header[WAV_HEADER_BYTES] = "RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0....";
    const uint32_t numbers[][2] = {{4, 36 + 2 * samples},
                                   {24, AUDIO_SAMPLE_RATE},
                                   {28, 2 * AUDIO_SAMPLE_RATE},
                                   {32, 16u << 16 | 2u},
                                   {40, 2 * samples}};

    memcpy(header + 36, "data", 4);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        for (unsigned k = 0; k < 4; k++)
            header[numbers[i][0] + k] = (uint8_t)(numbers[i][1] >> (8 * k));
    }
    fwrite(header, 1, sizeof header, wav);
}

static int64_t played(struct silent *silent)
{
    int64_t now_ns = clock_mono_ns();
    int64_t samples = (now_ns - silent->start_ns) / 1000 * AUDIO_SAMPLE_RATE / 1000000;

    if (samples <= silent->written)
        return samples;
    /* ran dry: the clock of what is heard stands still until more comes */
    silent->start_ns = now_ns - silent->written * 1000000000 / AUDIO_SAMPLE_RATE;
    return silent->written;
}

static void flush(struct silent *silent, int64_t until)
{
    size_t count = (size_t)(until - silent->flushed);
    size_t left = (size_t)(silent->written - until);

    if (silent->wav && silent->flushed < WAV_MAX_SAMPLES &&
        fwrite(silent->pending, sizeof silent->pending[0], count, silent->wav) != count) {
        log_warning("voice", "cannot write the sound file (hint: is the disk full?)");
        fclose(silent->wav);
        silent->wav = NULL;
    }
    memmove(silent->pending, silent->pending + count, left * sizeof silent->pending[0]);
    silent->flushed = until;
}

/* Returns how many were heard by then. */
static int64_t wait_room(struct silent *silent, size_t count)
{
    int64_t done = played(silent), over;

    while ((over = silent->written + (int64_t)count - done - AUDIO_DEVICE_BUFFER) > 0) {
        /* one sleep for all of it: waking more often is most of what an idle robot costs */
        clock_sleep_until_ns(clock_mono_ns() + (over + 1) * 1000000000 / AUDIO_SAMPLE_RATE);
        done = played(silent);
    }
    return done;
}

static void wait_silent(struct audio_device *device)
{
    wait_room((struct silent *)device, AUDIO_DEVICE_PERIOD);
}

static enum status write_silent(struct audio_device *device, const int16_t *pcm, size_t count)
{
    struct silent *silent = (struct silent *)device;
    const int64_t done = wait_room(silent, count);

    device->underruns += silent->written > 0 && done == silent->written;
    flush(silent, done);
    memcpy(silent->pending + (silent->written - silent->flushed), pcm, count * sizeof *pcm);
    silent->written += (int64_t)count;
    return STATUS_OK;
}

static int64_t delay_silent(struct audio_device *device)
{
    struct silent *silent = (struct silent *)device;

    return silent->written - played(silent);
}

static size_t rewind_silent(struct audio_device *device, size_t keep)
{
    struct silent *silent = (struct silent *)device;
    int64_t done = played(silent);
    int64_t back = silent->written - done - (int64_t)keep;

    flush(silent, done);
    if (back <= 0)
        return 0;
    silent->written -= back;
    return (size_t)back;
}

static void close_silent(struct audio_device *device)
{
    struct silent *silent = (struct silent *)device;

    flush(silent, played(silent));
    if (silent->wav) {
        rewind(silent->wav);
        put_header(silent->wav, (uint32_t)silent->flushed);
        fclose(silent->wav);
    }
    free(silent);
}

enum status audio_silent_open(struct audio_device **out, const char *wav_path)
{
    struct silent *silent = calloc(1, sizeof *silent);

    if (!silent)
        return STATUS_MEMORY;
    if (wav_path) {
        silent->wav = fopen(wav_path, "wbe");
        if (!silent->wav) {
            free(silent);
            return STATUS_IO;
        }
        put_header(silent->wav, 0);
    }
    silent->device = (struct audio_device){.wait = wait_silent,
                                           .write = write_silent,
                                           .delay = delay_silent,
                                           .rewind = rewind_silent,
                                           .close = close_silent};
    silent->start_ns = clock_mono_ns();
    *out = (struct audio_device *)silent; /* its first member */
    return STATUS_OK;
}
