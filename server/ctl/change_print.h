/* change_print.h - one member that changes, for people and for programs
 *
 * No I/O but writing to the given stream.
 */
#ifndef SERVER_CTL_CHANGE_PRINT_H
#define SERVER_CTL_CHANGE_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"
#include "server/ctl/object.h"

/* What it was and what it becomes on a line each; of lists of objects those alone that differ. */
void change_print(FILE *out, const struct object_change *change);

/* {"name", "from", "to"}, null where it is not there. */
void change_print_json(struct json_writer *writer, const struct object_change *change);

#endif
