/* ALSA, and nothing else here knows it. */
#include <alsa/asoundlib.h>

#include "agent/voice/audio_device.h"
#include "schema/base/log.h"

#define BUFFER_US 90000
#define WAIT_MS   40 /* longer than a period, shorter than the buffer: write() waits for the rest */

struct alsa {
    struct audio_device device;
    snd_pcm_t *pcm;
};

/* The library writes to standard error by itself; what went wrong comes back by status too. */
static void ignore(const char *file, int line, const char *function, int error, const char *format,
                   ...)
{
    (void)file, (void)line, (void)function, (void)error, (void)format;
}

static void wait_alsa(struct audio_device *device)
{
    struct alsa *alsa = (struct alsa *)device;

    snd_pcm_wait(alsa->pcm, WAIT_MS);
}

static enum status write_alsa(struct audio_device *device, const int16_t *pcm, size_t count)
{
    struct alsa *alsa = (struct alsa *)device;

    while (count > 0) {
        snd_pcm_sframes_t taken = snd_pcm_writei(alsa->pcm, pcm, count);

        if (taken < 0) {
            /* an underrun or a suspended machine: what was written is over, go on from here */
            device->underruns += taken == -EPIPE;
            if (snd_pcm_recover(alsa->pcm, (int)taken, 1) < 0)
                return STATUS_IO;
            continue;
        }
        pcm += taken;
        count -= (size_t)taken;
    }
    return STATUS_OK;
}

static int64_t delay_alsa(struct audio_device *device)
{
    struct alsa *alsa = (struct alsa *)device;
    snd_pcm_sframes_t frames = 0;

    return snd_pcm_delay(alsa->pcm, &frames) == 0 && frames > 0 ? frames : 0;
}

/* Servers behind a plugin (PulseAudio, PipeWire) have what was written already: the plugin moves
 * its own pointer back, and all of it is heard nevertheless. */
static bool can_rewind(const struct alsa *alsa)
{
    return snd_pcm_type(alsa->pcm) != SND_PCM_TYPE_IOPLUG;
}

static size_t rewind_alsa(struct audio_device *device, size_t keep)
{
    struct alsa *alsa = (struct alsa *)device;
    snd_pcm_sframes_t back = 0;

    if (can_rewind(alsa))
        back = snd_pcm_rewindable(alsa->pcm) - (snd_pcm_sframes_t)keep;
    if (back > 0)
        back = snd_pcm_rewind(alsa->pcm, (snd_pcm_uframes_t)back);
    if (back > 0)
        return (size_t)back;

    /* many plugins cannot rewind: stop at once instead, with a click at worst */
    int64_t lost = delay_alsa(device);
    snd_pcm_drop(alsa->pcm);
    snd_pcm_prepare(alsa->pcm);
    return (size_t)lost;
}

static void close_alsa(struct audio_device *device)
{
    struct alsa *alsa = (struct alsa *)device;

    snd_pcm_drop(alsa->pcm);
    snd_pcm_close(alsa->pcm);
    free(alsa);
}

/* False: the device cannot have periods so short. */
static bool set_periods(snd_pcm_t *pcm)
{
    snd_pcm_hw_params_t *params;
    snd_pcm_uframes_t period = AUDIO_DEVICE_PERIOD;
    unsigned buffer_us = BUFFER_US;

    snd_pcm_hw_params_alloca(&params);
    return snd_pcm_hw_params_any(pcm, params) >= 0 &&
           snd_pcm_hw_params_set_access(pcm, params, SND_PCM_ACCESS_RW_INTERLEAVED) == 0 &&
           snd_pcm_hw_params_set_format(pcm, params, SND_PCM_FORMAT_S16) == 0 &&
           snd_pcm_hw_params_set_channels(pcm, params, 1) == 0 &&
           snd_pcm_hw_params_set_rate(pcm, params, AUDIO_SAMPLE_RATE, 0) == 0 &&
           snd_pcm_hw_params_set_period_size_near(pcm, params, &period, NULL) == 0 &&
           snd_pcm_hw_params_set_buffer_time_near(pcm, params, &buffer_us, NULL) == 0 &&
           snd_pcm_hw_params(pcm, params) == 0;
}

/* snd_pcm_set_params() makes periods of a quarter of the buffer: what has just been said would wait
 * that long to be taken. */
static int set_hardware(snd_pcm_t *pcm)
{
    return set_periods(pcm)
               ? 0
               : snd_pcm_set_params(pcm, SND_PCM_FORMAT_S16, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                                    AUDIO_SAMPLE_RATE, 1, BUFFER_US);
}

/* By itself a stream starts only when its buffer is full; sound shall start earlier. */
static int set_software(snd_pcm_t *pcm)
{
    snd_pcm_sw_params_t *params;

    snd_pcm_sw_params_alloca(&params);
    int failure = snd_pcm_sw_params_current(pcm, params);
    if (failure == 0)
        failure = snd_pcm_sw_params_set_start_threshold(pcm, params, 4 * AUDIO_DEVICE_PERIOD);
    if (failure == 0)
        failure = snd_pcm_sw_params_set_avail_min(pcm, params, AUDIO_DEVICE_PERIOD);
    return failure == 0 ? snd_pcm_sw_params(pcm, params) : failure;
}

enum status audio_alsa_open(struct audio_device **out, const char *name)
{
    struct alsa *alsa = calloc(1, sizeof *alsa);

    if (!alsa)
        return STATUS_MEMORY;
    snd_lib_error_set_handler(ignore);
    int failure = snd_pcm_open(&alsa->pcm, name, SND_PCM_STREAM_PLAYBACK, 0);
    if (failure < 0)
        goto fail;
    failure = set_hardware(alsa->pcm);
    if (failure == 0)
        failure = set_software(alsa->pcm);
    if (failure < 0) {
        snd_pcm_close(alsa->pcm);
        goto fail;
    }
    alsa->device = (struct audio_device){.wait = wait_alsa,
                                         .write = write_alsa,
                                         .delay = delay_alsa,
                                         .rewind = rewind_alsa,
                                         .close = close_alsa};
    *out = &alsa->device;
    return STATUS_OK;

fail:
    log_info("voice", "no sound device \"%s\": %s", name, snd_strerror(failure));
    snd_config_update_free_global(); /* what it read to look for one */
    free(alsa);
    return STATUS_UNREACHABLE;
}
