/* labels.h - a robot's labels with some of them changed
 *
 * The API takes labels whole, so those that stay are written again. Pure.
 */
#ifndef SERVER_CTL_LABELS_H
#define SERVER_CTL_LABELS_H

#include <stddef.h>

#include "schema/base/json.h"

#define LABELS_NAME 64

/* Splits "NAME=VALUE"; false: it is not that, or the name is too long. *value is borrowed. */
bool labels_split(const char *word, char name[LABELS_NAME], const char **value);

/* Writes labels, an object of texts or NULL, as changes say, each "NAME=VALUE"; an empty value
 * takes a label away, and the last of a name counts. What is not NAME=VALUE is left out. */
void labels_write(struct json_writer *writer, const struct json *labels, const char *const *changes,
                  size_t count);

/* Writes the changes alone, as an object; the last of a name counts. */
void labels_write_changes(struct json_writer *writer, const char *const *changes, size_t count);

#endif
