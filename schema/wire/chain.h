/* chain.h - the journal's hash chain (design section 4): h(n) = SHA-256(h(n-1) | record bytes),
 * h(0) = SHA-256("myna journal 1" | device id | 0 | journal id | parent id or 16 zeros |
 * parent seq, 8 bytes big-endian | parent hash or 32 zeros). No I/O; thread-safe. */
#ifndef SCHEMA_WIRE_CHAIN_H
#define SCHEMA_WIRE_CHAIN_H

#include "schema/base/crypto.h"

struct chain_parent {
    uint8_t id[16]; /* zeros: no parent */
    uint64_t seq;
    uint8_t hash[CRYPTO_HASH_SIZE];
};

void chain_start(const char *device_id, const uint8_t journal_id[16],
                 const struct chain_parent *parent, uint8_t hash[CRYPTO_HASH_SIZE]);

/* Replaces hash by that after the record. */
void chain_next(uint8_t hash[CRYPTO_HASH_SIZE], struct span record);

#endif
