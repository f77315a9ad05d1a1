/* server.h - mynad: instances that take what robots sent in transactions, and die in them
 *
 * The rules are the real ones of server/fleet (sessions, the ledger, credit); what stands between
 * them and the tables does what server/bus does.
 */
#ifndef TESTS_SIMULATION_CREDIT_SERVER_H
#define TESTS_SIMULATION_CREDIT_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/simulation/credit/accounts.h"

#define SERVER_QUEUE 32

struct world;

struct server {
    bool down;
    bool planned; /* a transaction is */
    unsigned life;
    size_t queued;
    unsigned slots[SERVER_QUEUE]; /* of mail */
};

/* What a message says of credit; judged when all of the batch was heard. */
struct server_claim {
    struct accounts_message message;
    size_t count;
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
};

struct server_record {
    unsigned row;
    wire_UsageRecord record;
};

/* What a transaction collects. */
struct server_batch {
    size_t claim_count, record_count, parent_count;
    struct server_claim claims[SERVER_QUEUE];
    struct server_record records[SERVER_QUEUE * LIMIT_BATCH_RECORDS];
    unsigned parents[SERVER_QUEUE]; /* journals that children go on from */
};

/* A message arrived at one of the instances. */
void server_arrive(struct world *world, unsigned slot);

/* Takes all that is queued at one instance. */
void server_commit(struct world *world, unsigned server);

/* What is due by time. */
void server_jobs(struct world *world);

/* The operator changed caps: their pools are there, and sized, at once. */
void server_change_caps(struct world *world);

/* The instance dies with all that is queued; another starts in its place. */
void server_kill(struct world *world, unsigned server);

/* A backup is made; the database is set back to it. */
void server_back_up(struct world *world);
void server_restore(struct world *world);

#endif
