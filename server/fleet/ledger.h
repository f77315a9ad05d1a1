/* ledger.h - how far a device's journal has been counted, and whether it is still one journal (I1)
 *
 * The watermark is the last record counted and the chain's hash there. Records at or below it are
 * duplicates; the next must continue the chain; a chain that continues otherwise is a fork: a
 * cloned or restored disk. Pure rules: no I/O.
 */
#ifndef SERVER_FLEET_LEDGER_H
#define SERVER_FLEET_LEDGER_H

#include <stddef.h>

#include "schema/wire/chain.h"

/* Plain data. */
struct ledger {
    uint64_t seq; /* 0: nothing counted */
    uint8_t hash[CRYPTO_HASH_SIZE];
};

/* Consecutive records as a device sent them. */
struct ledger_batch {
    uint64_t first_seq;
    const uint8_t *previous_hash; /* of first_seq - 1 */
    const struct span *records;
    size_t count;
};

enum ledger_verdict {
    LEDGER_NEW,       /* records from *skip on are new; the ledger has moved */
    LEDGER_DUPLICATE, /* all were counted before */
    LEDGER_GAP,       /* records between the watermark and first_seq are missing: send from there */
    LEDGER_FORK,      /* another history */
    LEDGER_INVALID,   /* no records, or numbers that no device sends */
};

/* Decides, and moves *ledger for LEDGER_NEW alone. */
enum ledger_verdict ledger_take(struct ledger *ledger, const struct ledger_batch *batch,
                                size_t *skip);

/* What a hello says of the journal it names: LEDGER_FORK when its head is behind the watermark, or
 * at it with another hash; LEDGER_GAP when its oldest record is beyond the next one we need, so
 * that some can never be counted; LEDGER_NEW when it has some to send; LEDGER_DUPLICATE when not.
 * tail_seq: 0 when no record is held. */
enum ledger_verdict ledger_greet(const struct ledger *ledger, uint64_t head_seq,
                                 const uint8_t head_hash[CRYPTO_HASH_SIZE], uint64_t tail_seq);

#endif
