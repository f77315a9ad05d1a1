#include "agent/face/avatar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/face/brush.h"
#include "agent/face/rig.h"

#define MAX_NESTED 8    /* clips in each other */
#define TOLERANCE  0.25 /* pixels that a curve may be cut short by; a third faster than 0.1 */
#define MOUTH_AXES (((uint64_t)1 << (PACK_PRESS + 1)) - 1)

/* One shape as it is now. */
struct part {
    double *numbers;
    struct rect box; /* of what is seen of it; for a clip: of its inside */
    bool is_changed;
};

/* How often a shape changes. */
enum pace {
    PACE_NEVER,  /* painted once */
    PACE_SLOW,   /* painted when a mood changes */
    PACE_MOVING, /* painted whenever something there changes */
};

/* Shapes of one pace that follow each other. */
struct layer {
    size_t first, end;
    enum pace pace;
    cairo_surface_t *surface; /* NULL: nothing of it is seen, or it moves */
    struct rect box;
};

enum overlay_kind { OVERLAY_MARKS, OVERLAY_CAPTION, OVERLAY_NOTICE, OVERLAY_COUNT };

/* A text laid over the picture, painted when it changes. */
struct overlay {
    cairo_surface_t *surface;
    struct rect box;
    char text[CAPTION_TEXT_BYTES];
    size_t word_from, word;
    struct caption_layout layout; /* of a caption */
};

struct avatar {
    const struct pack *pack;
    struct caption_screen screen;
    cairo_surface_t *surface;
    cairo_surface_t *under;      /* the picture without the mouth and what lies over it: while the
                                    robot talks little else changes */
    cairo_matrix_t face, behind; /* from the drawing to the screen */
    struct part *parts;
    double *numbers; /* of all parts */
    struct layer *layers;
    size_t layer_count;
    size_t front; /* the first layer with something of the mouth */
    struct overlay overlays[OVERLAY_COUNT];
    struct pack_values values;
    uint32_t light;
    bool is_fresh; /* nothing was drawn yet */
};

/* --- where a shape is --- */

static const cairo_matrix_t *matrix_of(const struct avatar *avatar, const struct pack_shape *shape)
{
    return shape->is_behind ? &avatar->behind : &avatar->face;
}

/* The nodes and handles lie around the curves, the line around the nodes. */
static struct rect extent_of(const struct avatar *avatar, const struct pack_shape *shape,
                             const double *numbers)
{
    const cairo_matrix_t *matrix = matrix_of(avatar, shape);
    const struct svg_shape *svg = shape->svg;
    double left = HUGE_VAL, top = HUGE_VAL, right = -HUGE_VAL, bottom = -HUGE_VAL;
    bool has_line = svg->stroke.kind != SVG_PAINT_NONE;
    double reach = has_line ? brush_line_width(svg, numbers) * (svg->join == 0 ? 2 : 0.75) : 0;

    for (size_t i = 0; i < svg->point_count; i++) {
        left = fmin(left, numbers[2 * i]);
        right = fmax(right, numbers[2 * i]);
        top = fmin(top, numbers[2 * i + 1]);
        bottom = fmax(bottom, numbers[2 * i + 1]);
    }
    left -= reach, top -= reach, right += reach, bottom += reach;
    cairo_matrix_transform_point(matrix, &left, &top);
    cairo_matrix_transform_point(matrix, &right, &bottom);
    const double most = 4 * AVATAR_MAX_WIDTH; /* nothing farther out can be seen */
    return (struct rect){(int)fmax(floor(left) - 1, -most), (int)fmax(floor(top) - 1, -most),
                         (int)fmin(ceil(right) + 1, most), (int)fmin(ceil(bottom) + 1, most)};
}

static struct rect screen_box(const struct avatar *avatar)
{
    return (struct rect){0, 0, avatar->screen.width, avatar->screen.height};
}

/* What is seen of a shape: its extent inside its clips and the screen. */
static struct rect seen_box(const struct avatar *avatar, size_t index)
{
    const struct pack_shape *shape = &avatar->pack->shapes[index];
    const struct part *part = &avatar->parts[index];
    struct rect box = screen_box(avatar);

