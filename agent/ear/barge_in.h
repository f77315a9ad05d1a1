/* barge_in.h - being talked over: a table of states, events and what follows
 *
 * While the robot answers and somebody speaks, it lowers its voice at once; it stops when words are
 * confirmed, and goes on as before when none were within BARGE_IN_PATIENCE_MS. Speech that began
 * over an answer's end is confirmed behind it. Pure.
 */
#ifndef AGENT_EAR_BARGE_IN_H
#define AGENT_EAR_BARGE_IN_H

#include <stddef.h>

#define BARGE_IN_PATIENCE_MS 2000
#define BARGE_IN_DUCK_DB     12

enum barge_in_state {
    BARGE_IN_QUIET = 0,   /* nothing is being answered */
    BARGE_IN_TALKING = 1, /* the robot answers */
    BARGE_IN_DUCKED = 2,  /* it answers in a low voice: somebody speaks */
    BARGE_IN_LATE = 3,    /* the answer ended meanwhile */
};

enum barge_in_event {
    BARGE_IN_OPENS = 0,    /* an answer begins to be heard */
    BARGE_IN_SHUTS = 1,    /* it ended */
    BARGE_IN_SPEECH = 2,   /* somebody speaks: VAD_ON_MS of sound */
    BARGE_IN_WORDS = 3,    /* what they say is words */
    BARGE_IN_PATIENCE = 4, /* BARGE_IN_PATIENCE_MS passed since BARGE_IN_SPEECH */
    BARGE_IN_CALL = 5,     /* the owner addressed the robot otherwise: button, wake phrase */
};

enum barge_in_act {
    BARGE_IN_NO_ACT = 0,
    BARGE_IN_DUCK = 1,    /* lower the voice by BARGE_IN_DUCK_DB */
    BARGE_IN_STOP = 2,    /* end the answer; what is being said is a question */
    BARGE_IN_RESTORE = 3, /* the voice as loud as before */
};

struct barge_in_row {
    enum barge_in_state from;
    enum barge_in_event event;
    enum barge_in_state to;
    enum barge_in_act act;
};

/* The table; *count rows. */
const struct barge_in_row *barge_in_table(size_t *count);

/* Moves *state by the event. An event that the state does not know changes nothing. */
enum barge_in_act barge_in_step(enum barge_in_state *state, enum barge_in_event event);

#endif
