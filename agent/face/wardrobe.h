/* wardrobe.h - the avatars that this robot can wear, by name
 *
 * A name stands for the file <installed>/avatar/<name>/current/<name>.svg, which came as software,
 * else for <folder>/<name>.svg; the built-in pack is "myna" and stands in for whatever cannot be
 * read. What is installed is looked for at each pick: another version of a pack is another pack.
 * Packs once read are kept until the wardrobe is freed, so that threads may go on drawing with one
 * while another is put on. Thread-safe.
 */
#ifndef AGENT_FACE_WARDROBE_H
#define AGENT_FACE_WARDROBE_H

#include "agent/face/pack.h"

#define WARDROBE_BUILTIN    "myna"
#define WARDROBE_MAX_PACKS  16
#define WARDROBE_NAME_BYTES 33

struct wardrobe;

/* Both folders are copied; NULL: none. The caller owns *out. */
MUST_CHECK enum status wardrobe_create(struct wardrobe **out, const char *folder,
                                       const char *installed);
void wardrobe_free(struct wardrobe *wardrobe);

/* Never NULL; borrowed until wardrobe_free(). A pack that is not to be had is logged once each
 * time it is asked for anew. "" is the built-in one. */
const struct pack *wardrobe_pick(struct wardrobe *wardrobe, const char *name);

#endif
