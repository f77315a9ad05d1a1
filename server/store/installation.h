/* installation.h - the database's life: its epoch, which a restore raises
 *
 * In a new epoch robots are asked again for what the database may have forgotten, and each counts
 * as holding the most credit that it could until it is heard (design section 4, "Restore").
 */
#ifndef SERVER_STORE_INSTALLATION_H
#define SERVER_STORE_INSTALLATION_H

#include "server/store/store.h"

/* Plain data; texts are borrowed. */
struct installation_restore {
    int64_t known_epoch;   /* in which it came to light */
    int64_t least_epoch;   /* the new one is above this one as well */
    const char *because;   /* "a robot was told more than ...": static, without quotes */
    const char *device_id; /* that showed it, or "" */
};

/* Raises the epoch by compare-and-set, with an audit row and the alert "database_restored", in the
 * transaction on conn. When it is no longer the known one nothing happens: somebody raised it for
 * the same restore. *epoch: the epoch now; *raised tells whether by this call. */
MUST_CHECK enum status installation_raise(struct store_conn *conn, struct arena *arena,
                                          const struct installation_restore *restore,
                                          int64_t *epoch, bool *raised);

/* Raises the epoch when the database's system identifier or timeline is another than when it was
 * last looked at. Any instance may, at any time. *raised as above. */
MUST_CHECK enum status installation_watch(struct store *store, bool *raised);

/* An operator says that the database was restored. *epoch: the new one. */
MUST_CHECK enum status installation_declare(struct store *store, int64_t *epoch);

#endif
