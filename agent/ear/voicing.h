/* voicing.h - whether sound has a voice's pitch, which steps, doors, dishes and fans do not
 *
 * By the normalised autocorrelation of 30 ms between 80 and 400 times a second. No recogniser: it
 * tells words from noise, not one word from another, in any language. A whistle or a violin passes.
 * Pure; fields are private; one owner; zero is a beginning.
 */
#ifndef AGENT_EAR_VOICING_H
#define AGENT_EAR_VOICING_H

#include "agent/ear/vad.h"

#define VOICING_WINDOW (3 * VAD_FRAME)

struct voicing {
    int16_t window[VOICING_WINDOW];
    unsigned voiced_ms;
};

/* VAD_FRAME samples of speech. */
void voicing_feed(struct voicing *voicing, const int16_t *pcm);

/* How much of what was fed since voicing_forget() has a voice. */
unsigned voicing_ms(const struct voicing *voicing);

void voicing_forget(struct voicing *voicing);

#endif
