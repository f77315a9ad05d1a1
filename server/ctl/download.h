/* download.h - how far a file of usage has come, told while it comes
 *
 * Rows are in the order of their periods, which the first field names: so the last one says how far
 * the server has got. Plain data; fields are for reading.
 */
#ifndef SERVER_CTL_DOWNLOAD_H
#define SERVER_CTL_DOWNLOAD_H

#include <stdio.h>

#include "schema/base/span.h"

struct download {
    uint64_t bytes;
    uint64_t lines; /* ended ones, the head among them */
    char period[32];
    /* of the line that is not at an end yet */
    char field[32];
    size_t field_size;
    bool is_beyond; /* its first field */
};

/* Counts a piece, which may begin and end anywhere. */
void download_count(struct download *download, struct span piece);

/* "2026-11-07  1234567 rows  45.1 MB"; nothing of the period before one is known. */
void download_print(const struct download *download, FILE *out);

#endif
