/* envelope.h - from the master key to the data key, which wraps every secret in the database
 *
 * The data key is random, and kept wrapped by the master key in force (myna.data_key). A new master
 * key wraps the same data key anew: that is one row, so at any moment either the old or the new one
 * opens everything. A new data key wraps every secret anew, in one transaction in which no server
 * runs. Beside it is the stamp key, by which the installation recognises what it gave out or wrote
 * elsewhere: the data key wraps it, and it stays the same.
 */
#ifndef SERVER_ENVELOPE_H
#define SERVER_ENVELOPE_H

#include "server/authority.h"
#include "server/master.h"
#include "server/store/store.h"

/* Plain data; secret. */
struct envelope_keys {
    uint8_t data[CRYPTO_KEY_SIZE];
    uint8_t stamp[CRYPTO_KEY_SIZE];
};

/* Opens the data key with whichever of the keys fits, and wraps it by the first of them when
 * another one fitted (*turned; may be NULL). In a database that has none yet it is made, and what
 * an earlier version wrapped by the master key itself is wrapped by the data key. Any instance may,
 * at any time. STATUS_FORGED: none of the keys fits. problem tells cause and cure. */
MUST_CHECK enum status envelope_open(struct store *store, const struct master_keys *keys,
                                     struct envelope_keys *out, bool *turned, char problem[256]);

/* Puts another data key in the present one's place; *secrets were wrapped anew. All or nothing.
 * STATUS_CONFLICT: servers run, and still do after patience_ms; they would go on with the present
 * one. problem tells cause and cure. */
MUST_CHECK enum status envelope_replace(struct store *store, const struct master_keys *keys,
                                        int64_t patience_ms, size_t *secrets, char problem[256]);

/* Inside a transaction, which waits for one that replaces the data key: STATUS_STALE, the database
 * has another one than the authority. */
MUST_CHECK enum status envelope_check(struct store_conn *conn, const struct authority *authority);

/* Loads the master key, opens the envelope, and gives both keys to the authority. */
MUST_CHECK enum status envelope_enter(struct store *store, struct authority *authority,
                                      const char *state_dir, const struct master_keys *given,
                                      char problem[256]);

#endif
