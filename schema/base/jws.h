/* jws.h - signatures of JSON Web Tokens (RFC 7518 section 3), by mbedTLS: RS256 and ES256
 *
 * Keys come as the numbers of a JWK, big-endian. STATUS_INVALID: no key that is strong enough, or
 * no point of the curve; STATUS_FORGED: the signature does not fit. Thread-safe.
 */
#ifndef SCHEMA_BASE_JWS_H
#define SCHEMA_BASE_JWS_H

#include "schema/base/span.h"

/* RSASSA-PKCS1-v1_5 with SHA-256; a modulus of 2048 to 8192 bits. */
MUST_CHECK enum status jws_verify_rs256(struct span modulus, struct span exponent,
                                        struct span message, struct span signature);

/* ECDSA on P-256 with SHA-256; x and y of 32 bytes, the signature is r and s of 32 bytes each. */
MUST_CHECK enum status jws_verify_es256(struct span x, struct span y, struct span message,
                                        struct span signature);

#endif
