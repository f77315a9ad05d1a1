#include "agent/face/mouth.h"

#include "agent/face/paint.h"

#define HALF_WIDTH 50.0 /* of the opening at rest */
#define SPREAD     18.0 /* added when spread */
#define NARROW     26.0 /* taken away when narrow */
#define OPENING    75.0 /* height when wide open */
#define UPPER_PART 0.22 /* of the opening lies above the line of the corners */
#define BEAK_TOP   62.0 /* above the line */
#define LOWER_BEAK 20.0
#define LIP        13.0 /* rim of soft skin around the opening */
#define ROUND_LIP  6.0  /* pushed forward it looks thicker */
#define CORNER_RIM 13.0
#define SMILE_LIFT 14.0

#define GLOSS       0xfff0c4
#define NOSTRIL     0x8a4304
#define LIP_COLOR   0xe9584a
#define LIP_LIGHT   0xff9d8a
#define LIP_LINE    0x6b1620
#define CAVITY      0x4a0d1e
#define CAVITY_DEEP 0x1d030b
#define TONGUE      0xf07f88
#define TONGUE_DARK 0xc4505f
#define TEETH       0xfffdf6
#define TEETH_SHADE 0xd9d3c7

/* Where the opening's edge is; y grows downwards, 0 is the line through the middle. */
struct opening {
    double half_width, top, bottom; /* top < bottom when open */
    double corner;                  /* y of the corners */
    double handle_x, handle_y;      /* how round the curves are, 0..1 of the extent */
    double lip, rim, lower_beak;
};

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

static struct opening shape(const struct track_pose *pose, double smile)
{
    double round = pose->round, width = pose->width;
    double height = OPENING * pose->open;
    double press = clamp(1 - pose->cap * 4, 0, 1) * clamp(1 - pose->open * 8, 0, 1);
    double lift = smile * SMILE_LIFT * (1 - round) * (1 - 0.5 * pose->open);
    struct opening opening = {
        .half_width = HALF_WIDTH + (width > 0 ? SPREAD : NARROW) * width - 7 * round -
                      5 * pose->open * (1 - round) + 4 * smile,
        .top = -height * UPPER_PART + 0.45 * lift,
        .bottom = height * (1 - UPPER_PART) + 0.45 * lift + 4 * pose->jaw,
        .corner = -lift + 0.12 * height,
        .handle_x = 0.60 - 0.05 * round,
        .handle_y = 0.18 + 0.40 * clamp(round + pose->open * 0.55, 0, 1),
        .lip = LIP + ROUND_LIP * round - 4.5 * press - 2.0 * pose->open,
        .rim = CORNER_RIM + 3 * round - 2 * press,
        .lower_beak = LOWER_BEAK + 3 * round - 4 * press - 5 * pose->tuck,
    };

    if (pose->open <= 0.01f)
        opening.bottom = opening.top;
    opening.half_width = clamp(opening.half_width, 9, 90);
    return opening;
}

/* From one corner over the middle at y to the other; side: -1 left to right, 1 back. Corners are
 * pointed when the mouth is flat and round when it is round. */
static void edge_path(cairo_t *cr, const struct opening *o, double y, double side)
{
    double w = o->half_width, c = o->corner, hx = w * o->handle_x, dy = (y - c) * o->handle_y;
    double wx = w * (1 - 0.22 * clamp(1 - 1.6 * o->handle_y, 0, 1));

    cairo_curve_to(cr, side * wx, c + dy, side * hx, y, 0, y);
    cairo_curve_to(cr, -side * hx, y, -side * wx, c + dy, -side * w, c);
}

/* Left corner, top, right corner, bottom. */
static void inner_path(cairo_t *cr, const struct opening *o)
{
    cairo_move_to(cr, -o->half_width, o->corner);
    edge_path(cr, o, o->top, -1);
    edge_path(cr, o, o->bottom, 1);
    cairo_close_path(cr);
}

