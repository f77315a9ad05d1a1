/* running.h - the turn under way as other threads see it: whether the owner interrupted it, how far
 * its voice came
 *
 * The chat thread begins, waits and ends; interruptions and the speaker's events come from any
 * thread. Everything carries the turn's number: what comes for an old one changes nothing.
 */
#ifndef AGENT_CHAT_RUNNING_H
#define AGENT_CHAT_RUNNING_H

#include <pthread.h>

#include "agent/chat/http.h"
#include "agent/voice/speaker.h"

/* Fields are private. */
struct running {
    struct http *http;
    atomic_bool cancel; /* the running turn was interrupted */
    atomic_bool halt;   /* its request ends: cancelled, or held back; read by the HTTP loop */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    bool is_running;
    uint64_t number;
    uint64_t cancelled; /* every turn up to this one was interrupted */
    uint8_t uuid[16];
    bool heard;             /* the voice is done with it */
    int64_t first_audio_ms; /* monotonic; 0: nothing was heard yet */
};

/* http is the one whose requests an interruption ends; borrowed. */
MUST_CHECK enum status running_init(struct running *running, struct http *http);
void running_release(struct running *running);

/* The chat thread's. */

/* A turn that was interrupted before it came is cancelled from the start. */
void running_begin(struct running *running, uint64_t number, const uint8_t *uuid);

/* Returns when something was heard first, monotonic, 0: nothing was. */
int64_t running_end(struct running *running);
int64_t running_first_audio_ms(struct running *running);

bool running_is_cancelled(const struct running *running);

/* True when no vendor may be read on; for requests under way. */
const atomic_bool *running_halt(const struct running *running);

/* Ends the request under way, but not the turn. */
void running_hold(struct running *running);

/* Ends the turn. From any thread. */
void running_stop(struct running *running);

/* Waits so long, less when the turn is interrupted; the second until the voice is done with it. */
void running_pause(struct running *running, int64_t duration_ms);
void running_wait_heard(struct running *running, int64_t timeout_ms);

/* From any thread. */

/* Interrupts the turn with this number, now or when it comes. True: now; *number is the running
 * turn's then, whose voice is still to be stopped. */
bool running_interrupt(struct running *running, uint64_t *number);

/* Takes an event of the speaker. False: it is not about the running turn; else uuid is filled. */
bool running_on_speaker(struct running *running, const struct speaker_event *event,
                        uint8_t uuid[16]);

#endif
