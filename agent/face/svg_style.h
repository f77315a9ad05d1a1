/* svg_style.h - how shapes of an SVG are painted: presentation attributes, style, transforms
 *
 * Pure: values in, values out.
 */
#ifndef AGENT_FACE_SVG_STYLE_H
#define AGENT_FACE_SVG_STYLE_H

#include "agent/face/svg_path.h"
#include "agent/face/xml.h"

#define SVG_STYLE_ID_SIZE 64

struct svg_style_paint {
    enum { SVG_STYLE_NONE, SVG_STYLE_COLOR, SVG_STYLE_LINK } kind;
    double rgb[3];
    char id[SVG_STYLE_ID_SIZE]; /* of a gradient */
};

/* Inherited from group to shape, but for what is marked. */
struct svg_style {
    struct svg_style_paint fill, stroke;
    double fill_opacity, stroke_opacity;
    double opacity; /* of this element and all around it */
    double stroke_width;
    bool is_even_odd;
    uint8_t cap, join;
    char clip[SVG_STYLE_ID_SIZE]; /* not inherited; "": none */
    bool is_hidden;               /* not inherited */
    double stop_rgb[3], stop_opacity;
    struct svg_path_matrix matrix; /* to the picture */
};

void svg_style_init(struct svg_style *style);

/* Takes over what the element says. STATUS_INVALID: *why, static text. */
MUST_CHECK enum status svg_style_apply(struct svg_style *style, const struct xml_element *element,
                                       const char **why);

/* The attribute transform, gradientTransform... NULL: the identity. */
MUST_CHECK enum status svg_style_matrix(const char *text, struct svg_path_matrix *matrix);

/* What "#id" links to; false: it is no such link. */
bool svg_style_link(const char *text, char id[SVG_STYLE_ID_SIZE]);

#endif
