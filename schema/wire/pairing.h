/* pairing.h - the six digits by which a robot without a claim code is let in
 *
 * Robot and server each derive them from what they saw: the server's root, the robot's two keys,
 * its names, and a random number of either side. A person carries them from the robot's loudspeaker
 * to the server. Whoever sits between the two and shows either side another key makes them differ.
 *
 * This is numeric comparison as in Bluetooth (Core Specification 5.3, volume 3 part H, 2.3.5.6.2)
 * and ZRTP (RFC 6189, section 4.4.1.1): one side commits to its number before it sees the other's
 * and reveals it afterwards, so that nobody between them can try numbers until the digits of both
 * sides agree. What is left is one blind guess in a million.
 *
 *     transcript = SHA-256("myna pair 1" | root | key | sealing key | device id | 0 | serial | 0)
 *     commitment = SHA-256("myna pair commitment 1" | robot's number | transcript)
 *     digits     = HKDF-SHA-256(secret: robot's number | server's number; salt: transcript;
 *                  info: "myna pair digits 1"), 8 bytes, big-endian, modulo 1,000,000
 *
 * Pure.
 */
#ifndef SCHEMA_WIRE_PAIRING_H
#define SCHEMA_WIRE_PAIRING_H

#include "schema/base/crypto.h"

#define PAIRING_NONCE_SIZE 32
#define PAIRING_DIGITS     6
#define PAIRING_MAX_SERIAL 64
#define PAIRING_TRIES      3 /* of typing the digits; then the request is dead */
#define PAIRING_LIFE_S     600
#define PAIRING_TOKEN_SIZE 32 /* bytes of what a robot asks for its outcome by */

/* What both sides must have seen alike. Borrowed; the hashes have CRYPTO_HASH_SIZE bytes, the
 * sealing key 32. */
struct pairing_facts {
    const uint8_t *root_fingerprint; /* pki_fingerprint() of the server's root */
    const uint8_t *key_hash;         /* pki_csr_key_hash() of the robot's request */
    const uint8_t *sealing_public;   /* the robot's X25519 key */
    const char *device_id;
    const char *serial; /* "": none */
};

void pairing_transcript(const struct pairing_facts *facts, uint8_t out[CRYPTO_HASH_SIZE]);

/* What the robot sends first. */
void pairing_commitment(const uint8_t transcript[CRYPTO_HASH_SIZE],
                        const uint8_t robot_nonce[PAIRING_NONCE_SIZE],
                        uint8_t out[CRYPTO_HASH_SIZE]);

/* NUL-terminated, with leading zeros. STATUS_IO: the library failed. */
MUST_CHECK enum status pairing_digits(const uint8_t transcript[CRYPTO_HASH_SIZE],
                                      const uint8_t robot_nonce[PAIRING_NONCE_SIZE],
                                      const uint8_t server_nonce[PAIRING_NONCE_SIZE],
                                      char out[PAIRING_DIGITS + 1]);

#endif
