/* paint.h - the few strokes of cairo that every part of the avatar uses */
#ifndef AGENT_FACE_PAINT_H
#define AGENT_FACE_PAINT_H

#include <cairo.h>
#include <stdint.h>

/* 0xRRGGBB */
void paint_color(cairo_t *cr, uint32_t rgb, double alpha);

/* Colours mixed, part of b in 0..1. */
uint32_t paint_mix(uint32_t a, uint32_t b, double part);

/* A closed ellipse as the current path. */
void paint_ellipse(cairo_t *cr, double x, double y, double rx, double ry);

void paint_rounded(cairo_t *cr, double x, double y, double width, double height, double radius);

/* Sets a gradient from `from` to `to` as the source. */
void paint_linear(cairo_t *cr, double x0, double y0, double x1, double y1, uint32_t from,
                  uint32_t to);
void paint_radial(cairo_t *cr, double x, double y, double radius, uint32_t inner,
                  double inner_alpha, uint32_t outer, double outer_alpha);

#endif
