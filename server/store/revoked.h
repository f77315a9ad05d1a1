/* revoked.h - who is refused for good: what the list outside the database (jobs/keeper.h) is
 * compared with
 */
#ifndef SERVER_STORE_REVOKED_H
#define SERVER_STORE_REVOKED_H

#include "server/store/document.h"

/* One robot that is revoked or retired. Plain data; texts in the arena. */
struct revoked {
    const char *device_id;
    const char *status;   /* "revoked" or "retired" */
    const char *key_hash; /* of its certificate, in hex; empty: not known any more */
};

/* All of them, those that this database knows only from the list included, in order of their ids.
 */
MUST_CHECK enum status revoked_list(struct store *store, struct arena *arena, struct revoked **out,
                                    size_t *count);

/* What a restored database forgot: robots that it holds for active are revoked or retired again,
 * audited, and those that it does not know never come back, unless they were erased. */
MUST_CHECK enum status revoked_restore(struct store *store, const struct author *author,
                                       const struct revoked *robots, size_t count,
                                       struct arena *arena, int64_t *restored);

#endif
