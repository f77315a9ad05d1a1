/* overhear.h - what the ear does while nobody presses its button: it waits for the wake phrase, and
 * for somebody who talks over an answer
 *
 * Sound goes to the wake program and nowhere else, and is forgotten after OVERHEAR_TAIL_MS. Only
 * over an answer to a question do mere words count as addressing the robot; over what it says for
 * somebody else, as a server's announcement, the wake phrase alone does (invariant I8). One owner,
 * the ear's thread.
 */
#ifndef AGENT_EAR_OVERHEAR_H
#define AGENT_EAR_OVERHEAR_H

#include "agent/ear/echo.h"
#include "agent/ear/recording.h"

struct overhear;

/* What the robot says at this moment. */
enum overhear_mouth {
    OVERHEAR_SILENT = 0,
    OVERHEAR_TELLS = 1,   /* something that nobody asked for */
    OVERHEAR_ANSWERS = 2, /* the answer to a question */
};

enum overhear_act {
    OVERHEAR_NO_ACT = 0,
    OVERHEAR_DUCK = 1,    /* see barge_in.h */
    OVERHEAR_RESTORE = 2, /* likewise */
    OVERHEAR_CALLED = 3,  /* the owner addresses the robot; its voice is to be as loud as before */
};

/* program: see wake.h; source: NULL: there is no echo. Starts nothing. The caller owns *out. */
MUST_CHECK enum status overhear_create(struct overhear **out, const char *program,
                                       const struct echo_source *source);
void overhear_free(struct overhear *overhear);

/* The phrase to wait for; NULL: none, the program is ended and what was heard is wiped. */
void overhear_wait_for(struct overhear *overhear, const char *phrase);

/* Takes the robot's own voice out of a frame whose end was in the air at heard_ns. */
void overhear_clean(struct overhear *overhear, int64_t heard_ns, int16_t pcm[VAD_FRAME]);

/* A cleaned frame, behind vad_feed() of it. After OVERHEAR_CALLED, *ago is how many of the last
 * samples are the question's beginning; overhear_tail() gives them. */
enum overhear_act overhear_feed(struct overhear *overhear, const int16_t pcm[VAD_FRAME],
                                const struct vad *vad, enum overhear_mouth mouth, int64_t now_ms,
                                size_t *ago);

/* A whole frame that began `ago` samples before the last one's end. */
void overhear_tail(const struct overhear *overhear, size_t ago, int16_t out[VAD_FRAME]);

/* The owner addressed the robot, here or otherwise, and the tail was taken: begins anew. The voice
 * is to be as loud as before. */
void overhear_forget(struct overhear *overhear);

/* As wake_is_ready() and wake_has_failed(). */
bool overhear_is_ready(const struct overhear *overhear);
bool overhear_has_failed(const struct overhear *overhear);

#endif
