/* transcriber.h - the thread that turns a recording into text, by the first vendor that can
 *
 * One question at a time. Its attempts stand in the journal under the turn's uuid, from number 1
 * on; the chat goes on counting behind them (attempts_continue()). A route that fails is tried no
 * second time; the next one gets the recording from its beginning. Functions may be called from any
 * thread but the host's calls.
 */
#ifndef AGENT_EAR_TRANSCRIBER_H
#define AGENT_EAR_TRANSCRIBER_H

#include "agent/ear/recording.h"
#include "agent/meter/attempts.h"
#include "agent/meter/journal.h"

struct transcriber;

struct transcriber_heard {
    uint64_t client;
    const uint8_t *uuid; /* of the turn, 16 bytes */
    const char *text;    /* UTF-8; "" when there were no words */
    const char *problem; /* why there is no text, for people; NULL: there is */
};

/* What the configuration says now. */
struct transcriber_settings {
    wire_Route routes[LIMIT_ROUTES]; /* those that hear, in order */
    size_t route_count;
    uint64_t generation;
    char language[8]; /* "auto", "en", "zh" */
    bool may_ask;     /* a limit may forbid it */
};

struct transcriber_host {
    void *context;
    /* Fills *out; called when a question begins. */
    void (*settings)(void *context, struct transcriber_settings *out);
    /* Once for each question, with a problem when it was cancelled. Called on the transcriber's
     * thread. */
    void (*on_heard)(void *context, const struct transcriber_heard *heard);
    /* Attempts were closed, or refused for want of credit: the server should hear. */
    void (*on_used)(void *context);
    bool (*is_online)(void *context); /* whether the server answers; NULL: it never does */
};

struct transcriber_options {
    struct recording *recording; /* borrowed, like what follows */
    struct journal *journal;
    struct attempts *attempts;
    struct transcriber_host host; /* copied */
};

/* The caller owns *out. */
MUST_CHECK enum status transcriber_start(struct transcriber **out,
                                         const struct transcriber_options *options);

/* Cancels what is under way and waits for the thread. NULL is allowed. */
void transcriber_free(struct transcriber *transcriber);

/* Before recording_begin(): what is under way is cancelled, and is over when this returns. */
void transcriber_cancel(struct transcriber *transcriber);

/* The recording has begun: uploads it as it grows. After transcriber_cancel() only. */
void transcriber_begin(struct transcriber *transcriber, uint64_t client);

/* The recording grew or ended: sends it without delay. */
void transcriber_wake(struct transcriber *transcriber);

#endif
