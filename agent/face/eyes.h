/* eyes.h - draws eyes and brows of an expression */
#ifndef AGENT_FACE_EYES_H
#define AGENT_FACE_EYES_H

#include <cairo.h>

#include "agent/face/expression.h"

/* The pair, centred between the eyes at (x, y). */
void eyes_draw(cairo_t *cr, double x, double y, const struct expression *expression);

#endif
