/* spare.h - the disk's room for one whole file more, kept for the day when the disk is full
 *
 * A file that is replaced stands on the disk twice for a moment. On a full disk there is only the
 * room that was taken before: the spare, "<path>.spare". On a file system that copies what it
 * overwrites even that may be refused. Not thread-safe.
 */
#ifndef AGENT_METER_SPARE_H
#define AGENT_METER_SPARE_H

#include "schema/base/span.h"

/* Takes the room, unless it is there already. False: there is no spare, or a shorter one. */
bool spare_keep(const char *path, size_t bytes);

/* Puts content into the spare and the spare into the place of the file at path: power loss leaves
 * the old or the new. STATUS_FULL: there is no spare so large, and nothing changed; STATUS_IO. */
MUST_CHECK enum status spare_replace(const char *path, struct span content);

#endif
