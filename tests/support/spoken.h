/* spoken.h - a sentence as the real voice program speaks it, for tests and pictures of the face */
#ifndef TESTS_SUPPORT_SPOKEN_H
#define TESTS_SUPPORT_SPOKEN_H

#include "agent/face/track.h"
#include "agent/voice/voice.h"

#define SPOKEN_MAX_MARKS 1024
#define SPOKEN_MAX_WORDS 256

/* Plain data, large: allocate it. */
struct spoken {
    size_t count;
    int16_t pcm[30 * AUDIO_SAMPLE_RATE];
    size_t mark_count;
    struct voice_mark marks[SPOKEN_MAX_MARKS];
    size_t word_count;
    struct voice_word words[SPOKEN_MAX_WORDS];
};

/* Waits at most ten seconds. The caller frees *out with free(). STATUS_TIMEOUT, STATUS_IO. */
MUST_CHECK enum status spoken_create(struct spoken **out, const char *voice_program,
                                     const char *text);

/* The same at another speed and pitch (see struct voice_clause). */
MUST_CHECK enum status spoken_create_at(struct spoken **out, const char *voice_program,
                                        const char *text, int rate_wpm, int pitch);

/* Puts it on a track, its first sample at `sample`. */
void spoken_place(const struct spoken *spoken, struct track *track, int64_t sample);

#endif