    if (!shape->is_clip && !brush_is_seen(shape->svg, part->numbers))
        return (struct rect){0};
    struct rect own = extent_of(avatar, shape, part->numbers);
    box = rects_cut(&box, &own);
    return shape->clip < 0 ? box : rects_cut(&box, &avatar->parts[shape->clip].box);
}

/* --- bringing the shapes up to date --- */

static uint64_t changed_axes(const struct avatar *avatar, const struct pack_values *values)
{
    uint64_t changed = 0;

    for (size_t i = 0; i < PACK_AXIS_COUNT; i++)
        if (avatar->is_fresh || values->at[i] != avatar->values.at[i])
            changed |= (uint64_t)1 << i;
    return changed;
}

/* Where the picture changed: by shapes behind the mouth in under, by all others in dirty. */
static void update_parts(struct avatar *avatar, const struct pack_values *values, uint32_t light,
                         struct rects *under, struct rects *dirty)
{
    const size_t front = avatar->front < avatar->layer_count ? avatar->layers[avatar->front].first
                                                             : avatar->pack->shape_count;
    const struct rect screen = screen_box(avatar);
    uint64_t changed = changed_axes(avatar, values);
    bool is_new_light = avatar->is_fresh || light != avatar->light;

    for (size_t i = 0; i < avatar->pack->shape_count; i++) {
        const struct pack_shape *shape = &avatar->pack->shapes[i];
        struct part *part = &avatar->parts[i];
        bool is_moved = avatar->is_fresh || (shape->axes & changed);
        bool is_uncovered = shape->clip >= 0 && avatar->parts[shape->clip].is_changed;

        part->is_changed = is_moved || is_uncovered || (shape->is_light && is_new_light);
        if (!part->is_changed)
            continue;
        struct rects *where = i < front ? under : dirty;
        struct rect old = part->box;
        if (is_moved)
            pack_blend(shape, values, part->numbers);
        part->box = seen_box(avatar, i);
        if (!shape->is_clip) {
            rects_add(where, &old, &screen);
            rects_add(where, &part->box, &screen);
        }
    }
    avatar->values = *values;
    avatar->light = light;
}

/* --- painting --- */

/* The clips around a shape, the innermost first. */
static size_t clips_around(const struct avatar *avatar, int clip, int chain[MAX_NESTED])
{
    size_t count = 0;

    for (; clip >= 0 && count < MAX_NESTED; clip = avatar->pack->shapes[clip].clip)
        chain[count++] = clip;
    return count;
}

/* What is clipped is drawn apart and then laid through the clip's outline: cairo's own clips cost
 * more with each shape under them. */
static void open_clips(cairo_t *cr, const struct avatar *avatar, int clip)
{
    int chain[MAX_NESTED];

    for (size_t i = clips_around(avatar, clip, chain); i > 0; i--) {
        const struct rect *box = &avatar->parts[chain[i - 1]].box;

        cairo_save(cr);
        cairo_rectangle(cr, box->left, box->top, box->right - box->left, box->bottom - box->top);
        cairo_clip(cr);
        cairo_push_group(cr);
    }
}

static void close_clips(cairo_t *cr, const struct avatar *avatar, int clip)
{
    int chain[MAX_NESTED];
    size_t count = clips_around(avatar, clip, chain);

    for (size_t i = 0; i < count; i++) {
        const struct pack_shape *shape = &avatar->pack->shapes[chain[i]];

        cairo_pop_group_to_source(cr);
        cairo_transform(cr, matrix_of(avatar, shape));
        brush_path(cr, shape->svg, avatar->parts[chain[i]].numbers);
        cairo_fill(cr);
        cairo_restore(cr);
    }
}

static void draw_shapes(cairo_t *cr, const struct avatar *avatar, const struct layer *layer,
                        const struct rect *area)
{
    int clip = -1;

    cairo_set_tolerance(cr, TOLERANCE);
    for (size_t i = layer->first; i < layer->end; i++) {
        const struct pack_shape *shape = &avatar->pack->shapes[i];

        if (shape->is_clip || !rects_touch(&avatar->parts[i].box, area))
            continue;
        if (shape->clip != clip) {
            close_clips(cr, avatar, clip);
            open_clips(cr, avatar, shape->clip);
            clip = shape->clip;
        }
        cairo_save(cr);
        cairo_transform(cr, matrix_of(avatar, shape));
        brush_draw(cr, shape, avatar->parts[i].numbers, avatar->light);
        cairo_restore(cr);
    }
    close_clips(cr, avatar, clip);
}