/* Upper beak, rising between the eyes, and lower beak in one outline. */
static void beak_path(cairo_t *cr, const struct opening *o)
{
    double w = o->half_width + o->rim, c = o->corner, low = o->bottom + o->lower_beak;
    double peak = -BEAK_TOP + 0.5 * o->top, shoulder = 0.55 * peak, bridge = 15 + 0.2 * w;
    double down = (low - c) * (0.30 + 0.45 * o->handle_y);

    cairo_new_sub_path(cr);
    cairo_move_to(cr, -w, c);
    cairo_curve_to(cr, -w, c - 17, -bridge - w * 0.24, shoulder + 7, -bridge, shoulder - 4);
    cairo_curve_to(cr, -bridge * 0.62, peak + 8, -14, peak, 0, peak);
    cairo_curve_to(cr, 14, peak, bridge * 0.62, peak + 8, bridge, shoulder - 4);
    cairo_curve_to(cr, bridge + w * 0.24, shoulder + 7, w, c - 17, w, c);
    cairo_curve_to(cr, w, c + down, w * 0.58, low, 0, low);
    cairo_curve_to(cr, -w * 0.58, low, -w, c + down, -w, c);
    cairo_close_path(cr);
}

static void draw_tongue(cairo_t *cr, const struct opening *o, const struct track_pose *pose)
{
    double height = o->bottom - o->top;
    /* raised against the upper teeth for t, d, n, l; between the teeth for th */
    double lift = clamp(pose->tongue, 0, 1);
    double top = o->bottom - height * (0.20 + 0.62 * lift);
    double rx = o->half_width * (0.74 - 0.10 * lift);

    paint_ellipse(cr, 0, top + height * 0.62, rx, height * 0.62);
    paint_linear(cr, 0, top, 0, o->bottom, TONGUE, TONGUE_DARK);
    cairo_fill(cr);
    cairo_move_to(cr, 0, top + height * 0.16);
    cairo_line_to(cr, 0, o->bottom);
    paint_color(cr, TONGUE_DARK, 0.55);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
}

/* A row of teeth hangs from the upper edge (direction 1) or stands on the lower one (-1). */
static void draw_teeth(cairo_t *cr, const struct opening *o, double edge, double size,
                       double direction)
{
    double w = o->half_width * 0.86;

    if (size < 0.5)
        return;
    cairo_new_sub_path(cr);
    cairo_move_to(cr, -w - 6, edge - direction * 30);
    cairo_line_to(cr, w + 6, edge - direction * 30);
    cairo_line_to(cr, w, edge);
    cairo_curve_to(cr, w * 0.8, edge + direction * size * 1.1, w * 0.3, edge + direction * size, 0,
                   edge + direction * size);
    cairo_curve_to(cr, -w * 0.3, edge + direction * size, -w * 0.8, edge + direction * size * 1.1,
                   -w, edge);
    cairo_close_path(cr);
    paint_linear(cr, 0, edge, 0, edge + direction * size, TEETH_SHADE, TEETH);
    cairo_fill(cr);
    paint_color(cr, TEETH_SHADE, 0.5);
    cairo_set_line_width(cr, 1);
    for (int i = -2; i <= 2; i++) {
        cairo_move_to(cr, i * w * 0.30, edge - direction * 2);
        cairo_line_to(cr, i * w * 0.29, edge + direction * (size - 2));
    }
    cairo_stroke(cr);
}

static void draw_inside(cairo_t *cr, const struct opening *o, const struct track_pose *pose)
{
    double height = o->bottom - o->top;

    if (height < 0.8)
        return;
    cairo_save(cr);
    inner_path(cr, o);
    cairo_clip_preserve(cr);
    paint_linear(cr, 0, o->top, 0, o->bottom, CAVITY_DEEP, CAVITY);
    cairo_fill(cr);
    bool is_between = pose->tongue > 0.75f; /* th: the tongue lies over the lower teeth */
    if (!is_between)
        draw_tongue(cr, o, pose);
    draw_teeth(cr, o, o->bottom - height * 0.06, clamp(12 * pose->teeth_low, 0, height * 0.42), -1);
    draw_teeth(cr, o, o->top + height * 0.04, clamp(15 * pose->teeth_up, 0, height * 0.46), 1);
    if (is_between)
        draw_tongue(cr, o, pose);
    cairo_restore(cr);
}

