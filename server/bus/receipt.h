/* receipt.h - what a state proves to the database that made it: how far its device was told
 *
 * A device keeps the receipt of its last state, together with the state's epoch, and returns both
 * with its next hello. A valid receipt that is ahead of the database shows that the database was
 * restored. It carries its numbers, since what a device holds tells less (acknowledged records stay
 * in its ring, credit lines come and go). No I/O.
 */
#ifndef SERVER_BUS_RECEIPT_H
#define SERVER_BUS_RECEIPT_H

#include "schema/base/crypto.h"

/* Other sizes are of other versions, which say nothing. */
#define RECEIPT_SIZE 32

/* Numbers too large for their place are kept as the largest that fits: a receipt never tells more
 * than the database had. */
struct receipt {
    uint64_t watermark;  /* of the journal */
    uint64_t generation; /* desired; 5 bytes of it */
    uint64_t granted;    /* in all measures of the journal's lines, in this epoch */
};

/* What a receipt is bound to. Borrowed. */
struct receipt_owner {
    const char *device_id;
    const uint8_t *journal_id; /* 16 bytes */
    int64_t epoch;
};

void receipt_make(const uint8_t master_key[CRYPTO_KEY_SIZE], const struct receipt_owner *owner,
                  const struct receipt *receipt, uint8_t out[RECEIPT_SIZE]);

/* False: it is of another version or was made with another key than this installation's present
 * one, and says nothing. */
MUST_CHECK bool receipt_is_ours(const uint8_t master_key[CRYPTO_KEY_SIZE], struct span bytes);

/* False, and nothing is filled: it was not made with this key for this owner. */
MUST_CHECK bool receipt_read(const uint8_t master_key[CRYPTO_KEY_SIZE],
                             const struct receipt_owner *owner, struct span bytes,
                             struct receipt *out);

#endif
