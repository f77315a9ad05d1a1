/* mouth.h - draws a mouth pose: beak, lips, cavity, tongue, teeth
 *
 * Every pose is the same four inner and six outer curves with other control points, so that any two
 * shapes blend without a jump.
 */
#ifndef AGENT_FACE_MOUTH_H
#define AGENT_FACE_MOUTH_H

#include <cairo.h>

#include "agent/face/track.h"

/* Around (x, y), about 170 wide at scale 1. smile: -1 to 1, lifts the corners. */
void mouth_draw(cairo_t *cr, double x, double y, double scale, const struct track_pose *pose,
                double smile);

#endif
