/* svg.h - reads the part of SVG that faces are drawn in
 *
 * Groups, paths and basic shapes with solid colours, linear and radial gradients, strokes, clip
 * paths of one shape, transforms. Everything else is refused with its line, never drawn wrong
 * (PACKS.md has the list). Each shape becomes one row of numbers (its nodes, then its paints, then
 * its line's width) beside a description of what the numbers are: two shapes of equal description
 * can be blended number by number.
 */
#ifndef AGENT_FACE_SVG_H
#define AGENT_FACE_SVG_H

#include "agent/face/svg_path.h"
#include "agent/face/xml.h"

#define SVG_MAX_STOPS    8
#define SVG_PROBLEM_SIZE XML_PROBLEM_SIZE
#define SVG_SIZE         480.0 /* the picture's view box becomes that wide and high */

enum svg_paint_kind {
    SVG_PAINT_NONE = 0,
    SVG_PAINT_COLOR = 1,  /* red, green, blue, alpha */
    SVG_PAINT_LINEAR = 2, /* matrix of the unit gradient along x, then stops */
    SVG_PAINT_RADIAL = 3, /* matrix of the unit circle, focus x and y in it, then stops */
};

#define SVG_MATRIX_NUMBERS 6
#define SVG_STOP_NUMBERS   5 /* offset, red, green, blue, alpha */

/* What a paint's numbers are. */
struct svg_paint {
    enum svg_paint_kind kind;
    uint8_t stop_count;
    uint32_t at; /* of the shape's numbers */
};

struct svg_shape {
    const char *name; /* its label in the drawing program, else its id, else "" */
    unsigned line;
    const uint8_t *ops; /* enum svg_path_op */
    size_t op_count;
    size_t point_count;
    bool is_even_odd;
    uint8_t cap, join; /* of the line: 0 butt or miter, 1 round, 2 square or bevel */
    struct svg_paint fill, stroke;
    size_t number_count; /* 2 * point_count, fill, stroke, line width */
    double *numbers;
};

/* A shape or a group. */
struct svg_node {
    const char *name;
    unsigned line;
    bool is_hidden;
    const struct svg_shape *shape; /* NULL: a group */
    const struct svg_shape *clip;  /* NULL: none */
    struct svg_node *first, *last, *next;
};

/* The arena owns everything. STATUS_INVALID: problem says "line 12: why". STATUS_MEMORY. */
MUST_CHECK enum status svg_read(struct arena *arena, struct span text, const struct svg_node **root,
                                char problem[SVG_PROBLEM_SIZE]);

/* Whether the numbers of both mean the same; if not, *why says what differs, static text. */
bool svg_is_alike(const struct svg_shape *a, const struct svg_shape *b, const char **why);

#endif
