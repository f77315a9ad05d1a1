/* attempts.h - the numbers of attempts within a turn, run through by everything that asks a vendor
 *
 * Chat and voice ask for one turn at the same time, and each request needs a number of its own. The
 * newest turns are remembered; who comes later for an older one has missed it. Thread-safe. No I/O.
 */
#ifndef AGENT_METER_ATTEMPTS_H
#define AGENT_METER_ATTEMPTS_H

#include <pthread.h>
#include <stdint.h>

#include "schema/base/status.h"

#define ATTEMPTS_TURNS 4

/* Fields are private. */
struct attempts {
    pthread_mutex_t lock;
    struct {
        uint64_t turn; /* 0: none */
        uint8_t uuid[16];
        uint32_t last;
    } turns[ATTEMPTS_TURNS];
    uint64_t begun;
    uint8_t heard_uuid[16]; /* of a turn that is yet to begin, */
    uint32_t heard_last;    /* and its last number */
};

void attempts_init(struct attempts *attempts);
void attempts_release(struct attempts *attempts);

/* Before a turn with this uuid begins: the ear made so many attempts for it, and others count on
 * behind them. One such turn is remembered. */
void attempts_continue(struct attempts *attempts, const uint8_t *uuid, uint32_t last);

/* A turn begins; uuid has 16 bytes. */
void attempts_begin(struct attempts *attempts, uint64_t turn, const uint8_t *uuid);

/* The next number of this turn, from 1, and the turn's uuid. STATUS_NOT_FOUND: it did not begin, or
 * too many began since. */
MUST_CHECK enum status attempts_next(struct attempts *attempts, uint64_t turn, uint8_t uuid[16],
                                     uint32_t *number);

#endif
