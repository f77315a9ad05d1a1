/* wardrobe.h - the avatars that this robot can wear, by name
 *
 * A name stands for the file <folder>/<name>.svg; the built-in pack is "myna" and stands in for
 * whatever cannot be read. Packs once read are kept until the wardrobe is freed, so that threads
 * may go on drawing with one while another is put on. Thread-safe.
 */
#ifndef AGENT_FACE_WARDROBE_H
#define AGENT_FACE_WARDROBE_H

#include "agent/face/pack.h"

#define WARDROBE_BUILTIN    "myna"
#define WARDROBE_MAX_PACKS  8
#define WARDROBE_NAME_BYTES 33

struct wardrobe;

/* folder is copied; NULL: the built-in pack alone. The caller owns *out. */
MUST_CHECK enum status wardrobe_create(struct wardrobe **out, const char *folder);
void wardrobe_free(struct wardrobe *wardrobe);

/* Never NULL; borrowed until wardrobe_free(). A pack that is not to be had is logged once each
 * time it is asked for anew. "" is the built-in one. */
const struct pack *wardrobe_pick(struct wardrobe *wardrobe, const char *name);

#endif
