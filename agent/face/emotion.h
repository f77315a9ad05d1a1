/* emotion.h - feelings a face can show, and which emoji asks for which
 *
 * Pure.
 */
#ifndef AGENT_FACE_EMOTION_H
#define AGENT_FACE_EMOTION_H

#include <stdint.h>

enum emotion {
    EMOTION_NONE = 0,
    EMOTION_HAPPY = 1,
    EMOTION_LAUGHING = 2,
    EMOTION_LOVING = 3,
    EMOTION_SAD = 4,
    EMOTION_SURPRISED = 5,
    EMOTION_WINKING = 6,
    EMOTION_STERN = 7,
    EMOTION_SHY = 8,
    EMOTION_DOUBTING = 9,
    EMOTION_COUNT,
};

/* EMOTION_NONE: the character tells no feeling (a car, a flag). */
enum emotion emotion_of(uint32_t character);

/* "happy"; for labels. */
const char *emotion_name(enum emotion emotion);

#endif
