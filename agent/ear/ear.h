/* ear.h - the robot's ear: from the owner's voice to a question in words
 *
 * In EAR_BUTTON the microphone is open while the owner addresses the robot and closed at all other
 * times. In EAR_WAKE it is open, and what it hears stays in memory for a moment (overhear.h), until
 * the owner says the wake phrase, or talks over an answer: then as if the button were tapped. A
 * question begins when somebody speaks (vad.h), is uploaded to a vendor as it is spoken
 * (transcriber.h) and ends with the button let go, with silence, or when RECORDING_MAX_MS are full.
 * Before the owner addressed the robot nothing leaves it, and while it is muted the microphone is
 * closed and stays so across restarts: only the owner, at the robot itself, unmutes. No server can
 * call, unmute or choose the device (invariant I8); whoever sets the mode does not go beyond what
 * the owner allows.
 *
 * Functions may be called from any thread and do not block; the host's are called on the ear's
 * threads and must not block, nor call ear_call(), ear_hear(), ear_let_go() or ear_mute().
 */
#ifndef AGENT_EAR_EAR_H
#define AGENT_EAR_EAR_H

#include "agent/ear/attention.h"
#include "agent/ear/overhear.h"
#include "agent/ear/transcriber.h"

struct ear;

enum ear_mode { EAR_OFF, EAR_BUTTON, EAR_WAKE };

/* What the owner may know of the wake phrase. */
enum ear_wake {
    EAR_WAKE_OFF = 0,    /* it is not waited for */
    EAR_WAKE_WAITS = 1,  /* it would be heard now */
    EAR_WAKE_FAILED = 2, /* it should be waited for and cannot: the button is needed */
    EAR_WAKE_STARTS = 3, /* its program is not ready yet */
};

struct ear_host {
    void *context;
    /* What the ear is about now, or ear_wake(), changed: for face and screen. */
    void (*on_state)(void *context, enum attention_state state);
    /* The owner addressed the robot: what it says must stop. */
    void (*on_called)(void *context);
    /* What the robot says now. NULL: nothing, ever. */
    enum overhear_mouth (*mouth)(void *context);
    /* The voice by BARGE_IN_DUCK_DB lower, or as loud as before. NULL with mouth. */
    void (*duck)(void *context, bool is_ducked);
    /* A question was heard, or why not: after each on_called(). */
    void (*on_heard)(void *context, const struct transcriber_heard *heard);
    /* These three as in transcriber.h. */
    void (*settings)(void *context, struct transcriber_settings *out);
    void (*on_used)(void *context);
    bool (*is_online)(void *context);
};

struct ear_options {
    const char *device;               /* see microphone.h; borrowed */
    const char *mute_path;            /* a file that is there while the ear is muted; copied */
    enum ear_mode mode;               /* until ear_set_mode() */
    const char *wake_program;         /* see wake.h; copied */
    const struct echo_source *played; /* copied; NULL: the robot makes no sound */
    struct journal *journal;          /* borrowed, like what follows */
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

/* How the ear may be addressed from now on; a question under way goes on. phrase (copied; of at
 * most WAKE_MAX_PHRASE bytes) is for EAR_WAKE. Giving the same again is harmless. */
void ear_set_mode(struct ear *ear, enum ear_mode mode, const char *phrase);

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
enum ear_wake ear_wake(struct ear *ear);

/* Whether the microphone could not be opened when it was last wanted, or has given nothing but
 * digital silence since it was opened (deafness.h). */
bool ear_is_deaf(struct ear *ear);

/* Whether a microphone (or a file in its place) is open at this moment. */
bool ear_is_open(struct ear *ear);

#endif
