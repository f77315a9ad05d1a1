/* invoice_file.h - reads a vendor's invoice or usage file: CSV with a line of titles, or JSON
 *
 * JSON is a list of objects, {"rows": [...]}, or one object a line; titles and members have the
 * same names:
 *
 *     request_id                 the row is about this one request; else about a day and a model
 *     at, or day (date)          RFC 3339, or YYYY-MM-DD in the zone the check is told
 *     model
 *     input, cached              tokens, gross: cached is a part of input
 *     output, reasoning          likewise: reasoning is a part of output
 *     input_uncached ... requests, video_ms   our own disjoint classes, by their names
 *     class, quantity            one class a row, by the same names ("input", "output": gross)
 *     amount (cost, price)       money
 *
 * Others are not looked at. Quantities are whole numbers, money has up to 12 places.
 */
#ifndef SERVER_STORE_INVOICE_FILE_H
#define SERVER_STORE_INVOICE_FILE_H

#include "schema/base/arena.h"
#include "schema/base/json.h"

/* One quantity. Metrics are the names of our classes, "input" (both input classes), "output_all"
 * (output and reasoning) and "amount". Plain data. */
struct invoice_file_cell {
    int64_t line;           /* from 1, titles with them */
    const char *request_id; /* NULL: of a day and a model */
    uint8_t turn[16];       /* of a request id that a robot makes */
    int64_t attempt;        /* -1: it is none */
    const char *at;         /* a time, NULL: none told */
    const char *day;        /* NULL: none told */
    const char *model;      /* "" when none is told */
    const char *metric;
    const char *quantity; /* decimal */
};

/* *cells are in the arena, in the order of the file. STATUS_INVALID: problem->pointer names the
 * line ("/12") and detail the cause. STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status invoice_file_read(struct span file, struct arena *arena,
                                         struct invoice_file_cell **cells, size_t *count,
                                         struct json_problem *problem);

#endif
