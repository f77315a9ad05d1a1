/* pack_build.h - makes a pack's tables from the tree of its drawing; part of pack.c
 *
 * Finds what is a key of what, refuses keys that do not fit, and turns each into what it adds to
 * the simpler ones.
 */
#ifndef AGENT_FACE_PACK_BUILD_H
#define AGENT_FACE_PACK_BUILD_H

#include "agent/face/pack.h"

/* Fills shapes and their number, of memory of the pack's arena; scratch may be freed afterwards,
 * the tree, too. STATUS_INVALID: problem says "line 12: why". STATUS_MEMORY. */
MUST_CHECK enum status pack_build(struct pack *pack, struct arena *scratch,
                                  const struct svg_node *root, char problem[PACK_PROBLEM_SIZE]);

#endif
