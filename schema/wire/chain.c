#include "schema/wire/chain.h"

void chain_start(const char *device_id, const uint8_t journal_id[16],
                 const struct chain_parent *parent, uint8_t hash[CRYPTO_HASH_SIZE])
{
    uint8_t seq[8];

    for (unsigned i = 0; i < sizeof seq; i++)
        seq[i] = (uint8_t)(parent->seq >> (56 - 8 * i));

    const struct span parts[] = {
        span_text("myna journal 1"),
        span_text(device_id),
        span_of("", 1), /* ends the only part of varying length */
        span_of(journal_id, 16),
        span_of(parent->id, sizeof parent->id),
        span_of(seq, sizeof seq),
        span_of(parent->hash, sizeof parent->hash),
    };
    crypto_sha256(parts, sizeof parts / sizeof parts[0], hash);
}

void chain_next(uint8_t hash[CRYPTO_HASH_SIZE], struct span record)
{
    const struct span parts[] = {span_of(hash, CRYPTO_HASH_SIZE), record};

    crypto_sha256(parts, 2, hash);
}
