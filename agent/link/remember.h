/* remember.h - what the link must still know after a restart: session number, epoch, receipt
 *
 * One small file, replaced atomically. Not thread-safe.
 */
#ifndef AGENT_LINK_REMEMBER_H
#define AGENT_LINK_REMEMBER_H

#include <limits.h>

#include "schema/base/crypto.h"
#include "schema/base/span.h"

/* Plain data. */
struct remember {
    uint64_t session_number; /* of the newest connection tried */
    uint32_t epoch;
    uint8_t receipt[CRYPTO_HASH_SIZE];
    size_t receipt_size;
    char path[PATH_MAX];
};

/* A missing file is a robot that never connected. STATUS_CORRUPT: not what was written; everything
 * is zero then, and the server tells the session's floor. */
MUST_CHECK enum status remember_load(struct remember *remember, const char *path);

/* On disk when it returns STATUS_OK. */
MUST_CHECK enum status remember_save(const struct remember *remember);

#endif
