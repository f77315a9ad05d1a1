/* world.h - one run: everything that a seed makes, and the one place that owns it
 *
 * A run is a row of events (calendar.h). Each is done to its end, then the judge looks at
 * everything (judge.h). All chance comes from one pair of dice, so that a seed repeats its run.
 * Plain data; too large for a stack.
 */
#ifndef TESTS_SIMULATION_CREDIT_WORLD_H
#define TESTS_SIMULATION_CREDIT_WORLD_H

#include <stdio.h>

#include "tests/simulation/credit/base.h"
#include "tests/simulation/credit/calendar.h"
#include "tests/simulation/credit/coverage.h"
#include "tests/simulation/credit/judge.h"
#include "tests/simulation/credit/mail.h"
#include "tests/simulation/credit/market.h"
#include "tests/simulation/credit/plan.h"
#include "tests/simulation/credit/robot.h"
#include "tests/simulation/credit/server.h"
#include "tests/simulation/findings.h"

/* The server's clock when a run begins: 2026-11-22T00:00:00Z. */
#define WORLD_EPOCH_MS INT64_C(1795305600000)

#define WORLD_ROBOTS  JUDGE_ROBOTS
#define WORLD_SERVERS 2

/* Of a calendar event. */
enum world_event {
    WORLD_DIAL,    /* who: robot */
    WORLD_TICK,    /* robot: its link's thread */
    WORLD_TALK,    /* robot: an attempt begins */
    WORLD_ANSWER,  /* robot, argument: attempt; it ends */
    WORLD_START,   /* robot: power comes back */
    WORLD_UP,      /* message slot: arrives at the servers */
    WORLD_DOWN,    /* message slot: arrives at its robot */
    WORLD_COMMIT,  /* server: takes what is queued into one transaction */
    WORLD_JOBS,    /* servers: what is due by time */
    WORLD_TROUBLE, /* argument: which */
    WORLD_HEAL,    /* robot, argument: what works again */
    WORLD_EVENTS,
};

/* Messages as structs; only one is in use at a time. */
union world_scratch {
    wire_Hello hello;
    wire_UsageBatch usage;
    wire_Report report;
    wire_State state;
};

struct world {
    uint64_t seed;
    struct plan plan;
    int64_t now_ms; /* since the run began */
    bool quiet;     /* nothing goes wrong any more */
    struct calendar calendar;
    struct dice dice;
    struct coverage *coverage; /* borrowed */
    struct findings findings;
    FILE *trace; /* borrowed; NULL: none is wanted */
    uint64_t events, digest;

    struct market market;
    size_t robot_count;
    struct robot robots[WORLD_ROBOTS];
    struct server servers[WORLD_SERVERS];
    struct base base;
    struct server_batch batch; /* of the transaction under way */
    struct judge judge;
    struct mail mail;
    union world_scratch scratch;  /* made to be sent */
    union world_scratch incoming; /* what was received */
};

/* Runs a seed with so many events of trouble, then quiet until all is settled; stops at the first
 * finding. world need not be initialised, but zeroed once before its first run. */
void world_run(struct world *world, uint64_t seed, unsigned events, FILE *trace,
               struct coverage *coverage);

void world_after(struct world *world, int64_t delay_ms, enum world_event kind, unsigned who,
                 unsigned life, unsigned argument);

/* The server's wall clock. */
int64_t world_wall_ms(const struct world *world);

/* True so many times in a thousand; never once all is quiet. */
bool world_chance(struct world *world, unsigned per_mille);
/* Uniform in [low, high]. */
int64_t world_between(struct world *world, int64_t low, int64_t high);

/* A line of the trace, when there is one. */
void world_say(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
