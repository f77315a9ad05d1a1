/* recording.h - what is kept of one question: from its pre-roll to its last word
 *
 * The microphone's thread adds while another one reads what is there already. It holds
 * RECORDING_MAX_MS; then it is full, and the question ends. 16 bit mono at VAD_HZ. Thread-safe.
 */
#ifndef AGENT_EAR_RECORDING_H
#define AGENT_EAR_RECORDING_H

#include <pthread.h>

#include "agent/ear/vad.h"
#include "schema/base/status.h"

#define RECORDING_MAX_MS  15000 /* what a server grants for a question: lines.h */
#define RECORDING_SAMPLES (RECORDING_MAX_MS * (VAD_HZ / 1000))

/* Fields are private. */
struct recording {
    pthread_mutex_t lock;
    size_t count;
    bool is_ended;
    int16_t pcm[RECORDING_SAMPLES];
};

void recording_init(struct recording *recording);

/* Wipes the sound. */
void recording_release(struct recording *recording);

/* Forgets the sound and begins anew. Nobody may be reading. */
void recording_begin(struct recording *recording);

/* STATUS_FULL: some did not fit. */
MUST_CHECK enum status recording_add(struct recording *recording, const int16_t *pcm, size_t count);

/* No more comes. */
void recording_end(struct recording *recording);

/* Copies up to room samples from sample number `from` on. STATUS_AGAIN: none yet; STATUS_CLOSED: it
 * ended there. */
MUST_CHECK enum status recording_read(struct recording *recording, size_t from, int16_t *out,
                                      size_t room, size_t *count);

/* The last samples of a microphone, so that a question keeps the beginning of its first word. */
#define PREROLL_MS      (500 + VAD_ON_MS)
#define PREROLL_SAMPLES (PREROLL_MS * (VAD_HZ / 1000))
#define PREROLL_ROOM    (5 * PREROLL_SAMPLES)

/* Fields are private; one owner. Zero is empty. */
struct recording_preroll {
    size_t count;
    int16_t pcm[PREROLL_ROOM]; /* sample n at n % PREROLL_ROOM */
};

void recording_preroll_add(struct recording_preroll *preroll, const int16_t *pcm, size_t count);

/* How many of the last samples are there: PREROLL_ROOM at most. */
size_t recording_preroll_held(const struct recording_preroll *preroll);

/* Copies count samples, the first of which came `ago` samples before the end. Silence where there
 * are none. */
void recording_preroll_copy(const struct recording_preroll *preroll, size_t ago, int16_t *out,
                            size_t count);

/* Moves the last PREROLL_SAMPLES of the pre-roll into the recording, oldest first, and empties it.
 */
MUST_CHECK enum status recording_take_preroll(struct recording *recording,
                                              struct recording_preroll *preroll);

#endif
