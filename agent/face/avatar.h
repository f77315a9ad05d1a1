/* avatar.h - the picture: a pack drawn by cairo, texts and the AI mark over it
 *
 * Any size from AVATAR_MIN_SIZE up. The face is square, as large as fits, in the middle of the
 * lower edge; what lies behind it covers the whole screen. What stands still while the robot talks
 * is painted once and kept; from picture to picture only the rectangles that changed are painted
 * anew, with the same result as painting everything. Draws into memory of its own; knows no screen
 * and no time. One avatar per thread.
 */
#ifndef AGENT_FACE_AVATAR_H
#define AGENT_FACE_AVATAR_H

#include <stddef.h>
#include <stdint.h>

#include "agent/face/caption.h"
#include "agent/face/expression.h"
#include "agent/face/pack.h"
#include "agent/face/rects.h"
#include "agent/face/track.h"

#define AVATAR_SIZE       FACE_SIZE
#define AVATAR_MIN_SIZE   FACE_MIN_SIZE
#define AVATAR_MAX_WIDTH  FACE_MAX_WIDTH
#define AVATAR_MAX_HEIGHT FACE_MAX_HEIGHT

struct avatar;

/* What is to be seen. Plain data; texts are NUL-terminated UTF-8, "" for none. */
struct avatar_look {
    struct track_pose mouth;
    struct expression expression;
    struct caption_text subtitle;
    const char *notice; /* large, over the face */
    const char *name;
};

/* The pack is borrowed and must outlive the avatar. STATUS_INVALID: smaller than AVATAR_MIN_SIZE or
 * larger than the largest screen. The caller owns *out. */
MUST_CHECK enum status avatar_create(struct avatar **out, const struct pack *pack, int width,
                                     int height);
void avatar_free(struct avatar *avatar);

/* Brings the picture up to date and tells where it changed since the last call; the first time:
 * everywhere. */
void avatar_draw(struct avatar *avatar, const struct avatar_look *look, struct rects *changed);

/* The next picture is painted everywhere. */
void avatar_forget(struct avatar *avatar);

/* 32-bit 0xffRRGGBB in the machine's order (SDL's ARGB8888, ffmpeg's bgra on little-endian
 * machines), 4 * width bytes a row; borrowed, the last picture drawn. */
const uint8_t *avatar_pixels(const struct avatar *avatar);

int avatar_width(const struct avatar *avatar);
int avatar_height(const struct avatar *avatar);

#endif
