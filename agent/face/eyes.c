#include "agent/face/eyes.h"

#include <math.h>

#include "agent/face/paint.h"

#define APART    68.0 /* of an eye's centre from the middle */
#define RADIUS_X 44.0
#define RADIUS_Y 48.0
#define IRIS     32.5
#define PUPIL    20.5

#define WHITE       0xfffefa
#define WHITE_SHADE 0xd8dbe4
#define IRIS_LIGHT  0xffb52e
#define IRIS_DARK   0xa8540c
#define LINE        0x151a33
#define PATCH       0xffcb3d
#define PATCH_DARK  0xf0a51c
#define LID         0xf7b92b
#define LID_DARK    0xd98f14
#define BROW        0x5468c8
#define BROW_LIGHT  0x93a6f5

/* The bare yellow skin behind a myna's eye, drawn out to a tip. */
static void draw_patch(cairo_t *cr, double x, double y, double side)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, side, 1);
    cairo_move_to(cr, -50, 2);
    cairo_curve_to(cr, -50, -34, -26, -56, 4, -55);
    cairo_curve_to(cr, 34, -54, 50, -34, 76, -22);
    cairo_curve_to(cr, 76, 12, 56, 46, 22, 54);
    cairo_curve_to(cr, -18, 62, -50, 38, -50, 2);
    cairo_close_path(cr);
    paint_linear(cr, 0, -48, 0, 50, PATCH, PATCH_DARK);
    cairo_fill(cr);
    cairo_restore(cr);
}

static void draw_iris(cairo_t *cr, double x, double y)
{
    paint_ellipse(cr, x, y, IRIS, IRIS);
    paint_radial(cr, x, y + 8, IRIS + 8, IRIS_LIGHT, 1, IRIS_DARK, 1);
    cairo_fill(cr);
    paint_ellipse(cr, x, y, IRIS, IRIS);
    paint_color(cr, 0x6b3205, 0.9);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
    paint_ellipse(cr, x, y, PUPIL, PUPIL);
    paint_color(cr, 0x0b0d1a, 1);
    cairo_fill(cr);
    paint_ellipse(cr, x - 11, y - 12, 9.5, 10.5);
    paint_color(cr, 0xffffff, 0.95);
    cairo_fill(cr);
    paint_ellipse(cr, x + 11, y + 12, 5, 5);
    paint_color(cr, 0xffffff, 0.6);
    cairo_fill(cr);
}

/* The part of the eye's ellipse above (bow <= 0) or below the height `cut`, -1 top to 1 bottom, its
 * edge bowed. No clip: clips are slow. */
static void lid_path(cairo_t *cr, double x, double y, double radius_y, double cut, double bow)
{
    double angle = asin(cut);
    cairo_matrix_t saved;

    cairo_get_matrix(cr, &saved);
    cairo_translate(cr, x, y);
    cairo_scale(cr, RADIUS_X + 1, radius_y + 1);
    cairo_new_sub_path(cr);
    if (bow <= 0)
        cairo_arc(cr, 0, 0, 1, M_PI - angle, 2 * M_PI + angle);
    else
        cairo_arc_negative(cr, 0, 0, 1, M_PI - angle, angle);
    cairo_curve_to(cr, cos(angle) * 0.4, cut + bow, -cos(angle) * 0.4, cut + bow, -cos(angle), cut);
    cairo_close_path(cr);
    cairo_set_matrix(cr, &saved);
}

static void draw_upper_lid(cairo_t *cr, double x, double y, double radius_y, double open)
{
    double cut = -1 + (1 - open) * 1.9;

    cut = cut > 0.96 ? 0.96 : cut;
    /* never above the eye */
    double bow = open < 0.25 ? -0.01 : cut < -0.42 ? -0.45 * (cut + 1) : -0.26;
    lid_path(cr, x, y, radius_y, cut, bow);
    paint_linear(cr, x, y - radius_y, x, y + cut * radius_y, LID, LID_DARK);
    cairo_fill_preserve(cr);
    paint_color(cr, LINE, 0.9);
    cairo_set_line_width(cr, 3);
    cairo_stroke(cr);
}

static void draw_eye(cairo_t *cr, double x, double y, const struct expression *e)
{
    double open = e->eye_open * (1 - e->blink);
    double radius_y = RADIUS_Y * (e->eye_open > 1 ? e->eye_open : 1);
    double cheek = e->smile > 0 ? e->smile * 0.10 : 0;

    paint_ellipse(cr, x, y, RADIUS_X, radius_y);
    paint_linear(cr, x, y - radius_y, x, y + radius_y * 0.4, WHITE_SHADE, WHITE);
    cairo_fill(cr);
    draw_iris(cr, x + e->gaze_x * 10, y + e->gaze_y * 12 + 3);
    if (open < 0.985)
        draw_upper_lid(cr, x, y, radius_y, open);
    /* the cheek pushes the lower lid up in a smile */
    if (cheek > 0.01) {
        lid_path(cr, x, y, radius_y, 0.93 - cheek, 0.01);
        paint_color(cr, PATCH_DARK, 1);
        cairo_fill(cr);
    }
    paint_ellipse(cr, x, y, RADIUS_X, radius_y);
    paint_color(cr, LINE, 0.85);
    cairo_set_line_width(cr, 2.6);
    cairo_stroke(cr);
}

/* Two small feathers swept outwards. side: 1 right, -1 left. */
static void draw_brow(cairo_t *cr, double x, double y, double side, const struct expression *e)
{
    double lift = -9 * e->brow_lift - (side > 0 ? 11 : -3) * e->brow_skew;

    cairo_save(cr);
    cairo_translate(cr, x, y + lift);
    cairo_scale(cr, side, 1);
    cairo_rotate(cr, 0.05 + 0.30 * e->brow_tilt);
    cairo_move_to(cr, -33, 5);
    cairo_curve_to(cr, -20, -14, 12, -20, 40, -5);
    cairo_curve_to(cr, 47, -1, 45, 5, 38, 4);
    cairo_curve_to(cr, 14, -2, -8, 3, -27, 13);
    cairo_curve_to(cr, -33, 16, -38, 11, -33, 5);
    cairo_close_path(cr);
    paint_linear(cr, 0, -14, 0, 10, BROW_LIGHT, BROW);
    cairo_fill(cr);
    cairo_restore(cr);
}

void eyes_draw(cairo_t *cr, double x, double y, const struct expression *e)
{
    for (int side = -1; side <= 1; side += 2)
        draw_patch(cr, x + side * APART, y, side);
    for (int side = -1; side <= 1; side += 2) {
        draw_eye(cr, x + side * APART, y, e);
        draw_brow(cr, x + side * (APART + 2), y - 72, side, e);
    }
}
