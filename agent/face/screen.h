/* screen.h - a window, or the whole screen of a robot without a desktop; SDL2 (sdl.h) and nothing
 * else knows it
 *
 * Open, show and close on one and the same thread. On X11 only the rectangles that changed travel
 * to the display, 60 times a second; elsewhere (KMSDRM, Wayland) they go into a texture and the
 * display's own beat paces the pictures. beat.h has when a picture is seen.
 */
#ifndef AGENT_FACE_SCREEN_H
#define AGENT_FACE_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/face/face.h"
#include "agent/face/rects.h"
#include "schema/base/status.h"

struct screen;

struct screen_options {
    const char *title;
    const char *driver; /* SDL's name of it: x11, wayland, kmsdrm; NULL or "": SDL chooses */
    face_key_fn on_key; /* called by screen_show(); NULL: nobody listens to keys */
    void *context;
    int width, height; /* of a window; where there are no windows the display's own size counts */
};

/* True when a display server can be seen or a driver is named, so that opening is worth a try. */
bool screen_is_there(const char *driver);

/* The caller closes *out. STATUS_UNREACHABLE: no display, or no SDL2; problem says why. */
MUST_CHECK enum status screen_open(struct screen **out, const struct screen_options *options,
                                   char problem[160]);
void screen_close(struct screen *screen);

/* How large the picture should be now, within avatar.h's bounds; changes when the owner pulls at
 * the window. */
void screen_size(const struct screen *screen, int *width, int *height);

/* Waits until the next picture should be drawn, which is to stay for so many frames, and returns
 * when it will have been seen for half of that time (clock_mono_ns()): what it should show. */
int64_t screen_next(struct screen *screen, int frames);

/* Shows a picture (avatar.h has its layout) of screen_size(), of which `changed` is new, when it is
 * due: after one screen_next(). STATUS_CLOSED: the window was closed by its owner. */
MUST_CHECK enum status screen_show(struct screen *screen, const uint8_t *pixels,
                                   const struct rects *changed);

/* After the last screen: gives back what SDL keeps until then. */
void screen_forget(void);

#endif
