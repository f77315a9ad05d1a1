/* logbook.h - the newest lines of this program's log, kept in memory for a diagnostic bundle
 *
 * No line holds speech or a secret (schema/base/log.h). Thread-safe; its size is fixed.
 */
#ifndef AGENT_LOGBOOK_H
#define AGENT_LOGBOOK_H

#include "schema/base/json.h"

#define LOGBOOK_LINES      160
#define LOGBOOK_LINE_BYTES 200 /* longer ones are cut */

struct logbook;

/* Keeps what is logged from now on. The caller owns *out. One at a time. */
MUST_CHECK enum status logbook_open(struct logbook **out);

/* NULL is allowed. */
void logbook_close(struct logbook *logbook);

/* Writes the newest lines, at most max, oldest first, as an array of {"at","level","text"}. */
void logbook_write(struct logbook *logbook, size_t max, struct json_writer *writer);

#endif
