/* echo.h - takes what the robot itself plays out of what its microphone hears
 *
 * speexdsp's adaptive filter and residual suppressor, fed with the sound that was played at the
 * moment at which the microphone heard: the audio timeline knows it to the sample. The filter spans
 * ECHO_TAIL_MS of room. It learns in about a second of speech, and again when a clock jumps.
 *
 * While the robot is silent, and for a room's length after, sound passes as it is. One owner.
 */
#ifndef AGENT_EAR_ECHO_H
#define AGENT_EAR_ECHO_H

#include "agent/ear/vad.h"
#include "schema/base/status.h"

#define ECHO_PLAYED_HZ 22050 /* what speakers play; audio.h */
#define ECHO_TAIL_MS   200

/* The sound that was played. */
struct echo_source {
    void *context;
    /* The sample that was being heard at that clock_mono_ns(). */
    int64_t (*sample_at)(void *context, int64_t mono_ns);
    /* Copies count samples from that one on; silence where none are known. */
    void (*played)(void *context, int64_t sample, int16_t *out, size_t count);
};

struct echo;

/* The source is copied. The caller owns *out. */
MUST_CHECK enum status echo_create(struct echo **out, const struct echo_source *source);
void echo_free(struct echo *echo);

/* Takes the echo out of a frame, in place, whose end was in the air at heard_ns (clock_mono_ns()).
 * Frames follow one another. */
void echo_cancel(struct echo *echo, int64_t heard_ns, int16_t pcm[VAD_FRAME]);

#endif
