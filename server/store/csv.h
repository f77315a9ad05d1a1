/* csv.h - takes a CSV file (RFC 4180) apart, field by field
 *
 * Fields are parted by comma, semicolon or tab, whichever the first line has most of. Fields are
 * private but where told.
 */
#ifndef SERVER_STORE_CSV_H
#define SERVER_STORE_CSV_H

#include "schema/base/arena.h"

struct csv {
    struct arena *arena; /* borrowed: of fields that had to be written anew */
    struct span rest;    /* for reading: empty at the end of the file */
    int64_t line;        /* for reading: where the next field begins, from 1 */
    char separator;
};

/* Borrows file, which is UTF-8 without a byte order mark, and the arena. */
void csv_init(struct csv *csv, struct span file, struct arena *arena);

/* The next field, without its quotes and the blanks behind it, borrowed from the file or the arena;
 * *more: another follows on this line. STATUS_INVALID: *problem says what is wrong in csv->line.
 * STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status csv_field(struct csv *csv, struct span *out, bool *more,
                                 const char **problem);

#endif
