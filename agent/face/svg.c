#include "agent/face/svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/face/svg_style.h"

#define MAX_LINKS   4 /* from gradient to gradient */
#define MAX_CORNERS 256
#define LEAST_BOX   0.5
#define FARTHEST    1e5

struct reader {
    struct arena *arena;
    const struct xml_element *document;
    char *problem;
};

static enum status refuse(struct reader *reader, const struct xml_element *element, const char *why)
{
    snprintf(reader->problem, SVG_PROBLEM_SIZE, "line %u: %s", element->line, why);
    return STATUS_INVALID;
}

static bool is(const struct xml_element *element, const char *name)
{
    return strcmp(element->name, name) == 0;
}

static const struct xml_element *next_in_document(const struct xml_element *at)
{
    if (at->first)
        return at->first;
    while (at && !at->next)
        at = at->parent;
    return at ? at->next : NULL;
}

static const struct xml_element *find(const struct reader *reader, const char *id)
{
    for (const struct xml_element *at = reader->document; at; at = next_in_document(at)) {
        const char *own = xml_attribute(at, "id");

        if (own && strcmp(own, id) == 0)
            return at;
    }
    return NULL;
}

static const char *name_of(const struct xml_element *element)
{
    const char *label = xml_attribute(element, "inkscape:label");
    const char *id = xml_attribute(element, "id");

    return label ? label : id ? id : "";
}

/* --- outlines --- */

/* A length or, with percent allowed, a part; fallback when absent. */
static double number_of(const struct xml_element *element, const char *name, double fallback)
{
    const char *text = xml_attribute(element, name);
    double number;

    if (!text || !svg_path_number(&text, &number))
        return fallback;
    return *text == '%' ? number / 100 : number;
}

static enum status read_rectangle(struct reader *reader, const struct xml_element *element,
                                  struct svg_path *path)
{
    const double box[4] = {number_of(element, "x", 0), number_of(element, "y", 0),
                           number_of(element, "width", 0), number_of(element, "height", 0)};
    double rx = number_of(element, "rx", -1), ry = number_of(element, "ry", -1);

    rx = rx < 0 ? fmax(ry, 0) : rx;
    ry = ry < 0 ? rx : ry;
    if (!(box[2] > 0 && box[3] > 0))
        return refuse(reader, element, "a rectangle has no size");
    return svg_path_rectangle(reader->arena, box, rx, ry, path);
}

static enum status read_ellipse(struct reader *reader, const struct xml_element *element,
                                struct svg_path *path)
{
    double r = number_of(element, "r", 0);

    double rx = number_of(element, "rx", r), ry = number_of(element, "ry", r);
    if (!(rx > 0 && ry > 0))
        return refuse(reader, element, "a circle or ellipse has no size");
    return svg_path_ellipse(reader->arena, number_of(element, "cx", 0), number_of(element, "cy", 0),
                            rx, ry, path);
}

static enum status read_corners(struct reader *reader, const struct xml_element *element,
                                struct svg_path *path)
{
    const char *text = xml_attribute(element, "points");
    double xy[2 * MAX_CORNERS];
    size_t count = 0;

    while (text && count < 2 * MAX_CORNERS && svg_path_number(&text, &xy[count]))
        count++;
    if (count < 4 || count % 2 || *text)
        return refuse(reader, element, "the points of a polygon cannot be read");
    return svg_path_polygon(reader->arena, xy, count / 2, is(element, "polygon"), path);
}

static enum status read_line(struct reader *reader, const struct xml_element *element,
                             struct svg_path *path)
{
    const double xy[4] = {number_of(element, "x1", 0), number_of(element, "y1", 0),
                          number_of(element, "x2", 0), number_of(element, "y2", 0)};

    return svg_path_polygon(reader->arena, xy, 2, false, path);
}

static enum status read_path(struct reader *reader, const struct xml_element *element,
                             struct svg_path *path)
{
    const char *data = xml_attribute(element, "d"), *why = "";

    enum status status = svg_path_parse(reader->arena, data ? data : "", path, &why);
    return status == STATUS_INVALID ? refuse(reader, element, why) : status;
}

static const struct {
    const char *name;
    enum status (*read)(struct reader *reader, const struct xml_element *element,
                        struct svg_path *path);
} outlines[] = {
    {"path", read_path},       {"rect", read_rectangle},  {"circle", read_ellipse},
    {"ellipse", read_ellipse}, {"polygon", read_corners}, {"polyline", read_corners},
    {"line", read_line},
};

/* NULL: the element is no shape. */
static enum status (*outline_reader(const struct xml_element *element))(struct reader *,
                                                                        const struct xml_element *,
                                                                        struct svg_path *)
{
    for (size_t i = 0; i < sizeof outlines / sizeof outlines[0]; i++)
        if (is(element, outlines[i].name))
            return outlines[i].read;
    return NULL;
}

