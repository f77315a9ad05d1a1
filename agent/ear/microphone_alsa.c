/* ALSA's capture side, and nothing else here knows it. */
#include <alsa/asoundlib.h>

#include "agent/ear/microphone.h"
#include "schema/base/log.h"

#define BUFFER_US 100000
#define WAIT_MS   1000 /* a device that gives nothing for so long is lost */

struct alsa {
    struct microphone microphone;
    snd_pcm_t *pcm;
};

/* The library writes to standard error by itself; what went wrong comes back by status too. */
static void ignore(const char *file, int line, const char *function, int error, const char *format,
                   ...)
{
    (void)file, (void)line, (void)function, (void)error, (void)format;
}

static enum status read_alsa(struct microphone *microphone, int16_t out[VAD_FRAME])
{
    struct alsa *alsa = (struct alsa *)microphone;
    size_t got = 0;

    while (got < VAD_FRAME) {
        /* bounded: a plug-in whose server hangs must not hang the ear */
        const int ready = snd_pcm_wait(alsa->pcm, WAIT_MS);
        const snd_pcm_sframes_t count =
            ready > 0 ? snd_pcm_readi(alsa->pcm, out + got, VAD_FRAME - got) : ready;

        if (ready == 0)
            return STATUS_IO;
        if (count == -EAGAIN)
            continue;
        if (count < 0) {
            /* overrun or suspended: what was missed is missed, go on from here */
            if (snd_pcm_recover(alsa->pcm, (int)count, 1) < 0 || snd_pcm_start(alsa->pcm) < 0)
                return STATUS_IO;
            continue;
        }
        got += (size_t)count;
    }
    return STATUS_OK;
}

static int64_t delay_of_alsa(struct microphone *microphone)
{
    struct alsa *alsa = (struct alsa *)microphone;
    snd_pcm_sframes_t frames = 0;

    return snd_pcm_delay(alsa->pcm, &frames) == 0 && frames > 0 ? frames * 1000 / VAD_HZ : 0;
}

static void close_alsa(struct microphone *microphone)
{
    struct alsa *alsa = (struct alsa *)microphone;

    snd_pcm_drop(alsa->pcm);
    snd_pcm_close(alsa->pcm);
    free(alsa);
}

enum status microphone_alsa_open(struct microphone **out, const char *name)
{
    struct alsa *alsa = calloc(1, sizeof *alsa);

    if (!alsa)
        return STATUS_MEMORY;
    snd_lib_error_set_handler(ignore);
    int failure = snd_pcm_open(&alsa->pcm, name, SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
    if (failure < 0)
        goto fail;
    failure = snd_pcm_set_params(alsa->pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                                 VAD_HZ, 1, BUFFER_US);
    if (failure == 0)
        failure = snd_pcm_start(alsa->pcm);
    if (failure < 0) {
        snd_pcm_close(alsa->pcm);
        goto fail;
    }
    alsa->microphone = (struct microphone){read_alsa, delay_of_alsa, close_alsa};
    *out = &alsa->microphone;
    return STATUS_OK;

fail:
    log_info("ear", "no microphone \"%s\": %s", name, snd_strerror(failure));
    free(alsa);
    return STATUS_UNREACHABLE;
}
