/* accounts.h - the database's side of credit: which account is held by which pools, and when the
 * rules of server/fleet/grant are asked
 *
 * What server/store and server/bus do around those rules, on the model's tables. All times are of
 * the run.
 */
#ifndef TESTS_SIMULATION_CREDIT_ACCOUNTS_H
#define TESTS_SIMULATION_CREDIT_ACCOUNTS_H

#include "tests/simulation/credit/base.h"

struct world;

/* What a message says besides the amounts. */
struct accounts_message {
    unsigned device, journal;
    bool is_newest, is_at_rest;
    int64_t made_ms; /* when the device made it */
};

/* The accounts of a device's lines in its journal: opened when there are none, held by the pools of
 * the running periods, closed when their line was replaced. */
void accounts_refresh(struct world *world, struct base_tables *tables, unsigned device);

void accounts_hear(struct world *world, struct base_tables *tables,
                   const struct accounts_message *message, const wire_CreditUse *uses,
                   size_t count);

/* A record was counted: it is booked in the pools of its time, its credit settled. */
void accounts_book(struct world *world, struct base_tables *tables, const struct base_row *row,
                   const wire_UsageRecord *record);

void accounts_grant(struct world *world, struct base_tables *tables, unsigned device);

/* Asks back what others need more; a bit per device that must be told. */
unsigned accounts_recall(struct world *world, struct base_tables *tables);

/* A child journal goes on from its parent, whose credit counts as spent. */
void accounts_close_parent(struct world *world, struct base_tables *tables, unsigned parent);

/* The database was restored: every account begins anew. */
void accounts_renew(struct world *world, struct base_tables *tables);

/* A period began, a cap changed. */
void accounts_roll(struct world *world, struct base_tables *tables);

/* The lines of a state. */
void accounts_fill(struct world *world, const struct base_tables *tables, unsigned device,
                   wire_State *state);

#endif