/* --- paints --- */

/* A gradient, with what it takes from the ones that it links to. */
struct gradient {
    const struct xml_element *own; /* where the geometry stands */
    const struct xml_element *stops;
    bool is_box; /* measured in the shape's box */
    struct svg_path_matrix matrix;
};

static const char *link_of(const struct xml_element *element)
{
    const char *link = xml_attribute(element, "xlink:href");

    return link ? link : xml_attribute(element, "href");
}

static bool is_gradient(const struct xml_element *element)
{
    return element && (is(element, "linearGradient") || is(element, "radialGradient"));
}

static enum status find_gradient(struct reader *reader, const struct xml_element *user,
                                 const char *id, struct gradient *gradient)
{
    const struct xml_element *at = find(reader, id);
    const char *units, *link;
    char next[SVG_STYLE_ID_SIZE];

    if (!is_gradient(at))
        return refuse(reader, user, "url(#) names no gradient of this file");
    units = xml_attribute(at, "gradientUnits");
    *gradient = (struct gradient){.own = at, .is_box = !units || strcmp(units, "userSpaceOnUse")};
    if (svg_style_matrix(xml_attribute(at, "gradientTransform"), &gradient->matrix) != STATUS_OK)
        return refuse(reader, at, "gradientTransform cannot be read");
    for (int i = 0; i < MAX_LINKS && is_gradient(at); i++) {
        gradient->stops = at;
        link = link_of(at);
        if (at->first || !link || !svg_style_link(link, next))
            break;
        at = find(reader, next);
    }
    return STATUS_OK;
}

static enum status add_stops(struct reader *reader, const struct gradient *gradient, double opacity,
                             struct svg_paint *paint, double **numbers)
{
    for (const struct xml_element *at = gradient->stops->first; at; at = at->next) {
        struct svg_style style;
        const char *why = "";

        if (!is(at, "stop"))
            continue;
        svg_style_init(&style);
        if (svg_style_apply(&style, at, &why) != STATUS_OK)
            return refuse(reader, at, why);
        if (paint->stop_count == SVG_MAX_STOPS)
            return refuse(reader, at, "a gradient has more than 8 stops");
        paint->stop_count++;
        *(*numbers)++ = fmin(fmax(number_of(at, "offset", 0), 0), 1);
        for (size_t i = 0; i < 3; i++)
            *(*numbers)++ = style.stop_rgb[i];
        *(*numbers)++ = style.stop_opacity * opacity;
    }
    return paint->stop_count > 0 ? STATUS_OK
                                 : refuse(reader, gradient->own, "a gradient has no stops");
}

static void add_matrix(double **numbers, const struct svg_path_matrix *m)
{
    const double values[SVG_MATRIX_NUMBERS] = {m->a, m->b, m->c, m->d, m->e, m->f};

    memcpy(*numbers, values, sizeof values);
    *numbers += SVG_MATRIX_NUMBERS;
}

/* The line from (0, 0) to (1, 0) laid where the gradient runs. */
static struct svg_path_matrix linear_basis(const struct xml_element *own)
{
    double x = number_of(own, "x1", 0), y = number_of(own, "y1", 0);
    double dx = number_of(own, "x2", 1) - x, dy = number_of(own, "y2", 0) - y;

    return (struct svg_path_matrix){dx, dy, -dy, dx, x, y};
}

static struct svg_path_matrix radial_basis(const struct xml_element *own)
{
    double r = number_of(own, "r", 0.5);

    return (struct svg_path_matrix){
        r, 0, 0, r, number_of(own, "cx", 0.5), number_of(own, "cy", 0.5)};
}

static bool is_flat(const struct svg_path_matrix *m)
{
    return !(fabs(m->a * m->d - m->b * m->c) > 1e-9);
}

static enum status add_gradient(struct reader *reader, const struct xml_element *user,
                                const struct svg_path_matrix *to_picture, const double box[4],
                                const char *id, double opacity, struct svg_paint *paint,
                                double **numbers)
{
    struct gradient gradient;
    enum status status = find_gradient(reader, user, id, &gradient);

    if (status != STATUS_OK)
        return status;
    bool is_radial = is(gradient.own, "radialGradient");
    struct svg_path_matrix basis =
        is_radial ? radial_basis(gradient.own) : linear_basis(gradient.own);
    struct svg_path_matrix matrix = *to_picture;
    if (gradient.is_box) /* a shut mouth has no height, but opens */
        matrix = svg_path_multiply(
            matrix, (struct svg_path_matrix){fmax(box[2] - box[0], LEAST_BOX), 0, 0,
                                             fmax(box[3] - box[1], LEAST_BOX), box[0], box[1]});
    matrix = svg_path_multiply(svg_path_multiply(matrix, gradient.matrix), basis);
    if (is_flat(&matrix))
        return refuse(reader, gradient.own, "a gradient has no length, or its shape no area");
    paint->kind = is_radial ? SVG_PAINT_RADIAL : SVG_PAINT_LINEAR;
    add_matrix(numbers, &matrix);
    if (is_radial) {
        double cx = number_of(gradient.own, "cx", 0.5), cy = number_of(gradient.own, "cy", 0.5);
        double r = number_of(gradient.own, "r", 0.5);

        *(*numbers)++ = (number_of(gradient.own, "fx", cx) - cx) / r;
        *(*numbers)++ = (number_of(gradient.own, "fy", cy) - cy) / r;
    }
    return add_stops(reader, &gradient, opacity, paint, numbers);
}

