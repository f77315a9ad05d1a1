/* audio_device.h - what audio.c asks of a sound device: ALSA, or silence in real time
 *
 * Used by audio.c's thread alone. 16 bit mono at AUDIO_SAMPLE_RATE.
 */
#ifndef AGENT_VOICE_AUDIO_DEVICE_H
#define AGENT_VOICE_AUDIO_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/voice/audio.h"

#define AUDIO_DEVICE_PERIOD 220  /* samples: 10 ms */
#define AUDIO_DEVICE_BUFFER 2205 /* 100 ms; 40 ms ran dry on a loaded machine */

struct audio_device {
    /* Waits until a period can be written without waiting, or the device is in trouble: write()
     * tells. What is taken from the queue after that is heard a period sooner than what would wait
     * in write(). */
    void (*wait)(struct audio_device *device);

    /* Waits for room, then takes all of pcm. STATUS_IO: the device is lost. */
    enum status (*write)(struct audio_device *device, const int16_t *pcm, size_t count);

    /* How many samples pass before one written now is heard. */
    int64_t (*delay)(struct audio_device *device);

    /* Takes back what was written and is not heard yet, but for the next keep samples (a device
     * that cannot choose takes back all). Returns how many. */
    size_t (*rewind)(struct audio_device *device, size_t keep);

    void (*close)(struct audio_device *device);

    uint32_t underruns; /* how often it ran dry, while it should have played on */
};

/* The caller closes *out. */
MUST_CHECK enum status audio_alsa_open(struct audio_device **out, const char *name);

/* wav_path: NULL or where to write what is heard. */
MUST_CHECK enum status audio_silent_open(struct audio_device **out, const char *wav_path);

#endif
