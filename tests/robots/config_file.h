/* config_file.h - the configuration that a simulated robot holds, on disk: after power loss the old
 * one or the new one is there, never a mixture
 *
 * The file "config" in the robot's folder, for its owner alone: it holds vendors' keys. It has two
 * places, and a new configuration is written over the older of the two and synced: nothing is made
 * or renamed, so that one wait for the disk is enough.
 */
#ifndef TESTS_ROBOTS_CONFIG_FILE_H
#define TESTS_ROBOTS_CONFIG_FILE_H

#include "schema/base/span.h"

/* Fields are private. */
struct config_file {
    const char *folder;
    uint64_t number; /* of the newest; 0: none was saved */
    unsigned place;  /* where that is */
};

/* Finds what was saved last. The caller wipes and frees *data; *content lies in it. folder is
 * borrowed while file is used. STATUS_NOT_FOUND: none was saved; STATUS_CORRUPT: what is there is
 * no whole one. Whatever the status, file may be saved to. */
MUST_CHECK enum status config_file_load(struct config_file *file, const char *folder,
                                        uint64_t *generation, uint8_t **data, struct span *content);

/* Returns when the disk has it. From any thread, one at a time. STATUS_FULL: larger than a
 * configuration may be. */
MUST_CHECK enum status config_file_save(struct config_file *file, uint64_t generation,
                                        struct span content);

#endif
