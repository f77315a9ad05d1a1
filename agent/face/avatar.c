#include "agent/face/avatar.h"

#include <math.h>

#include "agent/face/caption.h"
#include "agent/face/eyes.h"
#include "agent/face/mouth.h"
#include "agent/face/paint.h"

#define HEAD_X  240.0
#define HEAD_Y  212.0
#define EYES_Y  172.0
#define MOUTH_Y 272.0
#define CHIN    15.0 /* pixels the jaw drops */

#define SKY_TOP     0x0d2233
#define SKY_BOTTOM  0x14404a
#define FEATHER     0x2c3767
#define FEATHER_LOW 0x141a36
#define SHEEN       0x5a6fc4
#define PLATE       0x3b4884
#define PLATE_LOW   0x1d2550
#define METAL       0xdfe6ee
#define METAL_DARK  0x8b98a8

#define CAPTION_TOP 360

/* Gradients over large areas are most of the cost of a picture, so they are painted once. */
struct avatar {
    cairo_surface_t *sky;     /* what never moves: behind the halo, */
    cairo_surface_t *body;    /* and before it */
    cairo_surface_t *gloss;   /* colours of the skull */
    cairo_surface_t *plate;   /* and of the face plate, cut out by their outlines */
    cairo_surface_t *caption; /* of the text below */
    char caption_text[AVATAR_TEXT_BYTES];
};

/* --- what never moves --- */

static void draw_sky(cairo_t *cr)
{
    paint_linear(cr, 0, 0, 0, AVATAR_SIZE, SKY_TOP, SKY_BOTTOM);
    cairo_paint(cr);
    paint_radial(cr, HEAD_X, HEAD_Y, 300, 0x2f8f93, 0.55, SKY_TOP, 0);
    cairo_paint(cr);
}

static void draw_body(cairo_t *cr)
{
    /* shoulders with the white wing patches of the bird */
    cairo_move_to(cr, 40, AVATAR_SIZE + 5);
    cairo_curve_to(cr, 52, 420, 130, 384, 240, 384);
    cairo_curve_to(cr, 350, 384, 428, 420, 440, AVATAR_SIZE + 5);
    cairo_close_path(cr);
    paint_linear(cr, 0, 380, 0, AVATAR_SIZE, FEATHER, FEATHER_LOW);
    cairo_fill(cr);
    for (int side = -1; side <= 1; side += 2) {
        cairo_save(cr);
        cairo_translate(cr, HEAD_X, 0);
        cairo_scale(cr, side, 1);
        cairo_move_to(cr, 118, 422);
        cairo_curve_to(cr, 152, 430, 172, 452, 182, 484);
        cairo_line_to(cr, 146, 484);
        cairo_curve_to(cr, 142, 460, 134, 440, 118, 422);
        cairo_close_path(cr);
        paint_color(cr, 0xf4f7fb, 0.92);
        cairo_fill(cr);
        cairo_restore(cr);
    }
    /* the collar is metal: a robot after all */
    paint_rounded(cr, 168, 366, 144, 32, 16);
    paint_linear(cr, 0, 366, 0, 398, METAL, METAL_DARK);
    cairo_fill(cr);
}

/* Black feathers shine violet where the light falls. */
static void draw_gloss(cairo_t *cr)
{
    paint_linear(cr, 120, 60, 300, 380, FEATHER, FEATHER_LOW);
    cairo_paint(cr);
    cairo_translate(cr, 176, 92);
    cairo_rotate(cr, -0.32);
    cairo_scale(cr, 1, 0.30);
    paint_radial(cr, 0, 0, 74, SHEEN, 0.85, SHEEN, 0);
    cairo_paint(cr);
}

static void draw_plate_colors(cairo_t *cr)
{
    paint_linear(cr, 0, 92, 0, 352 + CHIN, PLATE, PLATE_LOW);
    cairo_paint(cr);
}

static void draw_nothing(cairo_t *cr)
{
    (void)cr;
}

static enum status bake(cairo_surface_t **out, cairo_format_t format, void (*draw)(cairo_t *cr))
{
    *out = cairo_image_surface_create(format, AVATAR_SIZE, AVATAR_SIZE);
    cairo_t *cr = cairo_create(*out);

