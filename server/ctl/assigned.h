/* assigned.h - settings as they are typed: volume=40, persona=hello, routes=[...]
 *
 * A value is JSON when it reads as JSON, else a text. Pure.
 */
#ifndef SERVER_CTL_ASSIGNED_H
#define SERVER_CTL_ASSIGNED_H

#include <stddef.h>

#include "schema/base/json.h"

/* Writes the value of one. */
void assigned_write_value(struct json_writer *writer, const char *value);

/* Writes an object of them, each "NAME=VALUE"; an empty value is null, which takes the setting out.
 * NULL; the first word that is none, and the object is whole without it and what follows. */
const char *assigned_write_patch(struct json_writer *writer, const char *const *words,
                                 size_t count);

#endif
