#include "agent/face/expression.h"

#include <math.h>

#include "agent/face/paint.h"

#define EASE_MS       130.0 /* time constant of brows and lids */
#define BLINK_MS      150.0
#define BLINK_EVERY_S 3.4

struct goal {
    double brow_lift, brow_tilt, brow_skew, eye_open, gaze_x, gaze_y, smile, crest, glow, gray,
        dots;
    uint32_t light;
};

static const struct goal goals[] = {
    [FACE_NEUTRAL] = {0.10, 0.05, 0, 0.93, 0, 0, 0.65, 0.15, 0.45, 0, 0, 0x35c6b4},
    [FACE_LISTENING] = {0.55, 0.10, 0, 1.08, 0, 0.05, 0.45, 0.75, 1.00, 0, 0, 0x4fd0ff},
    [FACE_THINKING] = {0.25, -0.15, 0.8, 0.92, 0.55, -0.65, 0.10, 0.40, 0.75, 0, 1, 0xb08cff},
    [FACE_SPEAKING] = {0.25, 0.05, 0.1, 0.96, 0, 0, 0.40, 0.30, 0.85, 0, 0, 0xffc24a},
    [FACE_LIMIT] = {-0.05, 0.75, 0, 0.78, 0, 0.40, -0.35, 0.00, 0.60, 0.10, 0, 0xff8a3c},
    [FACE_OFFLINE] = {-0.25, 0.35, 0, 0.45, 0, 0.30, -0.05, 0.00, 0.25, 0.60, 0, 0x8fa3b3},
};

void expression_init(struct expression *expression)
{
    *expression = (struct expression){.eye_open = 1, .smile = 0.5, .light = goals[0].light};
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

void expression_step(struct expression *expression, enum face_mood mood, double elapsed_ms)
{
    const struct goal *goal = &goals[mood];
    double part = 1 - exp(-elapsed_ms / EASE_MS);
    double life = mood == FACE_OFFLINE ? 0.2 : 1;
    double seconds = expression->seconds + elapsed_ms / 1000;

    expression->seconds = seconds;
    ease(&expression->brow_lift, goal->brow_lift + 0.07 * life * sin(seconds * 1.7), part);
    ease(&expression->brow_tilt, goal->brow_tilt, part);
    ease(&expression->brow_skew, goal->brow_skew, part);
    ease(&expression->eye_open, goal->eye_open, part);
    ease(&expression->gaze_x, goal->gaze_x + 0.16 * life * glance(seconds, 1),
         2 * part / (1 + part));
    ease(&expression->gaze_y, goal->gaze_y + 0.10 * life * glance(seconds, 7),
         2 * part / (1 + part));
    ease(&expression->smile, goal->smile, part);
    ease(&expression->crest, goal->crest + 0.08 * life * sin(seconds * 2.3), part);
    ease(&expression->glow, goal->glow, part);
    ease(&expression->gray, goal->gray, part);
    ease(&expression->dots, goal->dots, part);
    expression->light = paint_mix(expression->light, goal->light, part);
    expression->blink = blink_at(seconds);
    expression->bob = 2.2 * life * sin(seconds * 1.9);
}
