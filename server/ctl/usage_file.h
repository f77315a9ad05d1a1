/* usage_file.h - a file of usage rows, read row by row
 *
 *     {"usage": [{"at": ..., "device": ..., "model": ..., "metrics": {...}}, ...]}
 *
 * JSON is never held as a whole, so that a file may be larger than memory; YAML is, up to 64 MiB. A
 * row may have 64 KiB. See usage_row.h for what is in one.
 */
#ifndef SERVER_CTL_USAGE_FILE_H
#define SERVER_CTL_USAGE_FILE_H

#include "server/money/usage_row.h"

/* Gets each row with its number, from 0; texts are borrowed until it returns. Another status than
 * STATUS_OK ends the reading; it has told why. */
typedef enum status (*usage_file_row)(void *context, size_t row, const struct tally_usage *usage);

/* "-" is standard input. CTL_FAILED: what is wrong was told on standard error, by the row's number
 * and member, or by the visitor. */
int usage_file_read(const char *path, usage_file_row visit, void *context);

#endif
