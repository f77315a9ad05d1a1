#include "agent/face/rig.h"

#include <math.h>

/* The widest mouth of speech (viseme I: width 0.6) is nearly the artist's widest. */
#define WIDEST 0.7

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* One axis from spread to round, linear on each side, so that what blends in the track blends
 * here. */
static double lip_of(const struct track_pose *mouth)
{
    double lip = (double)mouth->width - 0.15 * (double)mouth->round;

    return lip > 0 ? lip / WIDEST : lip;
}

/* Lips that must meet are pressed on each other. */
static double press_of(const struct track_pose *mouth)
{
    return clamp(1 - (double)mouth->cap * 4, 0, 1) * clamp(1 - (double)mouth->open * 8, 0, 1);
}

static double dot(const struct expression *e, double phase)
{
    return e->dots * (0.65 + 0.35 * sin(e->seconds * 6 - phase));
}

void rig_values(const struct track_pose *mouth, const struct expression *e,
                struct pack_values *values)
{
    *values = (struct pack_values){{
        [PACK_OPEN] = (double)mouth->open,
        [PACK_LIP] = lip_of(mouth),
        [PACK_JAW] = (double)mouth->jaw,
        [PACK_TEETH_UP] = (double)mouth->teeth_up,
        [PACK_TEETH_LOW] = (double)mouth->teeth_low,
        [PACK_TONGUE] = (double)mouth->tongue,
        [PACK_BITE] = (double)mouth->tuck,
        [PACK_PRESS] = press_of(mouth),
        [PACK_SMILE] = e->smile,
        [PACK_EYE] = e->eye_open * (1 - e->blink),
        [PACK_WINK] = e->wink,
        [PACK_LOOK_X] = e->gaze_x,
        [PACK_LOOK_Y] = e->gaze_y,
        [PACK_BROW_LIFT] = e->brow_lift,
        [PACK_BROW_TILT] = e->brow_tilt,
        [PACK_BROW_SKEW] = e->brow_skew,
        [PACK_TURN_X] = e->turn_x,
        [PACK_TURN_Y] = e->turn_y,
        [PACK_CREST] = e->crest,
        [PACK_BREATH] = e->breath,
        [PACK_GLOW] = e->glow,
        [PACK_BLUSH] = e->blush,
        [PACK_HEART] = e->heart,
        [PACK_TEAR] = e->tear,
        [PACK_DOT_1] = dot(e, 0),
        [PACK_DOT_2] = dot(e, 0.9),
        [PACK_DOT_3] = dot(e, 1.8),
        [PACK_LIMIT] = e->limit,
        [PACK_OFFLINE] = e->offline,
    }};
    pack_settle(values);
}
