/* pauses.h - where a sound is silent, found while it arrives
 *
 * Loudness in frames of 10 ms; at least 80 ms below a threshold that follows the loudest so far is
 * a pause (the closure of a consonant is shorter). Fields are private but for the list. No I/O.
 */
#ifndef AGENT_SPEECH_PAUSES_H
#define AGENT_SPEECH_PAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAUSES_MAX      128
#define PAUSES_FRAME_MS 10
#define PAUSES_LEAST_MS 80

struct pause {
    uint32_t start, end; /* samples; end is the first that is loud again */
};

struct pauses {
    struct pause list[PAUSES_MAX]; /* those that are over, in order */
    size_t count;
    uint32_t frame_samples;
    uint32_t samples; /* heard in all */
    uint32_t filled;  /* of the frame being heard */
    uint64_t energy;
    uint32_t loudest;
    uint32_t silent_from;
    bool is_silent;
};

void pauses_init(struct pauses *pauses, unsigned sample_rate);
void pauses_feed(struct pauses *pauses, const int16_t *pcm, size_t count);

/* Whether the sound is in a pause now, and since which sample. */
bool pauses_is_open(const struct pauses *pauses, uint32_t *since);

#endif
