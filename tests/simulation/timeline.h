/* timeline.h - virtual time: what happens when, and by which dice
 *
 * One seed gives one run: everything that happens is an act on the agenda, and all chance comes
 * from one pair of dice. Memory that lives as long as the run is taken from its arena.
 */
#ifndef TESTS_SIMULATION_TIMELINE_H
#define TESTS_SIMULATION_TIMELINE_H

#include "schema/base/arena.h"
#include "tests/support/agenda.h"
#include "tests/support/dice.h"

/* The server's clock when a run begins: 2026-11-22T00:00:00Z. */
#define TIMELINE_EPOCH_MS INT64_C(1795305600000)

struct timeline {
    int64_t now_ms; /* since the run began */
    struct agenda *agenda;
    struct dice dice;
    struct arena *arena;
    uint64_t trace; /* of all that was noted: two runs of one seed must agree */
};

typedef void (*timeline_act)(void *context, uint64_t argument);

/* Ends the program when memory is short: nothing could be told then. */
void timeline_init(struct timeline *timeline, uint64_t seed, const char *name);
void timeline_release(struct timeline *timeline);

void *timeline_take(struct timeline *timeline, size_t size);

void timeline_after(struct timeline *timeline, int64_t delay_ms, timeline_act act, void *context,
                    uint64_t argument);

/* Does all that is due until then; now_ms is until_ms afterwards. */
void timeline_run_until(struct timeline *timeline, int64_t until_ms);

void timeline_note(struct timeline *timeline, uint64_t what);

/* The server's wall clock. */
int64_t timeline_wall_ms(const struct timeline *timeline);

/* True so many times in a thousand. */
bool timeline_chance(struct timeline *timeline, unsigned per_mille);
/* Uniform in [low, high]. */
int64_t timeline_between(struct timeline *timeline, int64_t low, int64_t high);

#endif
