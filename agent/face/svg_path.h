/* svg_path.h - outlines: path data and basic shapes of SVG as cubic curves
 *
 * Lines become curves with their handles on the line, so that a straight edge and a bent one have
 * the same nodes and one can turn into the other. Pure; memory comes from the arena.
 */
#ifndef AGENT_FACE_SVG_PATH_H
#define AGENT_FACE_SVG_PATH_H

#include <stdint.h>

#include "schema/base/arena.h"

#define SVG_PATH_MAX_OPS 1024

enum svg_path_op {
    SVG_PATH_MOVE = 0,  /* one point */
    SVG_PATH_CURVE = 1, /* two handles and the point */
    SVG_PATH_CLOSE = 2, /* none */
};

/* Plain data. */
struct svg_path {
    uint8_t *ops; /* enum svg_path_op */
    size_t op_count;
    double *xy; /* 2 * point_count */
    size_t point_count;
};

/* x' = a x + c y + e, y' = b x + d y + f */
struct svg_path_matrix {
    double a, b, c, d, e, f;
};

/* The attribute d. STATUS_INVALID: *why says what cannot be read, static text; STATUS_MEMORY. */
MUST_CHECK enum status svg_path_parse(struct arena *arena, const char *data, struct svg_path *path,
                                      const char **why);

/* x, y of the corners, one after the other. */
MUST_CHECK enum status svg_path_polygon(struct arena *arena, const double *xy, size_t count,
                                        bool is_closed, struct svg_path *path);
MUST_CHECK enum status svg_path_ellipse(struct arena *arena, double x, double y, double rx,
                                        double ry, struct svg_path *path);
MUST_CHECK enum status svg_path_rectangle(struct arena *arena, const double box[4], double rx,
                                          double ry, struct svg_path *path);

/* Reads a number and the comma or blanks behind it; false: there is none. Never depends on the
 * locale. */
bool svg_path_number(const char **text, double *number);

/* The result of b first, then a. */
struct svg_path_matrix svg_path_multiply(struct svg_path_matrix a, struct svg_path_matrix b);
void svg_path_transform(struct svg_path *path, struct svg_path_matrix matrix);

/* left, top, right, bottom of the curves; of an empty path zeros. */
void svg_path_extent(const struct svg_path *path, double box[4]);

#endif
