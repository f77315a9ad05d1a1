#include "agent/face/rects.h"

/* Drawing one rectangle costs as much as that many pixels. */
#define OVERHEAD 1500

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static long area(const struct rect *rect)
{
    return rects_is_empty(rect) ? 0 : (long)(rect->right - rect->left) * (rect->bottom - rect->top);
}

bool rects_is_empty(const struct rect *rect)
{
    return rect->left >= rect->right || rect->top >= rect->bottom;
}

struct rect rects_cut(const struct rect *a, const struct rect *b)
{
    return (struct rect){larger(a->left, b->left), larger(a->top, b->top),
                         smaller(a->right, b->right), smaller(a->bottom, b->bottom)};
}

struct rect rects_around(const struct rect *a, const struct rect *b)
{
    if (rects_is_empty(a))
        return *b;
    if (rects_is_empty(b))
        return *a;
    return (struct rect){smaller(a->left, b->left), smaller(a->top, b->top),
                         larger(a->right, b->right), larger(a->bottom, b->bottom)};
}

bool rects_touch(const struct rect *a, const struct rect *b)
{
    struct rect both = rects_cut(a, b);

    return !rects_is_empty(&both);
}

static long waste(const struct rect *a, const struct rect *b)
{
    struct rect both = rects_around(a, b);

    return area(&both) - area(a) - area(b);
}

static void take_out(struct rects *rects, size_t index)
{
    rects->at[index] = rects->at[--rects->count];
}

/* The one that is best joined with rect, or count: none need be. */
static size_t partner(const struct rects *rects, const struct rect *rect)
{
    size_t best = rects->count;
    long least = rects->count == RECTS_MAX ? 0 : OVERHEAD;

    for (size_t i = 0; i < rects->count; i++) {
        if (rects_touch(&rects->at[i], rect))
            return i;
        long wasted = waste(&rects->at[i], rect);
        if (wasted < least || (rects->count == RECTS_MAX && best == rects->count)) {
            best = i;
            least = wasted;
        }
    }
    return best;
}

void rects_add(struct rects *rects, const struct rect *rect, const struct rect *bounds)
{
    struct rect added = rects_cut(rect, bounds);

    if (rects_is_empty(&added))
        return;
    for (size_t i = partner(rects, &added); i < rects->count; i = partner(rects, &added)) {
        added = rects_around(&added, &rects->at[i]);
        take_out(rects, i);
    }
    rects->at[rects->count++] = added;
}

size_t rects_area(const struct rects *rects)
{
    size_t sum = 0;

    for (size_t i = 0; i < rects->count; i++)
        sum += (size_t)area(&rects->at[i]);
    return sum;
}