    draw(cr);
    enum status status = cairo_status(cr) == CAIRO_STATUS_SUCCESS ? STATUS_OK : STATUS_MEMORY;
    cairo_destroy(cr);
    return status;
}

/* --- the head --- */

static void draw_halo(cairo_t *cr, const struct expression *e)
{
    double pulse = 0.5 + 0.5 * sin(e->seconds * 3.2);

    paint_ellipse(cr, HEAD_X, HEAD_Y, 192, 192);
    paint_color(cr, e->light, 0.10 + 0.16 * e->glow * (0.6 + 0.4 * pulse));
    cairo_set_line_width(cr, 26);
    cairo_stroke(cr);
    paint_ellipse(cr, HEAD_X, HEAD_Y, 192, 192);
    paint_color(cr, e->light, 0.25 + 0.35 * e->glow);
    cairo_set_line_width(cr, 2.5);
    cairo_stroke(cr);
}

/* Three feathers that rise when something is interesting. */
static void draw_crest(cairo_t *cr, const struct expression *e)
{
    static const double lean[] = {-0.62, -0.18, 0.26};
    static const double length[] = {58, 77, 60};

    for (int i = 2; i >= 0; i--) {
        double size = length[i] * (0.72 + 0.34 * e->crest);

        cairo_save(cr);
        cairo_translate(cr, HEAD_X + (i - 1) * 21, 86);
        cairo_rotate(cr, lean[i] * (1.25 - 0.45 * e->crest) + 0.10);
        cairo_move_to(cr, -16, 12);
        cairo_curve_to(cr, -19, -size * 0.5, -4, -size * 0.9, 13, -size);
        cairo_curve_to(cr, 12, -size * 0.7, 20, -size * 0.35, 16, 12);
        cairo_close_path(cr);
        paint_linear(cr, 0, -size, 0, 10, SHEEN, FEATHER);
        cairo_fill(cr);
        cairo_restore(cr);
    }
}

static void draw_ear(cairo_t *cr, double side, const struct expression *e)
{
    double x = HEAD_X + side * 161, y = HEAD_Y - 6;

    paint_rounded(cr, x - 20, y - 44, 40, 88, 19);
    paint_linear(cr, x - 20, 0, x + 20, 0, METAL, METAL_DARK);
    cairo_fill(cr);
    paint_ellipse(cr, x + side * 8, y, 17, 36);
    paint_linear(cr, 0, y - 36, 0, y + 36, 0x39446f, 0x171d3a);
    cairo_fill(cr);
    paint_ellipse(cr, x + side * 8, y, 11, 26);
    paint_color(cr, e->light, 0.30 + 0.65 * e->glow);
    cairo_set_line_width(cr, 4);
    cairo_stroke(cr);
}

/* Fills the path with a layer that stays where it is on the picture: moving it by parts of a pixel
 * would cost more than painting it anew. */
static void fill_from(cairo_t *cr, cairo_surface_t *layer)
{
    cairo_matrix_t saved;

    cairo_get_matrix(cr, &saved);
    cairo_identity_matrix(cr);
    cairo_set_source_surface(cr, layer, 0, 0);
    cairo_set_matrix(cr, &saved);
    cairo_fill(cr);
}

static void draw_skull(cairo_t *cr, double chin, cairo_surface_t *gloss)
{
    double low = 372 + chin;

    cairo_move_to(cr, HEAD_X, 58);
    cairo_curve_to(cr, 336, 56, 396, 118, 396, 210);
    cairo_curve_to(cr, 396, 300, 338, low, HEAD_X, low);
    cairo_curve_to(cr, 142, low, 84, 300, 84, 210);
    cairo_curve_to(cr, 84, 118, 144, 56, HEAD_X, 58);
    cairo_close_path(cr);
    fill_from(cr, gloss);
}

/* The face plate: smooth, a little lighter, with a rim of light. */
static void draw_plate(cairo_t *cr, double chin, cairo_surface_t *plate, const struct expression *e)
{
    double low = 352 + chin;

    cairo_move_to(cr, HEAD_X, 92);
    cairo_curve_to(cr, 322, 90, 374, 134, 374, 206);
    cairo_curve_to(cr, 374, 288, 322, low, HEAD_X, low);
    cairo_curve_to(cr, 158, low, 106, 288, 106, 206);
    cairo_curve_to(cr, 106, 134, 158, 90, HEAD_X, 92);
    cairo_close_path(cr);
    cairo_path_t *outline = cairo_copy_path(cr);
    fill_from(cr, plate);
    cairo_append_path(cr, outline);
    cairo_path_destroy(outline);
    paint_color(cr, e->light, 0.16 + 0.22 * e->glow);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
}

