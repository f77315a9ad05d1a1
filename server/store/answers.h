/* answers.h - what posts with an Idempotency-Key were answered, remembered for 24 hours
 *
 * A key is taken before its post runs, so two at once cannot both run. A server that dies between
 * leaves the key taken without an answer: the caller is told to look instead of repeating blindly.
 */
#ifndef SERVER_STORE_ANSWERS_H
#define SERVER_STORE_ANSWERS_H

#include "server/store/store.h"

struct answers_key {
    const char *actor;
    const char *key;
    struct span request_hash; /* of method, path and body */
};

/* STATUS_OK: the key is this caller's now. STATUS_EXISTS: it was answered before; *status and
 * *response (in the arena) say how. STATUS_AGAIN: its post is under way or was cut off.
 * STATUS_CONFLICT: the key was used for another request. */
MUST_CHECK enum status answers_take(struct store *store, const struct answers_key *key,
                                    struct arena *arena, int64_t *status, struct span *response);

/* Keeps the answer. */
MUST_CHECK enum status answers_keep(struct store *store, const struct answers_key *key,
                                    int64_t status, struct span response);

/* Gives the key back: nothing was done. */
MUST_CHECK enum status answers_drop(struct store *store, const struct answers_key *key);

#endif
