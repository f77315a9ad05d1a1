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

void paint_channels(uint32_t rgb, double out[3])
{
    for (unsigned i = 0; i < 3; i++)
        out[i] = channel(rgb, 16 - 8 * i);
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

void paint_rounded(cairo_t *cr, double x, double y, double width, double height, double radius)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + width - radius, y + radius, radius, -M_PI / 2, 0);
    cairo_arc(cr, x + width - radius, y + height - radius, radius, 0, M_PI / 2);
    cairo_arc(cr, x + radius, y + height - radius, radius, M_PI / 2, M_PI);
    cairo_arc(cr, x + radius, y + radius, radius, M_PI, 3 * M_PI / 2);
    cairo_close_path(cr);
}
