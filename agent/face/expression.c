#include "agent/face/expression.h"

#include <math.h>

#include "agent/face/paint.h"

#define EASE_MS       130.0 /* time constant of brows and lids */
#define BLINK_MS      150.0
#define BLINK_EVERY_S 3.4

/* Where a mood or an emotion wants each part to be. */
struct goal {
    double brow_lift, brow_tilt, brow_skew, eye_open, gaze_x, gaze_y, smile, crest, glow;
};

static const struct goal moods[] = {
    [FACE_NEUTRAL] = {0.10, 0.05, 0, 0.93, 0, 0, 0.65, 0.15, 0.45},
    [FACE_LISTENING] = {0.55, 0.10, 0, 1.08, 0, 0.05, 0.45, 0.75, 1.00},
    [FACE_THINKING] = {0.25, -0.15, 0.8, 0.92, 0.55, -0.65, 0.10, 0.40, 0.75},
    [FACE_SPEAKING] = {0.25, 0.05, 0.1, 0.96, 0, 0, 0.40, 0.30, 0.85},
    [FACE_LIMIT] = {-0.05, 0.75, 0, 0.78, 0, 0.40, -0.35, 0.00, 0.60},
    [FACE_OFFLINE] = {-0.25, 0.35, 0, 0.45, 0, 0.30, -0.05, 0.00, 0.25},
};

static const uint32_t lights[] = {
    [FACE_NEUTRAL] = 0x35c6b4,  [FACE_LISTENING] = 0x4fd0ff, [FACE_THINKING] = 0xb08cff,
    [FACE_SPEAKING] = 0xffc24a, [FACE_LIMIT] = 0xff8a3c,     [FACE_OFFLINE] = 0x8fa3b3,
};

/* Added to the mood's, and what only emotions show. */
static const struct feeling {
    struct goal more;
    double wink, blush, heart, tear;
} feelings[EMOTION_COUNT] = {
    [EMOTION_HAPPY] = {.more = {0.25, 0.05, 0, -0.10, 0, 0, 0.60, 0.45, 0.15}, .blush = 0.6},
    [EMOTION_LAUGHING] = {.more = {0.40, 0.10, 0, -0.62, 0, 0, 0.90, 0.60, 0.15}, .blush = 0.8},
    [EMOTION_LOVING] = {.more = {0.20, 0.35, 0, -0.22, 0, 0.05, 0.65, 0.30, 0.15},
                        .blush = 1,
                        .heart = 1},
    [EMOTION_SAD] = {.more = {-0.10, 0.90, 0, -0.22, 0, 0.45, -0.95, -0.30, -0.30}, .tear = 1},
    [EMOTION_SURPRISED] = {.more = {0.85, 0.15, 0, 0.24, 0, -0.05, -0.30, 0.70, 0.15}},
    [EMOTION_WINKING] = {.more = {0.15, 0, 0.65, 0, 0.15, 0, 0.55, 0.25, 0},
                         .wink = 1,
                         .blush = 0.3},
    [EMOTION_STERN] = {.more = {-0.60, -0.95, 0, -0.16, 0, 0.05, -0.60, 0.35, 0}},
    [EMOTION_SHY] = {.more = {0.15, 0.55, 0, -0.20, -0.55, 0.45, 0.20, -0.15, 0}, .blush = 1},
    [EMOTION_DOUBTING] = {.more = {0.10, -0.20, 0.90, -0.14, 0.35, -0.20, -0.40, 0.10, 0}},
};

void expression_init(struct expression *expression)
{
    *expression = (struct expression){.eye_open = 1, .smile = 0.5, .light = lights[0]};
}

static void ease(double *value, double goal, double part)
{
    *value += (goal - *value) * part;
}

/* Uniform in 0..1 from a counter: blinks and glances are the same in every run. */
static double noise(uint32_t n)
{
    n = (n ^ 61) ^ (n >> 16);
    n *= 9;
    n ^= n >> 4;
    n *= 0x27d4eb2d;
    n ^= n >> 15;
    return (double)(n & 0xffff) / 65535.0;
}

static double blink_at(double seconds)
{
    uint32_t number = (uint32_t)(seconds / BLINK_EVERY_S);
    double at_ms = (seconds - number * BLINK_EVERY_S) * 1000;
    double start_ms = 600 + noise(number) * (BLINK_EVERY_S * 1000 - 1200);
    double part = (at_ms - start_ms) / BLINK_MS;

    return part <= 0 || part >= 1 ? 0 : sin(part * M_PI);
}

/* Eyes never rest: small jumps every second or so. */
static double glance(double seconds, uint32_t seed)
{
    uint32_t number = (uint32_t)(seconds / 1.3);

    return noise(number * 2 + seed) * 2 - 1;
}

static void step_face(struct expression *e, const struct goal *goal, const struct goal *more,
                      double life, double part)
{
    double quick = 2 * part / (1 + part); /* eyes are faster than heads */
    double gaze_x = goal->gaze_x + more->gaze_x, gaze_y = goal->gaze_y + more->gaze_y;

    ease(&e->brow_lift, goal->brow_lift + more->brow_lift + 0.07 * life * sin(e->seconds * 1.7),
         part);
    ease(&e->brow_tilt, goal->brow_tilt + more->brow_tilt, part);
    ease(&e->brow_skew, goal->brow_skew + more->brow_skew, part);
    ease(&e->eye_open, goal->eye_open + more->eye_open, part);
    ease(&e->gaze_x, gaze_x + 0.16 * life * glance(e->seconds, 1), quick);
    ease(&e->gaze_y, gaze_y + 0.10 * life * glance(e->seconds, 7), quick);
    ease(&e->turn_x, gaze_x, part);
    ease(&e->turn_y, gaze_y, part);
    ease(&e->smile, goal->smile + more->smile, part);
    ease(&e->crest, goal->crest + more->crest + 0.08 * life * sin(e->seconds * 2.3), part);
    ease(&e->glow, goal->glow + more->glow, part);
}

void expression_step(struct expression *expression, enum face_mood mood, enum emotion emotion,
                     double elapsed_ms)
{
    const struct feeling *feeling = &feelings[emotion];
    double part = 1 - exp(-elapsed_ms / EASE_MS);
    double life = mood == FACE_OFFLINE ? 0.2 : 1;

    expression->seconds += elapsed_ms / 1000;
    step_face(expression, &moods[mood], &feeling->more, life, part);
    ease(&expression->wink, feeling->wink, part);
    ease(&expression->blush, feeling->blush, part);
    ease(&expression->heart, feeling->heart, part);
    ease(&expression->tear, feeling->tear, part);
    ease(&expression->limit, mood == FACE_LIMIT, part);
    ease(&expression->offline, mood == FACE_OFFLINE, part);
    ease(&expression->dots, mood == FACE_THINKING, part);
    expression->light = paint_mix(expression->light, lights[mood], part);
    expression->blink = blink_at(expression->seconds);
    ease(&expression->breath, life * sin(expression->seconds * 1.9), part);
}
