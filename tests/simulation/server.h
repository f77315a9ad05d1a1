/* server.h - one instance of the server: the real intake, batch, hearing, state, content and
 * sender, driven by virtual time as the ingest and the outbox drive them
 *
 * Can be killed at any point: what it had queued or not yet sent is gone, what it committed stays.
 */
#ifndef TESTS_SIMULATION_SERVER_H
#define TESTS_SIMULATION_SERVER_H

#include "server/bus/batch.h"
#include "tests/simulation/database.h"
#include "tests/simulation/network.h"

struct server;

/* Of all instances together. */
struct server_counts {
    struct ingest_stats ingest;
    uint64_t forged_sent;   /* forged messages that were judged */
    uint64_t replayed_sent; /* replayed ones of those judged before */
    uint64_t shed, refused; /* by the bounded queue: reports; anything else */
    uint64_t states, configs;
    size_t deepest; /* the queue at its longest */
};

/* Which genuine boxes were judged and committed, by hash: restored with the database. */
struct server_memory;

/* What all instances share. Borrowed. */
struct server_world {
    struct timeline *timeline;
    struct network *network;
    struct store *database;
    struct findings *findings;
    const struct profile *profile;
    struct server_memory *memory;
    struct server_counts counts;
    uint8_t master_key[CRYPTO_KEY_SIZE];
    bool quiet;
};

void server_open(struct server **out, struct server_world *world);
void server_close(struct server *server);

/* Starts again by itself after a while. */
void server_kill(struct server *server);

/* Nothing queued, nothing under way. */
bool server_is_idle(const struct server *server);

void server_memory_open(struct server_memory **out, struct timeline *timeline);
void server_memory_back_up(struct server_memory *memory);
void server_memory_restore(struct server_memory *memory);

#endif