/* Paints a layer into its surface. */
static void bake(struct avatar *avatar, struct layer *layer)
{
    struct rect box = {0};

    for (size_t i = layer->first; i < layer->end; i++)
        if (!avatar->pack->shapes[i].is_clip)
            box = rects_around(&box, &avatar->parts[i].box);
    cairo_surface_destroy(layer->surface);
    layer->surface = NULL;
    layer->box = box;
    if (rects_is_empty(&box))
        return;
    layer->surface =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, box.right - box.left, box.bottom - box.top);
    cairo_t *cr = cairo_create(layer->surface);
    cairo_translate(cr, -box.left, -box.top);
    draw_shapes(cr, avatar, layer, &box);
    cairo_destroy(cr);
}

static void bake_layers(struct avatar *avatar)
{
    for (size_t i = 0; i < avatar->layer_count; i++) {
        struct layer *layer = &avatar->layers[i];
        bool is_stale = false;

        for (size_t k = layer->first; layer->pace != PACE_MOVING && k < layer->end; k++)
            is_stale |= avatar->parts[k].is_changed;
        if (is_stale)
            bake(avatar, layer);
    }
}

static void lay(cairo_t *cr, cairo_surface_t *surface, const struct rect *box,
                const struct rect *area)
{
    if (!surface || !rects_touch(box, area))
        return;
    cairo_set_source_surface(cr, surface, box->left, box->top);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_paint(cr);
}

static void paint_layers(cairo_t *cr, const struct avatar *avatar, size_t first, size_t end,
                         const struct rect *area)
{
    for (size_t i = first; i < end; i++) {
        const struct layer *layer = &avatar->layers[i];

        if (layer->pace != PACE_MOVING)
            lay(cr, layer->surface, &layer->box, area);
        else
            draw_shapes(cr, avatar, layer, area);
    }
}

static void clip_to(cairo_t *cr, const struct rect *area)
{
    cairo_save(cr);
    cairo_rectangle(cr, area->left, area->top, area->right - area->left, area->bottom - area->top);
    cairo_clip(cr);
}

static void paint_under(struct avatar *avatar, const struct rects *areas)
{
    cairo_t *cr = cairo_create(avatar->under);

    for (size_t i = 0; i < areas->count; i++) {
        clip_to(cr, &areas->at[i]);
        cairo_set_source_rgb(cr, 0, 0, 0);
        cairo_paint(cr);
        paint_layers(cr, avatar, 0, avatar->front, &areas->at[i]);
        cairo_restore(cr);
    }
    cairo_destroy(cr);
}

static void paint(struct avatar *avatar, const struct rects *areas)
{
    const struct rect screen = screen_box(avatar);
    cairo_t *cr = cairo_create(avatar->surface);

    for (size_t i = 0; i < areas->count; i++) {
        const struct rect *area = &areas->at[i];

        clip_to(cr, area);
        lay(cr, avatar->under, &screen, area);
        paint_layers(cr, avatar, avatar->front, avatar->layer_count, area);
        for (size_t k = 0; k < OVERLAY_COUNT; k++)
            lay(cr, avatar->overlays[k].surface, &avatar->overlays[k].box, area);
        cairo_restore(cr);
    }
    cairo_destroy(cr);
    cairo_surface_flush(avatar->surface);
}

/* --- texts --- */

static struct rect draw_overlay(cairo_t *cr, const struct avatar *avatar, enum overlay_kind kind)
{
    const struct overlay *overlay = &avatar->overlays[kind];
    const struct caption_text text = {overlay->text, overlay->word_from, overlay->word};

    if (kind == OVERLAY_MARKS)
        return caption_draw_marks(cr, &avatar->screen, overlay->text);
    if (kind == OVERLAY_NOTICE)
        return caption_draw_notice(cr, &avatar->screen, overlay->text);
    caption_draw(cr, &avatar->screen, &text, &overlay->layout);
    return caption_box(&avatar->screen, &overlay->layout);
}

