/* audit.h - reads and verifies the chain of changes; writing it is part of each change */
#ifndef SERVER_STORE_AUDIT_H
#define SERVER_STORE_AUDIT_H

#include "schema/base/crypto.h"
#include "server/store/store.h"

/* What is looked for; NULL and 0: anything. */
struct audit_filter {
    const char *subject;       /* "device/r1" */
    const char *actor;         /* "operator:anna" */
    const char *action;        /* "layer.update", or "layer" for all that happens to layers */
    int64_t from_ms, until_ms; /* from on, before until */
};

/* Newest first; after 0: from the newest. */
MUST_CHECK enum status audit_list(struct store *store, int64_t after, int64_t limit,
                                  const struct audit_filter *filter, struct arena *arena,
                                  struct span *json);

/* {"ok","rows","first_bad","next","head"}: recomputes the hashes of at most limit rows behind the
 * row after, which is taken for good; next is where to go on, null when the head was reached.
 * limit 0: all. */
MUST_CHECK enum status audit_verify(struct store *store, int64_t after, int64_t limit,
                                    struct arena *arena, struct span *json);

/* The number and hash of the newest row; 0 and zeros before the first. */
MUST_CHECK enum status audit_head(struct store *store, int64_t *seq,
                                  uint8_t hash[CRYPTO_HASH_SIZE]);

/* *stands: the row of that number is there and has that hash; of number 0 nothing is asked. */
MUST_CHECK enum status audit_stands(struct store *store, int64_t seq, struct span hash,
                                    bool *stands);

#endif
