/* caption.h - lines of text on the picture, broken where they fit, Latin and Han */
#ifndef AGENT_FACE_CAPTION_H
#define AGENT_FACE_CAPTION_H

#include <cairo.h>

/* A plate at the bottom of the picture with up to three lines; what does not fit ends in an
 * ellipsis. Empty text draws nothing. */
void caption_draw(cairo_t *cr, const char *text);

/* Large, centred over the face. */
void caption_draw_notice(cairo_t *cr, const char *text);

/* One short line at (x, y), its left (align 0) or right end (1) there. */
void caption_draw_label(cairo_t *cr, double x, double y, double size, double align,
                        const char *text);

/* Gives back the fonts that the libraries keep; nothing of cairo may be alive. */
void caption_forget_fonts(void);

#endif