/* --- shapes --- */

/* Room for nodes, two paints and the width. */
static size_t most_numbers(const struct svg_path *path)
{
    return 2 * path->point_count + 2 * (SVG_MATRIX_NUMBERS + 2 + SVG_MAX_STOPS * SVG_STOP_NUMBERS) +
           1;
}

struct place {
    const struct xml_element *element;
    const struct svg_style *style;
    double box[4]; /* of the shape in its own units */
};

static enum status add_paint(struct reader *reader, const struct place *place,
                             const struct svg_style_paint *from, double opacity,
                             struct svg_shape *shape, struct svg_paint *paint)
{
    double *numbers = shape->numbers + shape->number_count;
    enum status status = STATUS_OK;

    *paint = (struct svg_paint){.at = (uint32_t)shape->number_count};
    opacity *= place->style->opacity;
    if (from->kind == SVG_STYLE_LINK) {
        status = add_gradient(reader, place->element, &place->style->matrix, place->box, from->id,
                              opacity, paint, &numbers);
    } else if (from->kind == SVG_STYLE_COLOR) {
        paint->kind = SVG_PAINT_COLOR;
        memcpy(numbers, from->rgb, sizeof from->rgb);
        numbers[3] = opacity;
        numbers += 4;
    }
    shape->number_count = (size_t)(numbers - shape->numbers);
    return status;
}

static enum status make_shape(struct reader *reader, const struct xml_element *element,
                              const struct svg_style *style, struct svg_shape **out)
{
    struct place place = {.element = element, .style = style};
    struct svg_path path;

    enum status status = outline_reader(element)(reader, element, &path);
    if (status != STATUS_OK)
        return status;
    struct svg_shape *shape = arena_take(reader->arena, sizeof *shape);
    double *numbers = arena_take(reader->arena, most_numbers(&path) * sizeof *numbers);
    if (!shape || !numbers)
        return STATUS_MEMORY;
    svg_path_extent(&path, place.box);
    svg_path_transform(&path, style->matrix);
    memcpy(numbers, path.xy, 2 * path.point_count * sizeof *numbers);
    *shape = (struct svg_shape){.name = name_of(element),
                                .line = element->line,
                                .ops = path.ops,
                                .op_count = path.op_count,
                                .point_count = path.point_count,
                                .is_even_odd = style->is_even_odd,
                                .cap = style->cap,
                                .join = style->join,
                                .number_count = 2 * path.point_count,
                                .numbers = numbers};
    status = add_paint(reader, &place, &style->fill, style->fill_opacity, shape, &shape->fill);
    if (status == STATUS_OK)
        status =
            add_paint(reader, &place, &style->stroke, style->stroke_opacity, shape, &shape->stroke);
    const struct svg_path_matrix *m = &style->matrix;
    numbers[shape->number_count++] = style->stroke_width * sqrt(fabs(m->a * m->d - m->b * m->c));
    for (size_t i = 0; i < shape->number_count && status == STATUS_OK; i++)
        if (!(fabs(numbers[i]) <= FARTHEST))
            status = refuse(reader, element, "it lies too far outside of the picture");
    *out = shape;
    return status;
}

static enum status make_clip(struct reader *reader, const struct xml_element *user,
                             const struct svg_style *style, const struct svg_shape **out)
{
    const struct xml_element *clip = find(reader, style->clip);
    struct svg_style inner = *style;
    struct svg_shape *shape = NULL;
    const char *why = "";

    if (!clip || !is(clip, "clipPath"))
        return refuse(reader, user, "clip-path names no clipPath of this file");
    inner.fill = (struct svg_style_paint){.kind = SVG_STYLE_NONE};
    inner.stroke = inner.fill;
    for (const struct xml_element *at = clip->first; at; at = at->next) {
        if (strchr(at->name, ':') || is(at, "title") || is(at, "desc"))
            continue;
        if (shape || !outline_reader(at))
            return refuse(reader, at, "a clipPath holds exactly one shape");
        if (svg_style_apply(&inner, at, &why) != STATUS_OK)
            return refuse(reader, at, why);
        inner.fill.kind = inner.stroke.kind = SVG_STYLE_NONE;
        enum status status = make_shape(reader, at, &inner, &shape);
        if (status != STATUS_OK)
            return status;
    }
    *out = shape;
    return shape ? STATUS_OK : refuse(reader, clip, "a clipPath holds exactly one shape");
}

