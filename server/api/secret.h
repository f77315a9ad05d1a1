/* secret.h - random texts that prove something: sessions, API keys, claims; stored as hashes alone
 */
#ifndef SERVER_API_SECRET_H
#define SERVER_API_SECRET_H

#include "schema/base/arena.h"
#include "schema/base/crypto.h"

/* prefix and bytes of randomness in base32, in the arena. NULL: the arena is full. */
const char *secret_make(struct arena *arena, const char *prefix, size_t bytes);

void secret_hash(struct span secret, uint8_t out[CRYPTO_HASH_SIZE]);

#endif
