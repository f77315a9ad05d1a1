#include "agent/face/paint.h"

#include <math.h>

static double channel(uint32_t rgb, unsigned shift)
{
    return (double)(rgb >> shift & 0xff) / 255.0;
}

void paint_color(cairo_t *cr, uint32_t rgb, double alpha)
{
    cairo_set_source_rgba(cr, channel(rgb, 16), channel(rgb, 8), channel(rgb, 0), alpha);
}

uint32_t paint_mix(uint32_t a, uint32_t b, double part)
{
    uint32_t mixed = 0;

    for (unsigned shift = 0; shift <= 16; shift += 8) {
        double value = channel(a, shift) * (1 - part) + channel(b, shift) * part;

        mixed |= (uint32_t)lrint(value * 255) << shift;
    }
    return mixed;
}

void paint_ellipse(cairo_t *cr, double x, double y, double rx, double ry)
{
    cairo_matrix_t saved;

    cairo_get_matrix(cr, &saved);
    cairo_translate(cr, x, y);
    cairo_scale(cr, rx, ry);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
    cairo_close_path(cr);
    cairo_set_matrix(cr, &saved);
}

void paint_rounded(cairo_t *cr, double x, double y, double width, double height, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + width - radius, y + radius, radius, -M_PI / 2, 0);
    cairo_arc(cr, x + width - radius, y + height - radius, radius, 0, M_PI / 2);
    cairo_arc(cr, x + radius, y + height - radius, radius, M_PI / 2, M_PI);
    cairo_arc(cr, x + radius, y + radius, radius, M_PI, 3 * M_PI / 2);
    cairo_close_path(cr);
}

/* cairo keeps its own reference to the pattern. */
static void use(cairo_t *cr, cairo_pattern_t *pattern)
{
    cairo_set_source(cr, pattern);
    cairo_pattern_destroy(pattern);
}

static void add_stop(cairo_pattern_t *pattern, double at, uint32_t rgb, double alpha)
{
    cairo_pattern_add_color_stop_rgba(pattern, at, channel(rgb, 16), channel(rgb, 8),
                                      channel(rgb, 0), alpha);
}

void paint_linear(cairo_t *cr, double x0, double y0, double x1, double y1, uint32_t from,
                  uint32_t to)
{
    cairo_pattern_t *pattern = cairo_pattern_create_linear(x0, y0, x1, y1);

    add_stop(pattern, 0, from, 1);
    add_stop(pattern, 1, to, 1);
    use(cr, pattern);
}

void paint_radial(cairo_t *cr, double x, double y, double radius, uint32_t inner,
                  double inner_alpha, uint32_t outer, double outer_alpha)
{
    cairo_pattern_t *pattern = cairo_pattern_create_radial(x, y, 0, x, y, radius);

    add_stop(pattern, 0, inner, inner_alpha);
    add_stop(pattern, 1, outer, outer_alpha);
    use(cr, pattern);
}