/* --- the tree --- */

/* What a drawing program leaves in a file beside the drawing. */
static bool is_ignored(const struct xml_element *element)
{
    static const char *const names[] = {"defs",           "title",          "desc",    "metadata",
                                        "linearGradient", "radialGradient", "clipPath"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(element, names[i]))
            return true;
    return strchr(element->name, ':') != NULL;
}

static enum status read_children(struct reader *reader, const struct xml_element *parent,
                                 const struct svg_style *style, struct svg_node *group);

static enum status read_node(struct reader *reader, const struct xml_element *element,
                             const struct svg_style *outer, struct svg_node *node)
{
    struct svg_style style = *outer;
    struct svg_shape *shape = NULL;
    const char *why = "";
    enum status status = STATUS_OK;

    if (svg_style_apply(&style, element, &why) != STATUS_OK)
        return refuse(reader, element, why);
    *node = (struct svg_node){
        .name = name_of(element), .line = element->line, .is_hidden = style.is_hidden};
    if (style.clip[0])
        status = make_clip(reader, element, &style, &node->clip);
    if (status != STATUS_OK)
        return status;
    if (outline_reader(element)) {
        status = make_shape(reader, element, &style, &shape);
        node->shape = shape;
        return status;
    }
    if (is(element, "g"))
        return read_children(reader, element, &style, node);
    snprintf(reader->problem, SVG_PROBLEM_SIZE,
             "line %u: <%.40s> is not drawn; convert it to paths (text, images, clones) or take it "
             "out",
             element->line, element->name);
    return STATUS_INVALID;
}

static enum status read_children(struct reader *reader, const struct xml_element *parent,
                                 const struct svg_style *style, struct svg_node *group)
{
    enum status status = STATUS_OK;

    for (const struct xml_element *at = parent->first; at && status == STATUS_OK; at = at->next) {
        if (is_ignored(at))
            continue;
        struct svg_node *node = arena_take(reader->arena, sizeof *node);

        if (!node)
            return STATUS_MEMORY;
        status = read_node(reader, at, style, node);
        if (!group->last)
            group->first = group->last = node;
        else
            group->last = group->last->next = node;
    }
    return status;
}

/* The view box becomes SVG_SIZE square. */
static enum status read_view_box(struct reader *reader, struct svg_style *style)
{
    const char *text = xml_attribute(reader->document, "viewBox");
    double n[4];
    size_t count = 0;

    while (text && count < 4 && svg_path_number(&text, &n[count]))
        count++;
    if (count < 4 || !(n[2] > 0) || n[2] != n[3])
        return refuse(reader, reader->document, "the drawing needs a square viewBox");
    double scale = SVG_SIZE / n[2];
    style->matrix = (struct svg_path_matrix){scale, 0, 0, scale, -n[0] * scale, -n[1] * scale};
    return STATUS_OK;
}

enum status svg_read(struct arena *arena, struct span text, const struct svg_node **root,
                     char problem[SVG_PROBLEM_SIZE])
{
    struct reader reader = {.arena = arena, .problem = problem};
    struct svg_style style;
    enum status status = xml_read(arena, text, &reader.document, problem);

    if (status != STATUS_OK)
        return status;
    svg_style_init(&style);
    if (!is(reader.document, "svg"))
        return refuse(&reader, reader.document, "this is no SVG file");
    struct svg_node *node = arena_take(arena, sizeof *node);
    status = node ? read_view_box(&reader, &style) : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = read_children(&reader, reader.document, &style, node);
    if (arena_failed(arena)) {
        snprintf(problem, SVG_PROBLEM_SIZE, "the drawing is too large");
        status = STATUS_MEMORY;
    }
    if (status == STATUS_OK)
        *root = node;
    return status;
}

/* --- comparing --- */

static bool is_same_paint(const struct svg_paint *a, const struct svg_paint *b)
{
    return a->kind == b->kind && a->stop_count == b->stop_count;
}

bool svg_is_alike(const struct svg_shape *a, const struct svg_shape *b, const char **why)
{
    if (a->op_count != b->op_count || memcmp(a->ops, b->ops, a->op_count) != 0)
        *why = "it has other nodes";
    else if (!is_same_paint(&a->fill, &b->fill) || !is_same_paint(&a->stroke, &b->stroke))
        *why = "it is painted in another way (colour, gradient, number of stops)";
    else
        return true;
    return false;
}
