/* config_file.h - the configuration that a simulated robot holds, on disk: replaced in one step,
 * but without waiting for the disk
 */
#ifndef TESTS_ROBOTS_CONFIG_FILE_H
#define TESTS_ROBOTS_CONFIG_FILE_H

#include "schema/base/span.h"

/* The file "config" in folder, for its owner alone: it holds vendors' keys. */
MUST_CHECK enum status config_file_save(const char *folder, uint64_t generation,
                                        struct span content);

/* The caller wipes and frees *data; *content lies in it. STATUS_NOT_FOUND: none was saved;
 * STATUS_CORRUPT: not what was saved. */
MUST_CHECK enum status config_file_load(const char *folder, uint64_t *generation, uint8_t **data,
                                        struct span *content);

#endif
