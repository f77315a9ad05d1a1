/* caption.h - texts over the picture: subtitle, notice, name and mark, Latin and Han
 *
 * Sizes follow the screen's, but small screens keep letters that can be read.
 */
#ifndef AGENT_FACE_CAPTION_H
#define AGENT_FACE_CAPTION_H

#include <cairo.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/face/rects.h"

#define CAPTION_TEXT_BYTES 1024

struct caption_screen {
    int width, height;
};

/* Plain data. */
struct caption_text {
    const char *text;       /* NUL-terminated, borrowed; NULL or "": none */
    size_t word_from, word; /* bytes before and of the word being spoken; word 0: none is */
};

#define CAPTION_MAX_LINES 24

/* How a text is broken into lines. Plain data. */
struct caption_layout {
    struct {
        size_t from, size; /* bytes */
    } lines[CAPTION_MAX_LINES];
    size_t count; /* 0: nothing to show */
    bool is_cut;  /* even this many lines were not enough */
    double size;  /* of the letters, in pixels */
};

/* Breaks a subtitle as large as three lines allow, in lines of about the same length; a longer one
 * goes on below. Slow: do it once for a text. */
void caption_lay_out(const struct caption_screen *screen, const char *text,
                     struct caption_layout *layout);

/* Where caption_draw() draws; empty: nowhere. */
struct rect caption_box(const struct caption_screen *screen, const struct caption_layout *layout);

/* A plate at the bottom with up to three lines, those around the word being spoken; what was said
 * is white, the word golden, the rest pale. */
void caption_draw(cairo_t *cr, const struct caption_screen *screen, const struct caption_text *text,
                  const struct caption_layout *layout);

/* Large, centred over the face. Returns its rectangle. */
struct rect caption_draw_notice(cairo_t *cr, const struct caption_screen *screen, const char *text);

/* The name at the top left and the mark that says who speaks is an AI at the top right. */
struct rect caption_draw_marks(cairo_t *cr, const struct caption_screen *screen, const char *name);

/* One short line at (x, y), its left (align 0) or right end (1) there. */
void caption_draw_label(cairo_t *cr, double x, double y, double size, double align,
                        const char *text);

/* Gives back the fonts that the libraries keep; nothing of cairo may be alive. */
void caption_forget_fonts(void);

#endif
