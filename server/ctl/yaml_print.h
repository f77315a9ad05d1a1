/* yaml_print.h - JSON as YAML that people like to edit, and that yaml_to_json() reads back as it
 * was
 *
 * Pure; thread-safe.
 */
#ifndef SERVER_CTL_YAML_PRINT_H
#define SERVER_CTL_YAML_PRINT_H

#include "schema/base/buffer.h"
#include "schema/base/json.h"

/* Appends value, an object, as a block; lists of plain values and objects without lists of objects
 * within lists stand on one line each. */
void yaml_print(const struct json *value, struct buffer *out);

#endif
