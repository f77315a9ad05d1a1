/* hue.h - what a sound is like, in frames of 10 ms, found while it arrives
 *
 * Of each frame its loudness, and the loudness of HUE_BANDS bands of speech: enough to tell a vowel
 * from a hiss and both from a closed mouth, and too little to tell what is said. Fields are private
 * but for the list. No I/O.
 */
#ifndef AGENT_SPEECH_HUE_H
#define AGENT_SPEECH_HUE_H

#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define HUE_BANDS    6
#define HUE_FRAME_MS 10
#define HUE_LEAST_DB (-90)

/* In dB below full scale. */
struct hue {
    int8_t loudness;
    int8_t bands[HUE_BANDS];
};

struct hue_filter {
    float b0, a1, a2, x1, x2, y1, y2;
};

struct hues {
    struct hue *list;
    size_t count, room; /* frames; what comes beyond the room is left out */
    unsigned frame_samples, filled;
    struct hue_filter filters[HUE_BANDS];
    float energy, energies[HUE_BANDS];
};

/* Room for so many frames is reserved, and taken as it is needed. The caller releases.
 * STATUS_MEMORY. */
MUST_CHECK enum status hue_init(struct hues *hues, unsigned sample_rate, size_t room);
void hue_release(struct hues *hues);

void hue_feed(struct hues *hues, const int16_t *pcm, size_t count);

#endif
