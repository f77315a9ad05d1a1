/* janitor.h - removes what has had its time: commands past their expiry, login sessions, remembered
 * answers of posts (24 h), cleared alerts and what was sent of them (90 days); ends the silence of
 * alerts. One thread; several instances may run. */
#ifndef SERVER_JOBS_JANITOR_H
#define SERVER_JOBS_JANITOR_H

#include "server/store/store.h"

struct janitor;

/* store outlives the janitor. The caller owns *out. */
MUST_CHECK enum status janitor_start(struct janitor **out, struct store *store);
/* NULL is allowed. */
void janitor_stop(struct janitor *janitor);

#endif
