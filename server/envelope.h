/* envelope.h - from the master key to the data key, which wraps every secret in the database
 *
 * The data key is made once, random, and kept wrapped by the master key in force (myna.data_key). A
 * new master key wraps the same data key anew: that is one row, so at any moment either the old or
 * the new one opens everything.
 */
#ifndef SERVER_ENVELOPE_H
#define SERVER_ENVELOPE_H

#include "server/authority.h"
#include "server/master.h"
#include "server/store/store.h"

/* Opens the data key with whichever of the keys fits, and wraps it by the first of them when
 * another one fitted (*turned; may be NULL). In a database that has none yet it is made, and what
 * an earlier version wrapped by the master key itself is wrapped by the data key. Any instance may,
 * at any time. STATUS_FORGED: none of the keys fits. problem tells cause and cure. */
MUST_CHECK enum status envelope_open(struct store *store, const struct master_keys *keys,
                                     uint8_t data_key[CRYPTO_KEY_SIZE], bool *turned,
                                     char problem[256]);

/* Loads the master key, opens the envelope, and gives the data key to the authority. */
MUST_CHECK enum status envelope_enter(struct store *store, struct authority *authority,
                                      const char *state_dir, const struct master_keys *given,
                                      char problem[256]);

#endif
