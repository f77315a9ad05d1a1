/* usage_report.h - what was used and what it cost, for people */
#ifndef SERVER_STORE_USAGE_REPORT_H
#define SERVER_STORE_USAGE_REPORT_H

#include "server/store/store.h"

/* By which columns sums are grouped; the currency always is, for unlike money does not add up. */
enum usage_report_by {
    USAGE_REPORT_VENDOR = 1,
    USAGE_REPORT_MODEL = 2,
    USAGE_REPORT_CONTRACT = 4,
    USAGE_REPORT_DAY = 8,
};

/* Days are each contract's local ones, "YYYY-MM-DD", both inclusive; NULL from: today; NULL to: no
 * end. by: enum usage_report_by, or-ed. STATUS_INVALID: no date. */
MUST_CHECK enum status usage_report_sums(struct store *store, unsigned by, const char *from,
                                         const char *to, struct arena *arena, struct span *json);

/* A device's attempts, newest first. after: NULL or the next of the page before.
 * STATUS_NOT_FOUND: no such device. */
MUST_CHECK enum status usage_report_attempts(struct store *store, const char *device_id,
                                             const char *after, int64_t limit, struct arena *arena,
                                             struct span *json);

/* The imported vendor usage files, newest first. */
MUST_CHECK enum status usage_report_imports(struct store *store, int64_t after, int64_t limit,
                                            struct arena *arena, struct span *json);

/* Devices and today's usage in numbers. */
MUST_CHECK enum status usage_report_fleet(struct store *store, struct arena *arena,
                                          struct span *json);

#endif
