/* janitor.h - removes what has had its time: commands past their expiry, login sessions, remembered
 * answers of posts (24 h), cleared alerts and what was sent of them (90 days), months of usage,
 * diagnostic bundles;
 * ends the silence of alerts; renews minted credentials; rolls usage up by hour and makes its next
 * months. One thread; several instances may run. */
#ifndef SERVER_JOBS_JANITOR_H
#define SERVER_JOBS_JANITOR_H

#include "server/store/store.h"

struct janitor;

struct janitor_options {
    int64_t usage_months; /* how many are kept; 0: all */
    int64_t bundle_days;  /* for which diagnostic bundles are kept */
};

/* store outlives the janitor. The caller owns *out. */
MUST_CHECK enum status janitor_start(struct janitor **out, struct store *store,
                                     const struct janitor_options *options);
/* NULL is allowed. */
void janitor_stop(struct janitor *janitor);

#endif