/* Names and notices are set on a recording first: it tells how large the surface must be. */
static struct rect overlay_box(const struct avatar *avatar, enum overlay_kind kind)
{
    const struct rect screen = screen_box(avatar);
    struct rect box;

    if (kind == OVERLAY_CAPTION) {
        box = caption_box(&avatar->screen, &avatar->overlays[kind].layout);
    } else {
        cairo_surface_t *record = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, NULL);
        cairo_t *cr = cairo_create(record);

        box = draw_overlay(cr, avatar, kind);
        cairo_destroy(cr);
        cairo_surface_destroy(record);
    }
    return rects_cut(&box, &screen);
}

static void paint_overlay(struct avatar *avatar, enum overlay_kind kind)
{
    struct overlay *overlay = &avatar->overlays[kind];

    cairo_surface_destroy(overlay->surface);
    overlay->surface = NULL;
    overlay->box = overlay_box(avatar, kind);
    if (rects_is_empty(&overlay->box))
        return;
    overlay->surface =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, overlay->box.right - overlay->box.left,
                                   overlay->box.bottom - overlay->box.top);
    cairo_t *cr = cairo_create(overlay->surface);
    cairo_translate(cr, -overlay->box.left, -overlay->box.top);
    draw_overlay(cr, avatar, kind);
    cairo_destroy(cr);
}

/* Setting text is slow, and it changes a few times a second. */
static void update_overlay(struct avatar *avatar, enum overlay_kind kind,
                           const struct caption_text *text, struct rects *dirty)
{
    struct overlay *overlay = &avatar->overlays[kind];
    const char *words = text->text ? text->text : "";
    const struct rect screen = screen_box(avatar);
    bool is_same =
        !avatar->is_fresh && strncmp(overlay->text, words, sizeof overlay->text - 1) == 0;

    if (is_same && overlay->word_from == text->word_from && overlay->word == text->word)
        return;
    if (!is_same) {
        snprintf(overlay->text, sizeof overlay->text, "%s", words);
        if (kind == OVERLAY_CAPTION)
            caption_lay_out(&avatar->screen, overlay->text, &overlay->layout);
    }
    overlay->word_from = text->word_from;
    overlay->word = text->word;
    rects_add(dirty, &overlay->box, &screen);
    paint_overlay(avatar, kind);
    rects_add(dirty, &overlay->box, &screen);
}

/* --- making --- */

static uint64_t all_axes(const struct pack *pack, size_t index)
{
    uint64_t axes = pack->shapes[index].axes;

    for (int clip = pack->shapes[index].clip; clip >= 0; clip = pack->shapes[clip].clip)
        axes |= pack->shapes[clip].axes;
    return axes;
}

static enum pace pace_of(const struct pack *pack, size_t index)
{
    uint64_t axes = all_axes(pack, index);

    return axes & pack_fast_axes()                ? PACE_MOVING
           : axes || pack->shapes[index].is_light ? PACE_SLOW
                                                  : PACE_NEVER;
}

/* Clips belong to the layer of what follows them; they are not drawn. */
static void make_layers(struct avatar *avatar)
{
    const struct pack *pack = avatar->pack;
    struct layer *layer = NULL;
    bool has_mouth = false;

    for (size_t i = 0; i < pack->shape_count; i++) {
        enum pace pace = pace_of(pack, i);
        bool is_front = !has_mouth && (all_axes(pack, i) & MOUTH_AXES);

        if (pack->shapes[i].is_clip)
            continue;
        has_mouth |= is_front;
        if (is_front)
            avatar->front = avatar->layer_count;
        if (!layer || layer->pace != pace || is_front) {
            layer = &avatar->layers[avatar->layer_count++];
            *layer = (struct layer){.first = i, .pace = pace};
        }
        layer->end = i + 1;
    }
    if (!has_mouth)
        avatar->front = avatar->layer_count;
}

/* The face as large as fits, on the lower edge: its shoulders end there. What is behind it as small
 * as covers. */
