/* rotator.h - carries replacements of the installation's keys forward: one thread in every server,
 * any of which may take any step (store/sealing_keys.h)
 */
#ifndef SERVER_JOBS_ROTATOR_H
#define SERVER_JOBS_ROTATOR_H

#include "schema/base/crypto.h"
#include "server/store/store.h"

struct rotator;

/* store outlives it; the key is copied. The caller owns *out. */
MUST_CHECK enum status rotator_start(struct rotator **out, struct store *store,
                                     const uint8_t data_key[CRYPTO_KEY_SIZE]);
/* NULL is allowed. */
void rotator_stop(struct rotator *rotator);

#endif
