/* picture.h - a picture of the face as PNG, small enough for a message */
#ifndef AGENT_FACE_PICTURE_H
#define AGENT_FACE_PICTURE_H

#include "agent/face/avatar.h"
#include "schema/base/buffer.h"

/* Appends what the avatar drew last. Shades are left out until it fits max_bytes. STATUS_FULL: it
 * did not fit. */
MUST_CHECK enum status picture_encode(const struct avatar *avatar, size_t max_bytes,
                                      struct buffer *out);

#endif
