#include "server/fleet/ledger.h"

#include <string.h>

/* PostgreSQL keeps sequence numbers as bigint. */
#define SEQ_MAX ((uint64_t)INT64_MAX)

enum ledger_verdict ledger_take(struct ledger *ledger, const struct ledger_batch *batch,
                                size_t *skip)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    uint64_t last_seq = batch->first_seq + batch->count - 1;

    if (batch->count == 0 || batch->first_seq == 0 || batch->first_seq > SEQ_MAX ||
        last_seq > SEQ_MAX)
        return LEDGER_INVALID;
    if (batch->first_seq > ledger->seq + 1)
        return LEDGER_GAP;
    /* Wholly below the watermark no hash of ours is met. The answer names the watermark's hash, so
     * a device of another history finds out, and so do we when it goes on from there. */
    if (last_seq < ledger->seq)
        return LEDGER_DUPLICATE;

    size_t known = (size_t)(ledger->seq + 1 - batch->first_seq);
    memcpy(hash, batch->previous_hash, sizeof hash);
    for (size_t i = 0; i < known; i++)
        chain_next(hash, batch->records[i]);
    if (memcmp(hash, ledger->hash, sizeof hash) != 0)
        return LEDGER_FORK;
    if (known == batch->count)
        return LEDGER_DUPLICATE;

    for (size_t i = known; i < batch->count; i++)
        chain_next(hash, batch->records[i]);
    ledger->seq = last_seq;
    memcpy(ledger->hash, hash, sizeof hash);
    *skip = known;
    return LEDGER_NEW;
}

enum ledger_verdict ledger_greet(const struct ledger *ledger, uint64_t head_seq,
                                 const uint8_t head_hash[CRYPTO_HASH_SIZE], uint64_t tail_seq)
{
    if (head_seq < ledger->seq)
        return LEDGER_FORK;
    if (head_seq == ledger->seq)
        return memcmp(head_hash, ledger->hash, CRYPTO_HASH_SIZE) == 0 ? LEDGER_DUPLICATE
                                                                      : LEDGER_FORK;
    return tail_seq == 0 || tail_seq > ledger->seq + 1 ? LEDGER_GAP : LEDGER_NEW;
}
