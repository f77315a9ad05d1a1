/* screen.h - a window of the avatar's size; SDL2 and nothing else knows it
 *
 * Open, show and close on one and the same thread.
 */
#ifndef AGENT_FACE_SCREEN_H
#define AGENT_FACE_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/status.h"

struct screen;

/* True when a display server can be seen, so that opening is worth a try. */
bool screen_is_there(void);

/* The caller closes *out. STATUS_UNREACHABLE: no display; problem says why. */
MUST_CHECK enum status screen_open(struct screen **out, const char *title, char problem[160]);
void screen_close(struct screen *screen);

/* Shows a picture (avatar.h has its layout) and waits for the display's next frame, or about as
 * long when the display does not tell. STATUS_CLOSED: the window was closed by its owner. */
MUST_CHECK enum status screen_show(struct screen *screen, const uint8_t *pixels);

/* After the last screen: gives back what SDL keeps until then. */
void screen_forget(void);

#endif