static void make_matrices(struct avatar *avatar)
{
    double width = avatar->screen.width, height = avatar->screen.height;
    double fit = fmin(width, height) / SVG_SIZE, cover = fmax(width, height) / SVG_SIZE;

    cairo_matrix_init(&avatar->face, fit, 0, 0, fit, (width - fit * SVG_SIZE) / 2,
                      height - fit * SVG_SIZE);
    cairo_matrix_init(&avatar->behind, cover, 0, 0, cover, (width - cover * SVG_SIZE) / 2,
                      (height - cover * SVG_SIZE) / 2);
}

static enum status make_parts(struct avatar *avatar)
{
    const struct pack *pack = avatar->pack;
    size_t count = 1;

    for (size_t i = 0; i < pack->shape_count; i++)
        count += pack->shapes[i].svg->number_count;
    avatar->numbers = calloc(count, sizeof *avatar->numbers);
    avatar->parts = calloc(pack->shape_count + 1, sizeof *avatar->parts);
    avatar->layers = calloc(pack->shape_count + 1, sizeof *avatar->layers);
    if (!avatar->numbers || !avatar->parts || !avatar->layers)
        return STATUS_MEMORY;
    double *numbers = avatar->numbers;
    for (size_t i = 0; i < pack->shape_count; i++) {
        avatar->parts[i].numbers = numbers;
        numbers += pack->shapes[i].svg->number_count;
    }
    return STATUS_OK;
}

enum status avatar_create(struct avatar **out, const struct pack *pack, int width, int height)
{
    if (width < AVATAR_MIN_SIZE || height < AVATAR_MIN_SIZE || width > AVATAR_MAX_WIDTH ||
        height > AVATAR_MAX_HEIGHT)
        return STATUS_INVALID;
    struct avatar *avatar = calloc(1, sizeof *avatar);
    if (!avatar)
        return STATUS_MEMORY;
    avatar->pack = pack;
    avatar->screen = (struct caption_screen){width, height};
    avatar->is_fresh = true;
    avatar->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    avatar->under = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    enum status status = make_parts(avatar);
    if (cairo_surface_status(avatar->surface) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_status(avatar->under) != CAIRO_STATUS_SUCCESS)
        status = STATUS_MEMORY;
    if (status != STATUS_OK) {
        avatar_free(avatar);
        return status;
    }
    make_matrices(avatar);
    make_layers(avatar);
    *out = avatar;
    return STATUS_OK;
}

void avatar_free(struct avatar *avatar)
{
    if (!avatar)
        return;
    for (size_t i = 0; i < avatar->layer_count; i++)
        cairo_surface_destroy(avatar->layers[i].surface);
    for (size_t i = 0; i < OVERLAY_COUNT; i++)
        cairo_surface_destroy(avatar->overlays[i].surface);
    cairo_surface_destroy(avatar->surface);
    cairo_surface_destroy(avatar->under);
    free(avatar->layers);
    free(avatar->parts);
    free(avatar->numbers);
    free(avatar);
}

/* --- what the header promises --- */

void avatar_draw(struct avatar *avatar, const struct avatar_look *look, struct rects *changed)
{
    const struct caption_text name = {.text = look->name}, notice = {.text = look->notice};
    const struct rect screen = screen_box(avatar);
    struct rects under = {.count = 0};
    struct pack_values values;

    *changed = (struct rects){.count = 0};
    rig_values(&look->mouth, &look->expression, &values);
    update_parts(avatar, &values, look->expression.light, &under, changed);
    bake_layers(avatar);
    update_overlay(avatar, OVERLAY_MARKS, &name, changed);
    update_overlay(avatar, OVERLAY_CAPTION, &look->subtitle, changed);
    update_overlay(avatar, OVERLAY_NOTICE, &notice, changed);
    if (avatar->is_fresh)
        rects_add(&under, &screen, &screen);
    for (size_t i = 0; i < under.count; i++)
        rects_add(changed, &under.at[i], &screen);
    avatar->is_fresh = false;
    paint_under(avatar, &under);
    paint(avatar, changed);
}

void avatar_forget(struct avatar *avatar)
{
    avatar->is_fresh = true;
}

const uint8_t *avatar_pixels(const struct avatar *avatar)
{
    return cairo_image_surface_get_data(avatar->surface);
}

int avatar_width(const struct avatar *avatar)
{
    return avatar->screen.width;
}

int avatar_height(const struct avatar *avatar)
{
    return avatar->screen.height;
}
