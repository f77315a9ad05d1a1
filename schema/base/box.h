/* box.h - a message sealed between one device and its server (invariant I3)
 *
 *    0   1  version, 1
 *    1   4  device key id   first 4 bytes of SHA-256 of the device's X25519 public key
 *    5   4  server key id   likewise
 *    9  32  random
 *   41   n  AES-256-GCM ciphertext
 *   41+n 16 tag
 *
 * key = HKDF-SHA-256(secret = X25519 shared secret, salt = random, info = direction byte | type
 * byte | device id | 0 | device public key | server public key); nonce is zero since a key seals
 * one message; bytes 0 to 40 are associated data. No I/O; thread-safe.
 */
#ifndef SCHEMA_BASE_BOX_H
#define SCHEMA_BASE_BOX_H

#include "schema/base/crypto.h"
#include "schema/base/pki.h"
#include "schema/base/span.h"

#define BOX_VERSION  1
#define BOX_OVERHEAD 57

enum box_direction { BOX_UP = 1, BOX_DOWN = 2 };

/* One pair's keys. Plain data; secret is as precious as a private key. */
struct box_pair {
    char device_id[49];
    uint8_t device_public[PKI_X25519_SIZE];
    uint8_t server_public[PKI_X25519_SIZE];
    uint8_t secret[PKI_X25519_SIZE];
};

/* type is an enum topic_kind. out holds plain.size + BOX_OVERHEAD bytes. */
MUST_CHECK enum status box_seal(const struct box_pair *pair, enum box_direction direction,
                                uint8_t type, struct span plain, uint8_t *out);

/* out holds box.size - BOX_OVERHEAD bytes and *size is set. STATUS_INVALID: too short or another
 * version; STATUS_NOT_FOUND: made for another key pair; STATUS_FORGED: anything else is wrong. */
MUST_CHECK enum status box_open(const struct box_pair *pair, enum box_direction direction,
                                uint8_t type, struct span box, uint8_t *out, size_t *size);

/* Reads the header alone: which keys a box names. */
MUST_CHECK enum status box_peek(struct span box, uint8_t device_key_id[4],
                                uint8_t server_key_id[4]);
void box_key_id(const uint8_t public_key[PKI_X25519_SIZE], uint8_t out[4]);

#endif
