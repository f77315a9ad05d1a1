/* ear.h - the robot's ear: from the owner's voice to a question in words
 *
 * The microphone is open while the owner addresses the robot and closed at all other times. A
 * question begins when somebody speaks (vad.h), is uploaded to a vendor as it is spoken
 * (transcriber.h) and ends with the button let go, with silence, or when RECORDING_MAX_MS are full.
 * Before the owner addressed the robot nothing leaves it, and while it is muted the microphone is
 * closed and stays so across restarts: only the owner, at the robot itself, unmutes. No server can
 * call, unmute or choose the device (invariant I8).
 *
 * Functions may be called from any thread and do not block; the host's are called on the ear's
 * threads and must not block.
 */
#ifndef AGENT_EAR_EAR_H
#define AGENT_EAR_EAR_H

#include "agent/ear/attention.h"
#include "agent/ear/transcriber.h"

struct ear;

struct ear_host {
    void *context;
    /* What the ear is about now: for face and screen. */
    void (*on_state)(void *context, enum attention_state state);
    /* The owner addressed the robot: what it says must stop. */
    void (*on_called)(void *context);
    /* A question was heard, or why not: after each ear_call() and ear_hear() that was taken. */
    void (*on_heard)(void *context, const struct transcriber_heard *heard);
    /* These three as in transcriber.h. */
    void (*settings)(void *context, struct transcriber_settings *out);
    void (*on_used)(void *context);
    bool (*is_online)(void *context);
};

struct ear_options {
    const char *device;      /* see microphone.h; borrowed */
    const char *mute_path;   /* a file that is there while the ear is muted; copied */
    bool is_deaf;            /* there is to be no ear: calls are refused */
    struct journal *journal; /* borrowed, like what follows */
    struct attempts *attempts;
    struct ear_host host; /* copied */
};

/* The caller owns *out. The microphone is not opened. */
MUST_CHECK enum status ear_start(struct ear **out, const struct ear_options *options);

/* Closes the microphone, drops the question under way, waits for the threads. The host is not
 * called any more. NULL is allowed. */
void ear_stop(struct ear *ear);

/* After ear_stop(). */
void ear_free(struct ear *ear);

/* The button is pressed: what the owner says from now on is a question. STATUS_DENIED: muted;
 * STATUS_UNREACHABLE: there is to be no ear. */
MUST_CHECK enum status ear_call(struct ear *ear, uint64_t client);

/* The button is let go: the question ends, unless the button was only tapped; then silence ends
 * it. */
void ear_let_go(struct ear *ear);

/* The WAV file at path is played to the robot as if its owner spoke it after a tap. Statuses as
 * ear_call(). */
MUST_CHECK enum status ear_hear(struct ear *ear, uint64_t client, const char *path);

/* The owner mutes or unmutes. STATUS_IO: it cannot be kept across a restart; unmuting is then
 * refused, muting is not. */
MUST_CHECK enum status ear_mute(struct ear *ear, bool is_muted);

enum attention_state ear_state(struct ear *ear);

/* Whether a microphone (or a file in its place) is open at this moment. */
bool ear_is_open(struct ear *ear);

#endif
