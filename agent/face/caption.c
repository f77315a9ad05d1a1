#include "agent/face/caption.h"

#include <fontconfig/fontconfig.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/face/avatar.h"
#include "agent/face/paint.h"
#include "schema/base/span.h"

#define FONT        "WenQuanYi Micro Hei"
#define MAX_LINES   3
#define LINE_BYTES  256
#define MAX_GLUED   4
#define PLATE_WIDTH 456.0
#define TEXT_WIDTH  428.0

struct lines {
    char text[MAX_LINES][LINE_BYTES];
    size_t count;
    bool is_cut;
};

/* cairo gives up the whole picture over a broken character. */
static bool is_drawable(const char *text)
{
    return *text && span_is_utf8(span_text(text));
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

static void break_lines(cairo_t *cr, const char *text, size_t max_lines, struct lines *lines)
{
    *lines = (struct lines){.count = 1};
    while (*text) {
        char *line = lines->text[lines->count - 1];
        size_t used = strlen(line), size = piece_at(text);
        bool fits = used + size < LINE_BYTES - 4;

        if (fits) {
            memcpy(line + used, text, size);
            line[used + size] = '\0';
            fits = used == 0 || width_of(cr, line) <= TEXT_WIDTH;
        }
        if (fits) {
            text += size;
            continue;
        }
        line[used] = '\0';
        if (lines->count == max_lines || used == 0) {
            lines->is_cut = true;
            snprintf(line + used, LINE_BYTES - used, "…");
            return;
        }
        lines->count++;
    }
}

static void fit(cairo_t *cr, const char *text, struct lines *lines, double *size)
{
    static const struct {
        double size;
        size_t lines;
    } ways[] = {{22, 1}, {20, 2}, {17, 3}};

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        *size = ways[i].size;
        use_font(cr, *size);
        break_lines(cr, text, ways[i].lines, lines);
        if (!lines->is_cut)
            return;
    }
}

void caption_draw(cairo_t *cr, const char *text)
{
    struct lines lines;
    double size;

    if (!is_drawable(text))
        return;
    fit(cr, text, &lines, &size);
    double step = size * 1.28, height = step * (double)lines.count + 18;
    double top = AVATAR_SIZE - 10 - height;

    paint_rounded(cr, (AVATAR_SIZE - PLATE_WIDTH) / 2, top, PLATE_WIDTH, height, 16);
    paint_color(cr, 0x0a1220, 0.78);
    cairo_fill(cr);
    paint_color(cr, 0xffffff, 0.97);
    for (size_t i = 0; i < lines.count; i++) {
        double width = width_of(cr, lines.text[i]);

        cairo_move_to(cr, (AVATAR_SIZE - width) / 2, top + 9 + step * ((double)i + 0.78));
        cairo_show_text(cr, lines.text[i]);
    }
}

void caption_draw_notice(cairo_t *cr, const char *text)
{
    double size = 64;

    if (!is_drawable(text))
        return;
    use_font(cr, size);
    while (width_of(cr, text) > TEXT_WIDTH - 30 && size > 14) {
        size -= 2;
        use_font(cr, size);
    }
    double width = width_of(cr, text), height = size * 1.7;
    double left = (AVATAR_SIZE - width) / 2, top = 200 - height / 2;

    paint_rounded(cr, left - 22, top, width + 44, height, 20);
    paint_color(cr, 0x0a1220, 0.86);
    cairo_fill_preserve(cr);
    paint_color(cr, 0xffcb3d, 1);
    cairo_set_line_width(cr, 4);
    cairo_stroke(cr);
    paint_color(cr, 0xffffff, 1);
    cairo_move_to(cr, left, top + height / 2 + size * 0.36);
    cairo_show_text(cr, text);
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
