/* device_ends.h - how a robot's time in the fleet is broken off, ended, or handed on
 *
 * Each is one transaction with its audit row; again is harmless. What the robot used, and the audit
 * of it, stay. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_DEVICE_ENDS_H
#define SERVER_STORE_DEVICE_ENDS_H

#include "server/store/document.h"

enum device_ends_kind {
    /* Refused everywhere from the commit on; the broker is told by NOTIFY. */
    DEVICE_ENDS_REVOKE,
    /* Out of use for good: refused like a revoked one, without a suspicion. What is counted by use,
     * as terminals and licences are, it uses no more. */
    DEVICE_ENDS_RETIRE,
    /* Until somebody has looked: it is heard and may use the credit that it has, and is given no
     * more. */
    DEVICE_ENDS_QUARANTINE,
    /* Ends that. A journal that is quarantined itself stays so. */
    DEVICE_ENDS_RELEASE,
};

/* Borrowed texts. */
struct device_ends_turn {
    enum device_ends_kind kind;
    const char *device_id;
    const char *reason; /* for the audit; NULL: none */
};

/* STATUS_NOT_FOUND; STATUS_CONFLICT: a revoked or retired one is not quarantined or released. */
MUST_CHECK enum status device_ends_make(struct store *store, const struct author *author,
                                        const struct device_ends_turn *turn, struct arena *arena,
                                        struct document *out);

/* The same inside a transaction of the caller's. */
MUST_CHECK enum status device_ends_put(struct store_conn *conn, const struct author *author,
                                       const struct device_ends_turn *turn, struct arena *arena);

/* by takes device_id's place: name, region, labels, named groups and own settings go over where by
 * has none of its own, it says whom it replaces, and what it uses from now on goes on with
 * device_id's licences; device_id is revoked. STATUS_NOT_FOUND: one of
 * them is not there; STATUS_CONFLICT: by is the same, is not in use, or replaces another. */
MUST_CHECK enum status device_ends_swap(struct store *store, const struct author *author,
                                        const char *device_id, const char *by, struct arena *arena,
                                        struct document *out);

#endif
