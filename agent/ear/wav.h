/* wav.h - a WAV file as sound for the ear: 16 bit PCM, one or more channels, any usual rate
 *
 * Of several channels the first is heard. No clock: whoever plays it keeps the time.
 */
#ifndef AGENT_EAR_WAV_H
#define AGENT_EAR_WAV_H

#include <stddef.h>
#include <stdint.h>

#include "schema/base/span.h"

#define WAV_MAX_BYTES (16u << 20)

struct wav_sound {
    int16_t *pcm; /* at VAD_HZ */
    size_t count;
};

/* The caller releases *out with wav_release(); on failure *out is not touched. STATUS_NOT_FOUND,
 * STATUS_IO; STATUS_FULL: larger than WAV_MAX_BYTES; STATUS_INVALID: no WAV file of 16 bit PCM from
 * 8,000 to 48,000 Hz; STATUS_MEMORY. */
MUST_CHECK enum status wav_load(struct wav_sound *out, const char *path);

/* The same of a file's bytes. */
MUST_CHECK enum status wav_read(struct wav_sound *out, struct span bytes);

/* Wipes the sound. A zeroed one is allowed. */
void wav_release(struct wav_sound *sound);

#define WAV_HEADER_BYTES 44

/* The header of a WAV file of VAD_HZ, 16 bit mono, whose length is not known yet: what reads it
 * goes on to the end of the bytes. */
void wav_write_header(uint8_t out[WAV_HEADER_BYTES]);

#endif