static void draw_cheeks(cairo_t *cr, const struct expression *e)
{
    for (int side = -1; side <= 1; side += 2) {
        cairo_save(cr);
        cairo_translate(cr, HEAD_X + side * 100, 258 - 3 * e->smile);
        cairo_scale(cr, 1, 0.68);
        paint_ellipse(cr, 0, 0, 30, 30);
        paint_radial(cr, 0, 0, 30, 0xff7f8e, 0.55, 0xff7f8e, 0);
        cairo_fill(cr);
        cairo_restore(cr);
    }
}

/* --- what is laid over --- */

static void draw_lamp(cairo_t *cr, const struct expression *e)
{
    paint_ellipse(cr, HEAD_X, 382, 24, 24);
    paint_radial(cr, HEAD_X, 382, 24, e->light, 0.55 * e->glow, e->light, 0);
    cairo_fill(cr);
    paint_ellipse(cr, HEAD_X, 382, 9, 9);
    paint_radial(cr, HEAD_X - 2, 379, 11, 0xffffff, 1, e->light, 1);
    cairo_fill(cr);
}

static void draw_dots(cairo_t *cr, const struct expression *e)
{
    for (int i = 0; i < 3; i++) {
        double beat = sin(e->seconds * 6 - i * 0.9);

        paint_ellipse(cr, 386 + i * 23, 112 - i * 22 - 4 * beat, 7 + i * 1.6, 7 + i * 1.6);
        paint_color(cr, 0xffffff, e->dots * (0.65 + 0.3 * beat));
        cairo_fill(cr);
    }
}

static void draw_battery(cairo_t *cr)
{
    paint_rounded(cr, 410, 58, 50, 26, 6);
    paint_color(cr, 0xff8a3c, 1);
    cairo_set_line_width(cr, 3.5);
    cairo_stroke(cr);
    paint_rounded(cr, 462, 65, 5, 12, 2);
    cairo_fill(cr);
    paint_rounded(cr, 415, 63, 9, 16, 2);
    cairo_fill(cr);
}

static void draw_no_signal(cairo_t *cr)
{
    paint_color(cr, 0xc4d0da, 1);
    cairo_set_line_width(cr, 4.5);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 0; i < 3; i++) {
        cairo_new_sub_path(cr);
        cairo_arc(cr, 438, 92, 9 + i * 11, -2.3, -0.84);
    }
    cairo_stroke(cr);
    paint_ellipse(cr, 438, 92, 3.5, 3.5);
    cairo_fill(cr);
    cairo_move_to(cr, 418, 58);
    cairo_line_to(cr, 460, 98);
    paint_color(cr, 0xff6b5e, 1);
    cairo_stroke(cr);
}

static void draw_marks(cairo_t *cr, const struct avatar_look *look)
{
    paint_rounded(cr, 418, 14, 48, 27, 13.5);
    paint_color(cr, 0x0a1220, 0.55);
    cairo_fill_preserve(cr);
    paint_color(cr, 0xffffff, 0.65);
    cairo_set_line_width(cr, 1.6);
    cairo_stroke(cr);
    paint_color(cr, 0xffffff, 0.95);
    caption_draw_label(cr, 453, 34, 17, 1, "AI");
    paint_color(cr, 0xffffff, 0.70);
    caption_draw_label(cr, 18, 33, 16, 0, look->name);
    if (look->mood == FACE_LIMIT)
        draw_battery(cr);
    if (look->mood == FACE_OFFLINE)
        draw_no_signal(cr);
}

