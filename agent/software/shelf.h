/* shelf.h - what this robot knows of its software, on disk
 *
 * One small file, replaced atomically: what runs and what was before, what is on its way and how
 * far, what was refused. Not thread-safe. Fields are plain data; who changes them calls
 * shelf_save().
 */
#ifndef AGENT_SOFTWARE_SHELF_H
#define AGENT_SOFTWARE_SHELF_H

#include <limits.h>

#include "schema/wire/manifest.h"
#include "schema/wire/message.h"

struct shelf {
    char path[PATH_MAX];
    wire_KeptSoftware kept;
    uint8_t bytes[wire_KeptSoftware_size];
};

/* A missing file is a robot to which nothing came. STATUS_CORRUPT: not what was written; the shelf
 * is empty then. STATUS_INVALID: the path is too long. */
MUST_CHECK enum status shelf_load(struct shelf *shelf, const char *path);

/* On disk when it returns STATUS_OK. */
MUST_CHECK enum status shelf_save(struct shelf *shelf);

/* What of this kind and name runs, or was before; NULL: nothing that came by a manifest. */
const wire_KeptPackage *shelf_current(const struct shelf *shelf, const char *kind,
                                      const char *name);
const wire_KeptPackage *shelf_former(const struct shelf *shelf, const char *kind, const char *name);

/* Whether the package is what the manifest says: the same version and file. NULL is not. */
bool shelf_is(const wire_KeptPackage *package, const struct manifest *manifest);

/* Whether one more kind and name has room. */
bool shelf_has_room(const struct shelf *shelf, const struct manifest *manifest);

/* The manifest's software runs from now on, and what ran is what was before. */
void shelf_keep(struct shelf *shelf, const struct manifest *manifest);

/* What was before runs again, and nothing was before that. */
void shelf_go_back(struct shelf *shelf, const char *kind, const char *name);

/* That it failed, in place of what was told of the kind and name before. */
void shelf_fail(struct shelf *shelf, const struct manifest *manifest, wire_SoftwareStep step,
                const char *reason, bool is_final);
/* NULL: this very file did not fail. */
const wire_KeptFailure *shelf_failure(const struct shelf *shelf, const struct manifest *manifest);
void shelf_forgive(struct shelf *shelf, const char *kind, const char *name);

#endif
