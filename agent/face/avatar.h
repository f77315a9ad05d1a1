/* avatar.h - the picture: a robot myna, drawn by cairo
 *
 * A head with a crest, speaker discs for ears, the yellow eye patches of the bird, brows, eyes,
 * beak and a mouth; a subtitle below, a mark that says who speaks is an AI. Draws into memory;
 * knows no screen and no time. One avatar per thread.
 */
#ifndef AGENT_FACE_AVATAR_H
#define AGENT_FACE_AVATAR_H

#include <stddef.h>
#include <stdint.h>

#include "agent/face/expression.h"
#include "agent/face/track.h"

#define AVATAR_SIZE       480
#define AVATAR_STRIDE     (4 * AVATAR_SIZE)
#define AVATAR_BYTES      (AVATAR_STRIDE * AVATAR_SIZE)
#define AVATAR_TEXT_BYTES 1024

struct avatar;

/* What is to be seen. Plain data; texts are NUL-terminated UTF-8, "" for none. */
struct avatar_look {
    struct track_pose mouth;
    struct expression expression;
    enum face_mood mood;
    const char *subtitle;
    const char *notice; /* large, over the face */
    const char *name;
};

/* The caller owns *out. */
MUST_CHECK enum status avatar_create(struct avatar **out);
void avatar_free(struct avatar *avatar);

/* Fills pixels: AVATAR_BYTES of 32-bit 0xffRRGGBB in the machine's order (SDL's ARGB8888, ffmpeg's
 * bgra on little-endian machines). */
void avatar_draw(struct avatar *avatar, const struct avatar_look *look, uint8_t *pixels);

#endif
