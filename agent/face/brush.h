/* brush.h - draws one shape of a pack by cairo, from its numbers (svg.h has their order) */
#ifndef AGENT_FACE_BRUSH_H
#define AGENT_FACE_BRUSH_H

#include <cairo.h>

#include "agent/face/pack.h"

/* Fills and strokes it; a shape that is a light takes this colour, 0xRRGGBB, instead of its own. */
void brush_draw(cairo_t *cr, const struct pack_shape *shape, const double *numbers, uint32_t light);

/* Its outline as the current path. */
void brush_path(cairo_t *cr, const struct svg_shape *svg, const double *numbers);

double brush_line_width(const struct svg_shape *svg, const double *numbers);

/* False: every paint is too transparent to be seen. */
bool brush_is_seen(const struct svg_shape *svg, const double *numbers);

#endif