static void draw_head(cairo_t *cr, const struct avatar *avatar, const struct avatar_look *look)
{
    const struct expression *e = &look->expression;
    double chin = CHIN * look->mouth.jaw;

    cairo_save(cr);
    cairo_translate(cr, 0, e->bob);
    draw_crest(cr, e);
    draw_ear(cr, -1, e);
    draw_ear(cr, 1, e);
    draw_skull(cr, chin, avatar->gloss);
    /* what lies in front follows the gaze a little: the head turns */
    cairo_translate(cr, 3.5 * e->gaze_x, 2.5 * e->gaze_y);
    draw_plate(cr, chin, avatar->plate, e);
    draw_cheeks(cr, e);
    cairo_translate(cr, 2.0 * e->gaze_x, 1.5 * e->gaze_y);
    eyes_draw(cr, HEAD_X, EYES_Y, e);
    mouth_draw(cr, HEAD_X, MOUTH_Y + chin * 0.25, 1.0, &look->mouth, e->smile);
    cairo_restore(cr);
}

/* --- what the header promises --- */

enum status avatar_create(struct avatar **out)
{
    struct avatar *avatar = calloc(1, sizeof *avatar);

    if (!avatar)
        return STATUS_MEMORY;
    enum status status = bake(&avatar->sky, CAIRO_FORMAT_RGB24, draw_sky);
    if (status == STATUS_OK)
        status = bake(&avatar->body, CAIRO_FORMAT_ARGB32, draw_body);
    if (status == STATUS_OK)
        status = bake(&avatar->gloss, CAIRO_FORMAT_RGB24, draw_gloss);
    if (status == STATUS_OK)
        status = bake(&avatar->plate, CAIRO_FORMAT_RGB24, draw_plate_colors);
    if (status == STATUS_OK)
        status = bake(&avatar->caption, CAIRO_FORMAT_ARGB32, draw_nothing);
    if (status != STATUS_OK) {
        avatar_free(avatar);
        return status;
    }
    *out = avatar;
    return STATUS_OK;
}

void avatar_free(struct avatar *avatar)
{
    if (!avatar)
        return;
    cairo_surface_destroy(avatar->sky);
    cairo_surface_destroy(avatar->body);
    cairo_surface_destroy(avatar->gloss);
    cairo_surface_destroy(avatar->plate);
    cairo_surface_destroy(avatar->caption);
    free(avatar);
}

/* Setting text is slow, and it changes once in seconds. */
static void draw_caption(cairo_t *cr, struct avatar *avatar, const char *text)
{
    if (strncmp(text, avatar->caption_text, sizeof avatar->caption_text - 1) != 0) {
        cairo_t *layer = cairo_create(avatar->caption);

        cairo_set_operator(layer, CAIRO_OPERATOR_CLEAR);
        cairo_paint(layer);
        cairo_set_operator(layer, CAIRO_OPERATOR_OVER);
        caption_draw(layer, text);
        cairo_destroy(layer);
        snprintf(avatar->caption_text, sizeof avatar->caption_text, "%s", text);
    }
    if (!*text)
        return;
    cairo_set_source_surface(cr, avatar->caption, 0, 0);
    cairo_rectangle(cr, 0, CAPTION_TOP, AVATAR_SIZE, AVATAR_SIZE - CAPTION_TOP);
    cairo_fill(cr);
}

void avatar_draw(struct avatar *avatar, const struct avatar_look *look, uint8_t *pixels)
{
    cairo_surface_t *surface = cairo_image_surface_create_for_data(
        pixels, CAIRO_FORMAT_RGB24, AVATAR_SIZE, AVATAR_SIZE, AVATAR_STRIDE);
    cairo_t *cr = cairo_create(surface);

    cairo_set_source_surface(cr, avatar->sky, 0, 0);
    cairo_set_operator(cr, CAIRO_OPERATOR_SOURCE);
    cairo_paint(cr);
    cairo_set_operator(cr, CAIRO_OPERATOR_OVER);
    draw_halo(cr, &look->expression);
    cairo_set_source_surface(cr, avatar->body, 0, 0);
    cairo_rectangle(cr, 0, 360, AVATAR_SIZE, AVATAR_SIZE - 360);
    cairo_fill(cr);
    draw_head(cr, avatar, look);
    draw_lamp(cr, &look->expression);
    if (look->expression.gray > 0.02) {
        paint_color(cr, 0x46525c, 0.55 * look->expression.gray);
        cairo_paint(cr);
    }
    if (look->expression.dots > 0.02)
        draw_dots(cr, &look->expression);
    draw_marks(cr, look);
    draw_caption(cr, avatar, look->subtitle);
    caption_draw_notice(cr, look->notice);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
}
