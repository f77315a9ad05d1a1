/* rects.h - which parts of a picture changed: a few rectangles of pixels, joined where that pays
 *
 * Pure.
 */
#ifndef AGENT_FACE_RECTS_H
#define AGENT_FACE_RECTS_H

#include <stdbool.h>
#include <stddef.h>

#define RECTS_MAX 8

/* Pixels with left <= x < right and top <= y < bottom; empty when there is none. */
struct rect {
    int left, top, right, bottom;
};

/* Fields may be read; zero it first. */
struct rects {
    struct rect at[RECTS_MAX];
    size_t count;
};

bool rects_is_empty(const struct rect *rect);
struct rect rects_cut(const struct rect *a, const struct rect *b);
struct rect rects_around(const struct rect *a, const struct rect *b);
bool rects_touch(const struct rect *a, const struct rect *b);

/* Adds what of rect lies inside the bounds. No two rectangles overlap afterwards, and all that was
 * ever added is covered. */
void rects_add(struct rects *rects, const struct rect *rect, const struct rect *bounds);

/* Pixels in all of them. */
size_t rects_area(const struct rects *rects);

#endif
