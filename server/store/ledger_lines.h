/* ledger_lines.h - reads a vendor's usage file: one JSON object a line (imports.h shows one) */
#ifndef SERVER_STORE_LEDGER_LINES_H
#define SERVER_STORE_LEDGER_LINES_H

#include "schema/base/arena.h"
#include "schema/base/json.h"

/* What the vendor says of one request, as disjoint classes. Plain data. */
struct ledger_lines_row {
    const char *request_id; /* in the arena */
    uint8_t turn[16];
    int64_t attempt; /* -1: the request id is none that a robot makes */
    int64_t at_ms;   /* 0: not told */
    int64_t input_uncached;
    int64_t input_cached;
    int64_t output;
    int64_t reasoning;
};

/* *rows is in the arena. Empty lines are skipped. STATUS_INVALID: problem->pointer names the line
 * ("/12") and detail the cause. STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status ledger_lines_read(struct span file, struct arena *arena,
                                         struct ledger_lines_row **rows, size_t *count,
                                         struct json_problem *problem);

/* The attempt number of "<turn uuid>-<attempt>", and turn; -1: it is no request id that a robot
 * makes, which is not wrong, only not ours. */
int64_t ledger_lines_attempt(const char *request_id, uint8_t turn[16]);

#endif
