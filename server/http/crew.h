/* crew.h - threads that do short jobs: few at once, and more when these are held up
 *
 * More jobs at once than the machine's processors carry only hold each other up, for what they wait
 * for is mostly a database beside them: so a few workers, CREW_PER_PROCESSOR for each processor, do
 * them in the order in which they came. A job that has waited for longer than the crew's patience,
 * because those few wait for a slow statement or for a database that is far, is done by one of the
 * others. Thread-safe, but for crew_free().
 */
#ifndef SERVER_HTTP_CREW_H
#define SERVER_HTTP_CREW_H

#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

#define CREW_PER_PROCESSOR 2
#define CREW_WORKERS_MAX   32

struct crew;

struct crew_options {
    void (*work)(void *job);
    unsigned workers;    /* of both kinds, at least 1 */
    unsigned few;        /* 0: as many as the machine's processors ask for */
    int64_t patience_ms; /* how long a job waits before another worker than the few takes it */
    size_t waiting_max;
};

/* Starts the workers. The caller owns *out. */
MUST_CHECK enum status crew_start(struct crew **out, const struct crew_options *options);

/* STATUS_FULL: waiting_max jobs wait already; STATUS_CLOSED: the crew is stopped. */
MUST_CHECK enum status crew_put(struct crew *crew, void *job);

/* Takes no more jobs, does those that wait, and ends the workers. Once. */
void crew_stop(struct crew *crew);

/* After crew_stop(), when nobody puts jobs any more. NULL is allowed. */
void crew_free(struct crew *crew);

/* How many jobs wait. */
size_t crew_waiting(struct crew *crew);

/* Of this machine, at least 1. */
unsigned crew_processors(void);

#endif
