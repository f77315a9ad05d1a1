/* voicing.h - whether sound has a voice's pitch, which steps, doors, dishes and fans do not, and
 * music has otherwise
 *
 * By the normalised autocorrelation of 30 ms between 80 and 400 times a second. What is said glides
 * from pitch to pitch; what is played holds a note and jumps to the next, and a chord or a drum has
 * no one pitch at all. So only sound whose pitch is under way counts. No recogniser: it tells words
 * from noise, not one word from another, in any language. Who sings, or plays a violin with much
 * vibrato, passes. Pure; fields are private; one owner; zero is a beginning.
 */
#ifndef AGENT_EAR_VOICING_H
#define AGENT_EAR_VOICING_H

#include "agent/ear/vad.h"

#define VOICING_WINDOW (3 * VAD_FRAME)

struct voicing {
    int16_t window[VOICING_WINDOW];
    float period; /* of the frame before, in points; 0: it had no pitch */
    float glide;  /* of the period there, as a part of it; 0: none */
    unsigned voiced_ms;
};

/* VAD_FRAME samples of speech. */
void voicing_feed(struct voicing *voicing, const int16_t *pcm);

/* How much of what was fed since voicing_forget() has a voice whose pitch is under way. */
unsigned voicing_ms(const struct voicing *voicing);

void voicing_forget(struct voicing *voicing);

#endif
