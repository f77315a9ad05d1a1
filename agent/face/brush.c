#include "agent/face/brush.h"

#include <math.h>

#include "agent/face/paint.h"

#define INVISIBLE (1.0 / 512) /* an opacity that no screen shows */

static void add_stops(cairo_pattern_t *pattern, const struct svg_paint *paint, const double *stop,
                      const uint32_t *light)
{
    for (size_t i = 0; i < paint->stop_count; i++, stop += SVG_STOP_NUMBERS) {
        double rgb[3] = {stop[1], stop[2], stop[3]};

        if (light)
            paint_channels(*light, rgb);
        cairo_pattern_add_color_stop_rgba(pattern, stop[0], rgb[0], rgb[1], rgb[2],
                                          fmax(stop[4], 0));
    }
}

/* The lines of equal colour run along the second axis of the matrix; the gradient runs square to
 * them. */
static cairo_pattern_t *linear_pattern(const double *m)
{
    double length = hypot(m[2], m[3]);
    double nx = length > 0 ? m[3] / length : 0, ny = length > 0 ? -m[2] / length : 0;
    double run = m[0] * nx + m[1] * ny;

    return cairo_pattern_create_linear(m[4], m[5], m[4] + nx * run, m[5] + ny * run);
}

/* Drawn about as large as it is seen: the pattern's matrix has few bits. */
static cairo_pattern_t *radial_pattern(const double *m)
{
    double size = fmax(fmax(hypot(m[0], m[1]), hypot(m[2], m[3])), 1e-3);
    cairo_pattern_t *pattern = cairo_pattern_create_radial(m[6] * size, m[7] * size, 0, 0, 0, size);
    cairo_matrix_t matrix;

    cairo_matrix_init(&matrix, m[0] / size, m[1] / size, m[2] / size, m[3] / size, m[4], m[5]);
    if (cairo_matrix_invert(&matrix) == CAIRO_STATUS_SUCCESS)
        cairo_pattern_set_matrix(pattern, &matrix);
    return pattern;
}

/* The paint becomes the source; false: it would not be seen. */
static bool set_source(cairo_t *cr, const struct svg_paint *paint, const double *numbers,
                       const uint32_t *light)
{
    const double *own = numbers + paint->at;

    if (paint->kind == SVG_PAINT_NONE)
        return false;
    if (paint->kind == SVG_PAINT_COLOR) {
        double rgb[3] = {own[0], own[1], own[2]};

        if (light)
            paint_channels(*light, rgb);
        cairo_set_source_rgba(cr, rgb[0], rgb[1], rgb[2], own[3]);
        return own[3] > INVISIBLE;
    }
    bool is_radial = paint->kind == SVG_PAINT_RADIAL;
    cairo_pattern_t *pattern = is_radial ? radial_pattern(own) : linear_pattern(own);
    add_stops(pattern, paint, own + SVG_MATRIX_NUMBERS + (is_radial ? 2 : 0), light);
    cairo_set_source(cr, pattern);
    cairo_pattern_destroy(pattern);
    return true;
}

void brush_path(cairo_t *cr, const struct svg_shape *svg, const double *xy)
{
    cairo_new_path(cr);
    for (size_t i = 0; i < svg->op_count; i++) {
        if (svg->ops[i] == SVG_PATH_MOVE) {
            cairo_move_to(cr, xy[0], xy[1]);
            xy += 2;
        } else if (svg->ops[i] == SVG_PATH_CURVE) {
            cairo_curve_to(cr, xy[0], xy[1], xy[2], xy[3], xy[4], xy[5]);
            xy += 6;
        } else {
            cairo_close_path(cr);
        }
    }
    cairo_set_fill_rule(cr, svg->is_even_odd ? CAIRO_FILL_RULE_EVEN_ODD : CAIRO_FILL_RULE_WINDING);
}

double brush_line_width(const struct svg_shape *svg, const double *numbers)
{
    return numbers[svg->number_count - 1];
}

void brush_draw(cairo_t *cr, const struct pack_shape *shape, const double *numbers, uint32_t light)
{
    static const cairo_line_cap_t caps[] = {CAIRO_LINE_CAP_BUTT, CAIRO_LINE_CAP_ROUND,
                                            CAIRO_LINE_CAP_SQUARE};
    static const cairo_line_join_t joins[] = {CAIRO_LINE_JOIN_MITER, CAIRO_LINE_JOIN_ROUND,
                                              CAIRO_LINE_JOIN_BEVEL};
    const struct svg_shape *svg = shape->svg;
    const uint32_t *mood = shape->is_light ? &light : NULL;

    brush_path(cr, svg, numbers);
    if (set_source(cr, &svg->fill, numbers, mood))
        cairo_fill_preserve(cr);
    if (brush_line_width(svg, numbers) > 0 && set_source(cr, &svg->stroke, numbers, mood)) {
        cairo_set_line_width(cr, brush_line_width(svg, numbers));
        cairo_set_line_cap(cr, caps[svg->cap]);
        cairo_set_line_join(cr, joins[svg->join]);
        cairo_set_miter_limit(cr, 4);
        cairo_stroke(cr);
    }
    cairo_new_path(cr);
}

static bool paint_is_seen(const struct svg_paint *paint, const double *numbers)
{
    const double *own = numbers + paint->at;

    if (paint->kind == SVG_PAINT_COLOR)
        return own[3] > INVISIBLE;
    own += SVG_MATRIX_NUMBERS + (paint->kind == SVG_PAINT_RADIAL ? 2 : 0);
    for (size_t i = 0; i < paint->stop_count; i++, own += SVG_STOP_NUMBERS)
        if (own[4] > INVISIBLE)
            return true;
    return false;
}

bool brush_is_seen(const struct svg_shape *svg, const double *numbers)
{
    return paint_is_seen(&svg->fill, numbers) || paint_is_seen(&svg->stroke, numbers);
}
