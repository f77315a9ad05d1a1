/* file.h - whole files, and replacing one so that power loss leaves the old or the new */
#ifndef SCHEMA_BASE_FILE_H
#define SCHEMA_BASE_FILE_H

#include "schema/base/span.h"

/* Reads up to max_bytes into a heap block with a NUL after it; the caller frees *data.
 * STATUS_NOT_FOUND, STATUS_FULL (larger than max_bytes), STATUS_IO. */
MUST_CHECK enum status file_read(const char *path, size_t max_bytes, uint8_t **data, size_t *size);

/* Whether somebody of who, bits of a mode like 07 or 077, may read, write or run it. A file that is
 * not there is open to nobody. */
bool file_is_open_to(const char *path, unsigned who);

/* Writes path.new, syncs it, renames it, syncs the folder. mode as of open(2). */
MUST_CHECK enum status file_replace(const char *path, struct span content, unsigned mode);

/* Makes a rename to path survive power loss. */
MUST_CHECK enum status file_sync_folder(const char *path);

/* Makes the folder and its missing parents. An existing folder is STATUS_OK. */
MUST_CHECK enum status file_make_folder(const char *path, unsigned mode);

#endif
