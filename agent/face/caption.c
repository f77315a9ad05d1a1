#include "agent/face/caption.h"

#include <fontconfig/fontconfig.h>
#include <math.h>
#include <stdint.h>

#include "agent/face/paint.h"
#include "schema/base/span.h"

#define FONT       "WenQuanYi Micro Hei"
#define SHOWN      3 /* lines */
#define LINE_BYTES 256
#define LINE_STEP  1.28 /* of the letters' size */
#define MAX_GLUED  4
#define PLATE      0x0a1220
#define GOLD       0xffcb3d
#define SAID       0.97 /* opacity of what was said, */
#define UNSAID     0.58 /* and of what will be */

/* cairo gives up the whole picture over a broken character. */
static bool is_drawable(const char *text)
{
    return text && *text && span_is_utf8(span_text(text));
}

/* How letters grow with the screen: 1 at 480, never unreadably small. */
static double unit(const struct caption_screen *screen)
{
    int size = screen->width < screen->height ? screen->width : screen->height;

    return 0.35 + 0.65 * size / 480.0;
}

static double plate_width(const struct caption_screen *screen)
{
    int size = screen->width < screen->height ? screen->width : screen->height;

    return fmin(screen->width - 24 * unit(screen), 1.25 * size);
}

static void use_font(cairo_t *cr, double size)
{
    cairo_select_font_face(cr, FONT, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

static double width_of(cairo_t *cr, const char *text)
{
    cairo_text_extents_t extents;

    cairo_text_extents(cr, text, &extents);
    return extents.x_advance;
}

static const char *copy_part(char out[LINE_BYTES], const char *text, size_t size)
{
    snprintf(out, LINE_BYTES, "%.*s", (int)(size < LINE_BYTES ? size : LINE_BYTES - 1), text);
    return out;
}

static double part_width(cairo_t *cr, const char *text, size_t size)
{
    char part[LINE_BYTES];

    return width_of(cr, copy_part(part, text, size));
}

/* Bytes of the next piece that must not be broken: a Latin word with the space after it, or one Han
 * character with the closing marks after it. */
static size_t piece_at(const char *text)
{
    size_t size = 0;

    if ((uint8_t)text[0] < 0x80) {
        while (text[size] && text[size] != ' ' && (uint8_t)text[size] < 0x80)
            size++;
        while (text[size] == ' ')
            size++;
        return size;
    }
    for (unsigned letters = 0; letters < MAX_GLUED; letters++) {
        size++;
        while (((uint8_t)text[size] & 0xc0) == 0x80)
            size++;
        /* U+3000.. and U+FF00.. are mostly marks that may not begin a line */
        if (strncmp(text + size, "\xef\xbc", 2) != 0 && strncmp(text + size, "\xe3\x80", 2) != 0)
            break;
    }
    return size;
}

static void break_lines(cairo_t *cr, const char *text, double width, struct caption_layout *layout)
{
    size_t at = 0;

    *layout = (struct caption_layout){.count = 1};
    while (text[at]) {
        size_t from = layout->lines[layout->count - 1].from, size = piece_at(text + at);
        size_t used = at - from;

        if (used + size < LINE_BYTES &&
            (used == 0 || part_width(cr, text + from, used + size) <= width)) {
            at += size;
            layout->lines[layout->count - 1].size = at - from;
            continue;
        }
        if (layout->count == CAPTION_MAX_LINES || used == 0) {
            layout->is_cut = true;
            return;
        }
        layout->lines[layout->count++].from = at;
    }
}

/* Narrower, as long as it takes no more lines: a last line of one word looks lost. */
static void balance(cairo_t *cr, const char *text, double width, struct caption_layout *layout)
{
    double narrow = width / 2, wide = width;

    if (layout->count < 2 || layout->count > SHOWN || layout->is_cut)
        return;
    for (int i = 0; i < 5; i++) {
        double middle = (narrow + wide) / 2;
        struct caption_layout tried;

        break_lines(cr, text, middle, &tried);
        if (tried.count == layout->count && !tried.is_cut) {
            wide = middle;
            *layout = tried;
        } else {
            narrow = middle;
        }
    }
}

void caption_lay_out(const struct caption_screen *screen, const char *text,
                     struct caption_layout *layout)
{
    static const struct {
        double size;
        size_t lines;
    } ways[] = {{22, 1}, {20, 2}, {17, SHOWN}};
    double scale = unit(screen), width = plate_width(screen) - 28 * scale, size = 0;

    *layout = (struct caption_layout){.count = 0};
    if (!is_drawable(text))
        return;
    cairo_surface_t *scratch = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    cairo_t *cr = cairo_create(scratch);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        size = ways[i].size * scale;
        use_font(cr, size);
        break_lines(cr, text, width, layout);
        if (layout->count <= ways[i].lines && !layout->is_cut)
            break;
    }
    balance(cr, text, width, layout);
    layout->size = size;
    cairo_destroy(cr);
    cairo_surface_destroy(scratch);
}

static size_t shown_lines(const struct caption_layout *layout)
{
    return layout->count < SHOWN ? layout->count : SHOWN;
}

/* Of a long text the page with the word being spoken. */
static size_t first_line(const struct caption_layout *layout, const struct caption_text *text)
{
    size_t first = 0;

    while (text->word > 0 && first + SHOWN < layout->count &&
           layout->lines[first + SHOWN].from <= text->word_from)
        first += SHOWN;
    return first + SHOWN <= layout->count ? first : layout->count - shown_lines(layout);
}

/* One line in up to three colours. */
static void show_line(cairo_t *cr, const struct caption_text *text, size_t from, size_t size)
{
    size_t word_end = text->word_from + text->word, end = from + size;
    const size_t ends[3] = {text->word ? text->word_from : end, word_end, end};

    for (size_t i = 0; i < 3; i++) {
        size_t until = ends[i] < end ? ends[i] : end;
        char part[LINE_BYTES];

        if (until <= from)
            continue;
        paint_color(cr, i == 1 ? GOLD : 0xffffff, i == 2 && text->word ? UNSAID : SAID);
        cairo_show_text(cr, copy_part(part, text->text + from, until - from));
        from = until;
    }
}

static struct rect around(double left, double top, double width, double height)
{
    return (struct rect){(int)floor(left) - 1, (int)floor(top) - 1, (int)ceil(left + width) + 1,
                         (int)ceil(top + height) + 1};
}

struct rect caption_box(const struct caption_screen *screen, const struct caption_layout *layout)
{
    double scale = unit(screen), width = plate_width(screen);
    double height = layout->size * LINE_STEP * (double)shown_lines(layout) + 18 * scale;

    if (layout->count == 0)
        return (struct rect){0};
    return around((screen->width - width) / 2, screen->height - 10 * scale - height, width, height);
}

void caption_draw(cairo_t *cr, const struct caption_screen *screen, const struct caption_text *text,
                  const struct caption_layout *layout)
{
    double scale = unit(screen), width = plate_width(screen);
    double step = layout->size * LINE_STEP, lines = (double)shown_lines(layout);
    double left = (screen->width - width) / 2, height = step * lines + 18 * scale;
    double top = screen->height - 10 * scale - height;

    if (layout->count == 0)
        return;
    size_t first = first_line(layout, text);
    paint_rounded(cr, left, top, width, height, 16 * scale);
    paint_color(cr, PLATE, 0.78);
    cairo_fill(cr);
    use_font(cr, layout->size);
    for (size_t i = 0; i < shown_lines(layout); i++) {
        size_t from = layout->lines[first + i].from, size = layout->lines[first + i].size;
        bool is_last = i + 1 == SHOWN && (layout->is_cut || first + SHOWN < layout->count);
        double wide = part_width(cr, text->text + from, size) + (is_last ? width_of(cr, "…") : 0);

        cairo_move_to(cr, (screen->width - wide) / 2, top + 9 * scale + step * ((double)i + 0.78));
        show_line(cr, text, from, size);
        if (is_last)
            cairo_show_text(cr, "…");
    }
}

struct rect caption_draw_notice(cairo_t *cr, const struct caption_screen *screen, const char *text)
{
    double scale = unit(screen), size = 64 * scale;

    if (!is_drawable(text))
        return (struct rect){0};
    use_font(cr, size);
    while (width_of(cr, text) > plate_width(screen) - 58 * scale && size > 14) {
        size -= 2;
        use_font(cr, size);
    }
    double width = width_of(cr, text), height = size * 1.7;
    double left = (screen->width - width) / 2, top = screen->height * 0.417 - height / 2;

    paint_rounded(cr, left - 22 * scale, top, width + 44 * scale, height, 20 * scale);
    paint_color(cr, PLATE, 0.86);
    cairo_fill_preserve(cr);
    paint_color(cr, GOLD, 1);
    cairo_set_line_width(cr, 4 * scale);
    cairo_stroke(cr);
    paint_color(cr, 0xffffff, 1);
    cairo_move_to(cr, left, top + height / 2 + size * 0.36);
    cairo_show_text(cr, text);
    return around(left - 24 * scale, top - 2 * scale, width + 48 * scale, height + 4 * scale);
}

struct rect caption_draw_marks(cairo_t *cr, const struct caption_screen *screen, const char *name)
{
    double scale = unit(screen), right = screen->width - 14 * scale, top = 14 * scale;

    paint_rounded(cr, right - 48 * scale, top, 48 * scale, 27 * scale, 13.5 * scale);
    paint_color(cr, PLATE, 0.55);
    cairo_fill_preserve(cr);
    paint_color(cr, 0xffffff, 0.65);
    cairo_set_line_width(cr, 1.6 * scale);
    cairo_stroke(cr);
    paint_color(cr, 0xffffff, 0.95);
    caption_draw_label(cr, right - 13 * scale, top + 20 * scale, 17 * scale, 1, "AI");
    paint_color(cr, 0xffffff, 0.70);
    caption_draw_label(cr, 18 * scale, 33 * scale, 16 * scale, 0, name);
    return around(0, 0, screen->width, 44 * scale);
}

void caption_draw_label(cairo_t *cr, double x, double y, double size, double align,
                        const char *text)
{
    if (!is_drawable(text))
        return;
    use_font(cr, size);
    cairo_move_to(cr, x - align * width_of(cr, text), y);
    cairo_show_text(cr, text);
}

void caption_forget_fonts(void)
{
    cairo_debug_reset_static_data();
    FcFini();
}
