/* deafness.h - whether a microphone hears at all: no room is as quiet as one that is switched off
 *
 * Pure; fields are private; one owner.
 */
#ifndef AGENT_EAR_DEAFNESS_H
#define AGENT_EAR_DEAFNESS_H

#include "agent/ear/vad.h"

/* So long must a microphone give nothing but digital silence since it was opened. */
#define DEAFNESS_MS 3000

struct deafness {
    unsigned silent_ms;
    bool has_sound;
};

enum deafness_verdict {
    DEAFNESS_UNKNOWN = 0, /* too little was heard to tell */
    DEAFNESS_HEARS = 1,
    DEAFNESS_DEAF = 2,
};

/* The microphone was opened. */
void deafness_begin(struct deafness *deafness);

/* VAD_FRAME samples. */
enum deafness_verdict deafness_feed(struct deafness *deafness, const int16_t pcm[VAD_FRAME]);

#endif