static void draw_beak(cairo_t *cr, const struct opening *o)
{
    double peak = -BEAK_TOP + 0.5 * o->top, low = o->bottom + o->lower_beak;

    beak_path(cr, o);
    cairo_pattern_t *pattern = cairo_pattern_create_linear(-20, peak, 14, low);
    cairo_pattern_add_color_stop_rgb(pattern, 0, 1.0, 0.80, 0.34);
    cairo_pattern_add_color_stop_rgb(pattern, 0.55, 1.0, 0.62, 0.14);
    cairo_pattern_add_color_stop_rgb(pattern, 1, 0.86, 0.43, 0.04);
    cairo_set_source(cr, pattern);
    cairo_pattern_destroy(pattern);
    cairo_fill(cr);

    cairo_move_to(cr, -19, peak + 34);
    cairo_curve_to(cr, -17, peak + 18, -10, peak + 10, -3, peak + 8);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    paint_color(cr, GLOSS, 0.85);
    cairo_set_line_width(cr, 6);
    cairo_stroke(cr);
    for (int side = -1; side <= 1; side += 2) {
        paint_ellipse(cr, side * 12.5, peak + 30, 3.4, 2.1);
        paint_color(cr, NOSTRIL, 0.75);
        cairo_fill(cr);
    }
}

/* The rim is drawn as a wide line along the opening; what falls inside is covered by the cavity. */
static void draw_rim(cairo_t *cr, const struct opening *o)
{
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    paint_color(cr, LIP_COLOR, 1);
    cairo_set_line_width(cr, o->lip);
    cairo_move_to(cr, -o->half_width, o->corner);
    edge_path(cr, o, o->top, -1);
    cairo_stroke(cr);
    cairo_move_to(cr, -o->half_width, o->corner);
    edge_path(cr, o, o->bottom, -1);
    cairo_stroke(cr);
}

static void draw_line(cairo_t *cr, const struct opening *o)
{
    double glint = o->half_width * 0.40, y = o->bottom + o->lip * 0.36;

    inner_path(cr, o);
    paint_color(cr, LIP_LINE, 0.9);
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    cairo_move_to(cr, -glint, y - 1);
    cairo_curve_to(cr, -glint * 0.4, y + 1.2, glint * 0.4, y + 1.2, glint, y - 1);
    paint_color(cr, LIP_LIGHT, 0.9);
    cairo_set_line_width(cr, clamp(o->lip * 0.20, 1.4, 3.4));
    cairo_stroke(cr);
}

/* f, v: the upper teeth rest on the lower lip. */
static void draw_bite(cairo_t *cr, const struct opening *o, double tuck)
{
    double w = o->half_width * 0.62, edge = o->top + 1, size = 10 * tuck;

    if (tuck < 0.2)
        return;
    paint_rounded(cr, -w, edge, 2 * w, size, clamp(size / 2 - 0.1, 0.5, 4));
    paint_linear(cr, 0, edge, 0, edge + size, TEETH_SHADE, TEETH);
    cairo_fill(cr);
    paint_color(cr, TEETH_SHADE, 0.7);
    cairo_set_line_width(cr, 1);
    for (int i = -2; i <= 2; i++) {
        cairo_move_to(cr, i * w * 0.36, edge + 1);
        cairo_line_to(cr, i * w * 0.36, edge + size - 1.5);
    }
    cairo_stroke(cr);
}

void mouth_draw(cairo_t *cr, double x, double y, double scale, const struct track_pose *pose,
                double smile)
{
    struct opening opening = shape(pose, smile);

    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, scale, scale);
    draw_beak(cr, &opening);
    draw_rim(cr, &opening);
    draw_inside(cr, &opening, pose);
    draw_line(cr, &opening);
    draw_bite(cr, &opening, pose->tuck);
    cairo_restore(cr);
}
