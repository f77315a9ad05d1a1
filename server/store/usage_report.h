/* usage_report.h - what was used and what it cost, for people; sums are in usage_sums.h */
#ifndef SERVER_STORE_USAGE_REPORT_H
#define SERVER_STORE_USAGE_REPORT_H

#include "server/store/store.h"

/* The imported vendor usage files, newest first. */
MUST_CHECK enum status usage_report_imports(struct store *store, int64_t after, int64_t limit,
                                            struct arena *arena, struct span *json);

/* usage_report_fleet() of what a role that is bound to groups or vendors may see. */
MUST_CHECK enum status usage_report_part(struct store *store, const char *role_id,
                                         struct arena *arena, struct span *json);

/* Devices and today's usage in numbers. *robots: how many there are. */
MUST_CHECK enum status usage_report_fleet(struct store *store, struct arena *arena,
                                          struct span *json, int64_t *robots);

#endif
