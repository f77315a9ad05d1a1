/* expression.h - what brows, eyes and crest do in each mood, and how they get there
 *
 * Pure: driven by elapsed time, deterministic, so that a recording looks like the screen.
 */
#ifndef AGENT_FACE_EXPRESSION_H
#define AGENT_FACE_EXPRESSION_H

#include <stdint.h>

#include "agent/face/emotion.h"
#include "agent/face/face.h"

/* Plain data. */
struct expression {
    double brow_lift; /* -1 low .. 1 high */
    double brow_tilt; /* -1 stern .. 1 worried */
    double brow_skew; /* one brow higher than the other */
    double eye_open;  /* 0 shut .. 1 .. 1.2 wide */
    double blink;     /* 0 .. 1, on top of eye_open */
    double wink;      /* 0 .. 1, one eye alone */
    double gaze_x, gaze_y;
    double turn_x, turn_y; /* of the head: where the gaze goes, without its small jumps */
    double smile;          /* -1 .. 1 */
    double crest;          /* feathers raised, 0 .. 1 */
    double breath;         /* -1 out .. 1 in */
    double glow;           /* of lamps and ears, 0 .. 1 */
    double blush, heart, tear;
    double limit, offline; /* how much the face shows them, 0 .. 1 */
    double dots;           /* the thinking dots, 0 hidden .. 1; their phase is the time */
    uint32_t light;        /* 0xRRGGBB of lamps and halo */
    double seconds;        /* since the beginning */
};

void expression_init(struct expression *expression);

/* Moves on by elapsed_ms towards the mood, coloured by the emotion. */
void expression_step(struct expression *expression, enum face_mood mood, enum emotion emotion,
                     double elapsed_ms);

#endif
