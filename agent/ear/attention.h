/* attention.h - what the ear is about: a table of states, events and what follows
 *
 * Pure. Sound may leave the robot in ATTENTION_HEARING alone, and the only ways there begin with
 * ATTENTION_CALL: the owner's button, wake phrase or interruption. Nothing that a server sends is
 * an event (invariant I8).
 */
#ifndef AGENT_EAR_ATTENTION_H
#define AGENT_EAR_ATTENTION_H

#include <stddef.h>

enum attention_state {
    ATTENTION_MUTED = 0,     /* the microphone is closed, whatever else is wished */
    ATTENTION_RESTING = 1,   /* nobody addresses the robot; in EAR_WAKE its phrase is waited for */
    ATTENTION_ADDRESSED = 2, /* the owner is about to speak */
    ATTENTION_HEARING = 3,   /* the owner speaks */
};

enum attention_event {
    ATTENTION_CALL = 0,    /* the owner addresses the robot */
    ATTENTION_SPEECH = 1,  /* somebody speaks */
    ATTENTION_END = 2,     /* silence after speech, the button let go, no more room */
    ATTENTION_NOTHING = 3, /* nobody spoke within ATTENTION_PATIENCE_MS */
    ATTENTION_LOST = 4,    /* the microphone is gone or at its end */
    ATTENTION_MUTE = 5,
    ATTENTION_UNMUTE = 6,
};

/* What the ear does with the question at hand. */
enum attention_act {
    ATTENTION_NO_ACT = 0,
    ATTENTION_WAIT = 1,    /* listen for its beginning */
    ATTENTION_BEGIN = 2,   /* it begins: record and upload */
    ATTENTION_FINISH = 3,  /* it is complete */
    ATTENTION_GIVE_UP = 4, /* there is none */
    ATTENTION_DROP = 5,    /* forget it: nothing more of it leaves */
};

#define ATTENTION_PATIENCE_MS 6000

struct attention_row {
    enum attention_state from;
    enum attention_event event;
    enum attention_state to;
    enum attention_act act;
};

/* The table; *count rows. */
const struct attention_row *attention_table(size_t *count);

/* Moves *state by the event. An event that the state does not know changes nothing. */
enum attention_act attention_step(enum attention_state *state, enum attention_event event);

/* "muted", "resting", "addressed", "hearing". */
const char *attention_name(enum attention_state state);

#endif
