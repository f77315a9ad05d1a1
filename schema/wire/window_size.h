/* window_size.h - the size of a face's window as people write it: "800x480"
 *
 * No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_WINDOW_SIZE_H
#define SCHEMA_WIRE_WINDOW_SIZE_H

#include "schema/base/span.h"

/* What a face can be drawn in. */
#define WINDOW_SIZE_LEAST      240 /* either way */
#define WINDOW_SIZE_MAX_WIDTH  1280
#define WINDOW_SIZE_MAX_HEIGHT 800

/* Plain data. */
struct window_size {
    int width, height;
};

/* STATUS_INVALID: it is not written like that, or below or above what can be drawn. */
MUST_CHECK enum status window_size_read(struct span text, struct window_size *out);

#endif
