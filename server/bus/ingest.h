/* ingest.h - takes what robots say into the database: the group committer (design section 4)
 *
 * Two threads. One opens and decodes what the bus has; the other takes up to 2,000 records or 10 ms
 * of it into one transaction, more only while the transaction before is under way, and tells the
 * robots after the commit. While the database is away it holds its batch and the bus's queue fills
 * up; nothing is acknowledged meanwhile, so nothing is lost.
 */
#ifndef SERVER_BUS_INGEST_H
#define SERVER_BUS_INGEST_H

#include "server/bus/bus.h"
#include "server/bus/route_cache.h"
#include "server/store/store.h"

struct ingest;

struct ingest_options {
    const uint8_t *master_key; /* CRYPTO_KEY_SIZE bytes, copied; wraps secrets */
    const uint8_t *stamp_key;  /* likewise; signs receipts */
    int64_t stale_window_ms;   /* how long an old message is merely stale */
};

/* store and bus outlive the ingest. The caller owns *out. */
MUST_CHECK enum status ingest_start(struct ingest **out, struct store *store, struct bus *bus,
                                    const struct ingest_options *options);

/* Finishes the batch under way (not a batch that the database's absence holds up). NULL is
 * allowed. */
void ingest_stop(struct ingest *ingest);

/* Where others may put the routes that they read of a generation: the robots that answer to it are
 * heard next. Borrowed until ingest_stop(). */
struct route_cache *ingest_routes(struct ingest *ingest);

struct ingest_stats {
    uint64_t batches;     /* transactions committed */
    uint64_t messages;    /* of any kind, in those */
    uint64_t records;     /* booked */
    uint64_t duplicates;  /* records at or below a watermark, or refiled ones known already */
    uint64_t quarantined; /* records that could not be booked */
    uint64_t forks;
    uint64_t gaps;
    uint64_t adjustments; /* gaps past the ring, booked by their sum */
    uint64_t stale;
    uint64_t replayed;
    uint64_t forged;
    uint64_t dropped; /* messages of devices unknown or revoked, and undecodable ones */
    uint64_t grants;  /* of credit lines */
    uint64_t retries; /* batches begun again because the database was away or busy */
};
void ingest_read_stats(struct ingest *ingest, struct ingest_stats *out);

#endif
