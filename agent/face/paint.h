/* paint.h - the few strokes of cairo that texts and labels use */
#ifndef AGENT_FACE_PAINT_H
#define AGENT_FACE_PAINT_H

#include <cairo.h>
#include <stdint.h>

/* 0xRRGGBB */
void paint_color(cairo_t *cr, uint32_t rgb, double alpha);

/* Red, green, blue of 0..1. */
void paint_channels(uint32_t rgb, double out[3]);

/* Colours mixed, part of b in 0..1. */
uint32_t paint_mix(uint32_t a, uint32_t b, double part);

void paint_rounded(cairo_t *cr, double x, double y, double width, double height, double radius);

#endif
