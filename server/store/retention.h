/* retention.h - for how long each class of data is kept: the one table that the janitor obeys and
 * that operators see and change
 *
 * Classes without bounds stay, and say why. Besides those named, the statuses are those of store.h.
 */
#ifndef SERVER_STORE_RETENTION_H
#define SERVER_STORE_RETENTION_H

#include "server/store/document.h"

/* What this server's configuration says of classes that no operator has set. */
struct retention_usual {
    int64_t usage_months; /* 0: for ever */
    int64_t bundle_days;
};

/* Removes what has had its time of every class, in bounded batches: what a run leaves the next one
 * takes. *gone: rows, of usage months. */
MUST_CHECK enum status retention_run(struct store *store, const struct retention_usual *usual,
                                     int64_t *gone);

/* For how long a class is kept now, in its unit; 0: for ever. STATUS_NOT_FOUND: no such class. */
MUST_CHECK enum status retention_keep(struct store *store, const struct retention_usual *usual,
                                      const char *name, int64_t *keep);

/* {"items": [{"class", "what", "unit", "keep", "usual", "least", "most", "is_set", "due", "why"}]}:
 * due is what the next run would remove; of a class that stays unit is null, and why says why. */
MUST_CHECK enum status retention_list(struct store *store, const struct retention_usual *usual,
                                      struct arena *arena, struct span *json);

/* Whether keep is within the class's bounds. STATUS_NOT_FOUND, or a class that stays;
 * STATUS_INVALID: *least and *most tell the bounds, and *may_be_ever whether 0 is one of them. */
MUST_CHECK enum status retention_check(const char *name, int64_t keep, int64_t *least,
                                       int64_t *most, bool *may_be_ever);

/* Keeps a class for so long from now on, after retention_check(); is_trial: changes nothing.
 * *forgets: what is removed by that, at the next run. */
MUST_CHECK enum status retention_set(struct store *store, const struct author *author,
                                     const char *name, int64_t keep, bool is_trial,
                                     int64_t *forgets);

#endif
