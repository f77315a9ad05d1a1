/* deadman.h - tells a watcher outside that this mynad is well: a GET as long as it is, silence when
 * it is not
 *
 * Well means: the database answers, the broker is connected, and what robots send is being taken in
 * (not: something waits, and nothing was taken for a whole interval). One thread of its own, which
 * depends on the parts that it watches and on no other job.
 */
#ifndef SERVER_JOBS_DEADMAN_H
#define SERVER_JOBS_DEADMAN_H

#include "server/bus/bus.h"
#include "server/bus/ingest.h"
#include "server/store/store.h"

struct deadman;

/* What is looked at, once per interval. Plain data. */
struct deadman_sight {
    bool database;
    bool connected;
    uint64_t queued; /* messages that wait for the ingest */
    uint64_t taken;  /* messages that it has dealt with, ever */
};
bool deadman_is_well(const struct deadman_sight *before, const struct deadman_sight *now);

struct deadman_options {
    const char *url; /* copied */
    int64_t interval_ms;
    const char *ca_file; /* NULL: the system's certificates alone */
};

/* store, bus and ingest outlive it. The caller owns *out. */
MUST_CHECK enum status deadman_start(struct deadman **out, struct store *store, struct bus *bus,
                                     struct ingest *ingest, const struct deadman_options *options);
/* NULL is allowed. */
void deadman_stop(struct deadman *deadman);

#endif
