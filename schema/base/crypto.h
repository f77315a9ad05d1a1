/* crypto.h - the primitives, by mbedTLS: hash, HMAC, HKDF, AES-256-GCM, random, wrapped secrets
 *
 * Thread-safe: every call has its own context. A failure of the library itself (no entropy, no
 * memory) is STATUS_IO.
 */
#ifndef SCHEMA_BASE_CRYPTO_H
#define SCHEMA_BASE_CRYPTO_H

#include "schema/base/span.h"

#define CRYPTO_HASH_SIZE 32
#define CRYPTO_KEY_SIZE  32
#define CRYPTO_TAG_SIZE  16

/* From getrandom(2); cannot fail on a kernel that runs this program. */
void crypto_random(void *out, size_t size);
uint64_t crypto_random_u64(void);

/* A random UUID, version 4 (RFC 4122 section 4.4). */
void crypto_uuid(uint8_t out[16]);

/* SHA-256 (FIPS 180-4) over the concatenation of count parts. */
void crypto_sha256(const struct span *parts, size_t count, uint8_t out[CRYPTO_HASH_SIZE]);

/* HMAC-SHA-256 (RFC 2104) over the concatenation of count parts. */
void crypto_hmac(struct span key, const struct span *parts, size_t count,
                 uint8_t out[CRYPTO_HASH_SIZE]);

/* HMAC-SHA-1 (RFC 2104): for the one-time codes of RFC 6238, and for nothing else. */
#define CRYPTO_SHA1_SIZE 20
MUST_CHECK enum status crypto_hmac_sha1(struct span key, struct span message,
                                        uint8_t out[CRYPTO_SHA1_SIZE]);

/* HKDF-SHA-256 (RFC 5869); out_size up to 8160. */
MUST_CHECK enum status crypto_hkdf(struct span secret, struct span salt, struct span info,
                                   uint8_t *out, size_t out_size);

/* AES-256-GCM with a 12-byte nonce; out holds plain.size + CRYPTO_TAG_SIZE bytes, the tag last. */
MUST_CHECK enum status crypto_seal(const uint8_t key[CRYPTO_KEY_SIZE], const uint8_t nonce[12],
                                   struct span associated, struct span plain, uint8_t *out);

/* The reverse; out holds sealed.size - CRYPTO_TAG_SIZE bytes. STATUS_FORGED: the tag is wrong. */
MUST_CHECK enum status crypto_open(const uint8_t key[CRYPTO_KEY_SIZE], const uint8_t nonce[12],
                                   struct span associated, struct span sealed, uint8_t *out);

/* A secret at rest: random nonce (12), ciphertext, tag, under the master key; purpose (our text,
 * "vendor-key:dahan") is bound in, so that one wrapped value cannot stand in for another.
 * out holds secret.size + CRYPTO_WRAP_OVERHEAD bytes. */
#define CRYPTO_WRAP_OVERHEAD 28
MUST_CHECK enum status crypto_wrap(const uint8_t master[CRYPTO_KEY_SIZE], const char *purpose,
                                   struct span secret, uint8_t *out);
/* out holds wrapped.size - CRYPTO_WRAP_OVERHEAD bytes. STATUS_FORGED: another key, purpose, bit. */
MUST_CHECK enum status crypto_unwrap(const uint8_t master[CRYPTO_KEY_SIZE], const char *purpose,
                                     struct span wrapped, uint8_t *out);

/* Overwrites with zeros, not optimised away. */
void crypto_wipe(void *data, size_t size);

#endif
