/* outbox.h - sends what robots are owed: configurations, states, commands, the revocation list
 *
 * Nothing is queued in memory: the database's dirty flags say what is owed (I4), each instance
 * claims its share with SKIP LOCKED, and whatever is not answered is sent again with backoff. Wakes
 * at NOTIFY myna_outbox and each second.
 */
#ifndef SERVER_JOBS_OUTBOX_H
#define SERVER_JOBS_OUTBOX_H

#include "server/bus/bus.h"
#include "server/bus/route_cache.h"
#include "server/store/store.h"

struct outbox;

struct outbox_options {
    const uint8_t *master_key;     /* CRYPTO_KEY_SIZE bytes, copied; wraps secrets */
    const uint8_t *stamp_key;      /* likewise; signs receipts */
    const struct brokers *brokers; /* that configurations tell robots; outlive the outbox */
    struct route_cache *routes;    /* borrowed: it is told what was read; NULL: none */
};

/* store and bus outlive the outbox. The caller owns *out. */
MUST_CHECK enum status outbox_start(struct outbox **out, struct store *store, struct bus *bus,
                                    const struct outbox_options *options);

/* Returns when its threads have ended. NULL is allowed. */
void outbox_stop(struct outbox *outbox);

struct outbox_stats {
    uint64_t configs;
    uint64_t states;
    uint64_t commands;
    uint64_t failures; /* configurations that could not be built, messages that could not be sent */
};
void outbox_read_stats(struct outbox *outbox, struct outbox_stats *out);

#endif
