#include "agent/face/beat.h"

#define LAG_PART    16 /* of a new reading is believed: a quarter of a second settles it */
#define PERIOD_PART 32
#define BUSY_PART   8
/* While a picture is shown the display holds one that it was given and shows another: SDL's KMSDRM
 * waits for the flip before this one, its Wayland for the compositor's word that it drew. */
#define DISPLAY_DEPTH 2

void beat_init(struct beat *beat, enum beat_kind kind, int64_t period_ns, int64_t now_ns)
{
    *beat = (struct beat){
        .kind = kind, .period_ns = period_ns, .due_ns = now_ns, .shown_ns = now_ns, .frames = 1};
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A thread that draws without a pause would keep the whole robot from its work. */
static int least_frames(const struct beat *beat)
{
    return 1 + (int)(beat->busy_ns * 3 / 2 / beat->period_ns);
}

int64_t beat_next(struct beat *beat, int frames, int64_t now_ns)
{
    int64_t from_ns = beat->kind == BEAT_DISPLAY ? beat->shown_ns : beat->due_ns;

    beat->frames = frames > least_frames(beat) ? frames : least_frames(beat);
    /* what was missed is not made up for */
    beat->due_ns = larger(from_ns + beat->frames * beat->period_ns, now_ns);
    return beat->due_ns - larger(beat->period_ns, beat->busy_ns * 5 / 4);
}

void beat_begin(struct beat *beat, int64_t now_ns)
{
    beat->begun_ns = now_ns;
}

void beat_drawn(struct beat *beat, int64_t now_ns)
{
    beat->busy_ns += (now_ns - beat->begun_ns - beat->busy_ns) / BUSY_PART;
}

int64_t beat_seen_ns(const struct beat *beat)
{
    int64_t half_ns = beat->frames * beat->period_ns / 2;
    int ahead = beat->frames > DISPLAY_DEPTH ? beat->frames : DISPLAY_DEPTH;

    if (beat->kind == BEAT_DISPLAY)
        return beat->shown_ns + ahead * beat->period_ns + half_ns;
    return beat->due_ns + beat->lag_ns + half_ns;
}

int64_t beat_due_ns(const struct beat *beat)
{
    return beat->kind == BEAT_DISPLAY ? beat->shown_ns : beat->due_ns;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void beat_shown(struct beat *beat, int64_t now_ns)
{
    int64_t passed_ns = now_ns - beat->shown_ns;
    int64_t odd_ns = passed_ns - beat->period_ns;

    if (beat->kind == BEAT_OWN) /* a machine busy elsewhere tells nothing of its screen */
        beat->lag_ns +=
            (smaller(now_ns - beat->due_ns, beat->period_ns / 2) - beat->lag_ns) / LAG_PART;
    else if (beat->frames == 1 && odd_ns < beat->period_ns / 4 && odd_ns > -beat->period_ns / 4)
        beat->period_ns += odd_ns / PERIOD_PART;
    beat->shown_ns = now_ns;
}
