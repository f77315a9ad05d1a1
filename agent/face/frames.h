/* frames.h - counts the pictures that came too late for a smooth mouth */
#ifndef AGENT_FACE_FRAMES_H
#define AGENT_FACE_FRAMES_H

#include <stdint.h>

#define FRAMES_PERIOD_NS 16666667 /* 60 a second */

/* Plain data; zero it first. */
struct frames {
    int64_t shown_ns; /* when the last one was shown; 0: none yet */
    uint32_t late;
};

/* A picture was shown now. It was late when more than one and a half periods passed since the one
 * before. */
void frames_shown(struct frames *frames, int64_t now_ns);

#endif
