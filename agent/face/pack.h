/* pack.h - an avatar: one SVG drawing whose shapes move along axes
 *
 * The drawing shows the face at rest. A shape or group named like another with "@axis=value" behind
 * it shows that one where it is when the axis has that value; between, nodes, paints and line
 * widths are blended. PACKS.md is the artist's side of it. Everything is worked out once, when the
 * pack is read: a picture is sums of table rows. Pure but for pack_load(); immutable once made, so
 * any number of threads may use one.
 */
#ifndef AGENT_FACE_PACK_H
#define AGENT_FACE_PACK_H

#include "agent/face/svg.h"

#define PACK_MAX_BYTES    (1024 * 1024)
#define PACK_MAX_SHAPES   256
#define PACK_MAX_NUMBERS  512 /* of one shape */
#define PACK_MAX_KEYS     48  /* of one shape */
#define PACK_PROBLEM_SIZE (SVG_PROBLEM_SIZE + 64)

/* name, the artist's word, value at rest, lowest, highest, step: finer changes are not seen; slow:
 * stands still while the robot talks */
#define PACK_AXES(X)                                                                               \
    X(OPEN, "open", 0, 0, 1, 1.0 / 256, 0)                                                         \
    X(LIP, "lip", 0, -1, 1, 1.0 / 128, 0)                                                          \
    X(JAW, "jaw", 0, 0, 1, 1.0 / 128, 0)                                                           \
    X(TEETH_UP, "teeth-up", 0, 0, 1, 1.0 / 64, 0)                                                  \
    X(TEETH_LOW, "teeth-low", 0, 0, 1, 1.0 / 64, 0)                                                \
    X(TONGUE, "tongue", 0, 0, 1, 1.0 / 64, 0)                                                      \
    X(BITE, "bite", 0, 0, 1, 1.0 / 64, 0)                                                          \
    X(PRESS, "press", 0, 0, 1, 1.0 / 64, 0)                                                        \
    X(SMILE, "smile", 0, -1, 1, 1.0 / 64, 1)                                                       \
    X(EYE, "eye", 1, 0, 1.2, 1.0 / 128, 0)                                                         \
    X(WINK, "wink", 0, 0, 1, 1.0 / 64, 0)                                                          \
    X(LOOK_X, "look-x", 0, -1, 1, 1.0 / 64, 0)                                                     \
    X(LOOK_Y, "look-y", 0, -1, 1, 1.0 / 64, 0)                                                     \
    X(BROW_LIFT, "brow-lift", 0, -1, 1, 1.0 / 64, 0)                                               \
    X(BROW_TILT, "brow-tilt", 0, -1, 1, 1.0 / 64, 1)                                               \
    X(BROW_SKEW, "brow-skew", 0, -1, 1, 1.0 / 64, 1)                                               \
    X(TURN_X, "turn-x", 0, -1, 1, 1.0 / 64, 1)                                                     \
    X(TURN_Y, "turn-y", 0, -1, 1, 1.0 / 64, 1)                                                     \
    X(CREST, "crest", 0, 0, 1, 1.0 / 64, 0)                                                        \
    X(BREATH, "breath", 0, -1, 1, 1.0 / 10, 0)                                                     \
    X(GLOW, "glow", 0, 0, 1, 1.0 / 32, 1)                                                          \
    X(BLUSH, "blush", 0, 0, 1, 1.0 / 32, 1)                                                        \
    X(HEART, "heart", 0, 0, 1, 1.0 / 32, 1)                                                        \
    X(TEAR, "tear", 0, 0, 1, 1.0 / 32, 1)                                                          \
    X(DOT_1, "dot-1", 0, 0, 1, 1.0 / 32, 0)                                                        \
    X(DOT_2, "dot-2", 0, 0, 1, 1.0 / 32, 0)                                                        \
    X(DOT_3, "dot-3", 0, 0, 1, 1.0 / 32, 0)                                                        \
    X(LIMIT, "limit", 0, 0, 1, 1.0 / 32, 1)                                                        \
    X(OFFLINE, "offline", 0, 0, 1, 1.0 / 32, 1)

enum pack_axis {
#define PACK_ENUM(name, word, rest, low, high, step, slow) PACK_##name,
    PACK_AXES(PACK_ENUM)
#undef PACK_ENUM
        PACK_AXIS_COUNT,
};

struct pack_axis_spec {
    const char *name;
    double rest, low, high, step;
    bool is_slow;
};

/* One value per axis. */
struct pack_values {
    double at[PACK_AXIS_COUNT];
};

/* How an axis weighs: 0 up to low, rising to 1 at `at`, falling to 0 from high on. */
struct pack_ramp {
    uint8_t axis; /* PACK_AXIS_COUNT: no such axis, weighs 1 */
    bool is_move; /* weighs value / at */
    float low, at, high;
};

struct pack_key {
    struct pack_ramp first, second;
    const float *deltas; /* as many as the shape has numbers */
};

/* In the order of drawing; what clips stands before what it clips. */
struct pack_shape {
    const struct svg_shape *svg;
    uint64_t axes;  /* bits: what moves it, its clips not counted */
    bool is_light;  /* takes the mood's colour */
    bool is_behind; /* covers the whole screen, whatever its form */
    bool is_clip;   /* is not drawn itself */
    int clip;       /* index of what clips it, -1: nothing */
    size_t key_count;
    const struct pack_key *keys;
};

struct pack {
    struct arena *arena;
    const struct pack_shape *shapes;
    size_t shape_count;
};

/* Reads and checks. The caller owns *out. STATUS_INVALID: problem says "line 12: why". */
MUST_CHECK enum status pack_read(struct pack **out, struct span svg,
                                 char problem[PACK_PROBLEM_SIZE]);

/* The same from a file. STATUS_NOT_FOUND, STATUS_IO, STATUS_FULL: problem says which. */
MUST_CHECK enum status pack_load(struct pack **out, const char *path,
                                 char problem[PACK_PROBLEM_SIZE]);

/* The pack that is part of the program. */
MUST_CHECK enum status pack_builtin(struct pack **out);

void pack_free(struct pack *pack);

void pack_rest(struct pack_values *values);

/* Limits each value to its axis and rounds it to a step. */
void pack_settle(struct pack_values *values);

const struct pack_axis_spec *pack_axis(enum pack_axis axis);

/* Axes that move while the robot talks, as bits. */
uint64_t pack_fast_axes(void);

/* The shape's numbers at these values; numbers has room for PACK_MAX_NUMBERS. */
void pack_blend(const struct pack_shape *shape, const struct pack_values *values, double *numbers);

#endif
