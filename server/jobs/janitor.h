/* janitor.h - removes what has had its time: commands past their expiry, login sessions, remembered
 * answers of posts (24 h), and whatever retention.h keeps for so long and no longer;
 * ends the silence of alerts; renews minted credentials; rolls usage up by hour and makes its next
 * months. One thread; several instances may run. */
#ifndef SERVER_JOBS_JANITOR_H
#define SERVER_JOBS_JANITOR_H

#include "server/store/retention.h"

struct janitor;

struct janitor_options {
    struct retention_usual retention;
};

/* store outlives the janitor. The caller owns *out. */
MUST_CHECK enum status janitor_start(struct janitor **out, struct store *store,
                                     const struct janitor_options *options);
/* NULL is allowed. */
void janitor_stop(struct janitor *janitor);

#endif
