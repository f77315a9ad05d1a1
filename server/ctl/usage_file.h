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

/* Where a row stands: its number, from 0, and what else it takes to tell the line. */
struct usage_file_place {
    const char *path;
    size_t row;
    size_t line;      /* JSON: of the row's first brace, from 1; YAML: 0 */
    struct span yaml; /* YAML: the file */
};

/* The line, from 1, on which the row begins. */
size_t usage_file_line(const struct usage_file_place *place);

/* Gets each row; texts are borrowed until it returns. Another status than STATUS_OK ends the
 * reading; it has told why. */
typedef enum status (*usage_file_row)(void *context, const struct usage_file_place *place,
                                      const struct tally_usage *usage);

/* "-" is standard input. CTL_FAILED: what is wrong was told on standard error with its line, as in
 * "usage.json:12: usage/3/at: must be a time", or by the visitor. */
int usage_file_read(const char *path, usage_file_row visit, void *context);

#endif
