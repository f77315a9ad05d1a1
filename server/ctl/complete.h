/* complete.h - what may stand next on a command line, from the table of verbs
 *
 * Pure but for what the caller's function asks.
 */
#ifndef SERVER_CTL_COMPLETE_H
#define SERVER_CTL_COMPLETE_H

#include "schema/base/buffer.h"

/* Appends the ids below an address of the API ("/api/v1/groups") that begin with prefix, one a
 * line; nothing where the server does not answer. */
typedef void (*complete_ids)(void *context, const char *address, const char *prefix,
                             struct buffer *out);

/* line is what was typed up to the cursor, with the program's name. Appends the words that its last
 * one may become, one a line. */
void complete_line(const char *line, complete_ids ids, void *context, struct buffer *out);

#endif
