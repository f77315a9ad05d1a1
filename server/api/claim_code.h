/* claim_code.h - what a robot's owner types: "<secret>-<fingerprint>", both in base32
 *
 * The secret's 16 characters let one robot in, or a batch; the fingerprint's 52 pin the root, so
 * that a robot that knows nothing yet can tell its server from another.
 */
#ifndef SERVER_API_CLAIM_CODE_H
#define SERVER_API_CLAIM_CODE_H

#include "schema/base/arena.h"
#include "schema/base/crypto.h"

/* A new code in the arena, and the hash that the database keeps. */
MUST_CHECK enum status claim_code_make(struct arena *arena,
                                       const uint8_t fingerprint[CRYPTO_HASH_SIZE],
                                       const char **code, uint8_t hash[CRYPTO_HASH_SIZE]);

/* The hash of a typed code, whole or its secret alone. STATUS_INVALID: no such code can be. */
MUST_CHECK enum status claim_code_hash(struct span typed, uint8_t hash[CRYPTO_HASH_SIZE]);

#endif
