/* coverage.h - which faults struck in which states: counts, shared by the processes of a run */
#ifndef TESTS_SIMULATION_CREDIT_COVERAGE_H
#define TESTS_SIMULATION_CREDIT_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/simulation/credit/storage.h"

/* What went wrong. Power cuts stand behind the others, one for each enum storage_call. */
enum coverage_fault {
    COVERAGE_LOST,
    COVERAGE_DOUBLED,
    COVERAGE_REORDERED,
    COVERAGE_PARTITION,
    COVERAGE_KILLED, /* the robot's process */
    COVERAGE_DISK_FULL,
    COVERAGE_CLOCK,
    COVERAGE_CLONED,
    COVERAGE_SET_BACK,
    COVERAGE_SERVER_KILLED,
    COVERAGE_BEFORE_COMMIT,
    COVERAGE_AFTER_COMMIT,
    COVERAGE_RESTORED,
    COVERAGE_CAP_LOWERED,
    COVERAGE_CAP_RAISED,
    COVERAGE_BUDGET_ADDED,
    COVERAGE_LINE_REPLACED,
    COVERAGE_PERIOD_ENDED,
    COVERAGE_OVERRUN,
    COVERAGE_POWER,
    COVERAGE_FAULTS = COVERAGE_POWER + STORAGE_CALLS,
};

/* In which state a robot was. Its credit and its link, each in one of several. */
enum coverage_state {
    COVERAGE_OFFLINE,
    COVERAGE_GREETING, /* hello sent, not answered */
    COVERAGE_READY,
    COVERAGE_IN_FLIGHT, /* usage sent, not acknowledged */
    COVERAGE_PENDING,   /* records wait */
    COVERAGE_ATTEMPT,   /* an attempt is under way */
    COVERAGE_EMPTY,     /* the last attempt was refused for credit */
    COVERAGE_RECALLED,  /* credit is asked back that is not yet reported returned */
    COVERAGE_CHILD,     /* its journal names a parent */
    COVERAGE_STATES,
};

struct coverage {
    uint64_t counts[COVERAGE_FAULTS][COVERAGE_STATES];
    uint64_t events, seeds, attempts, denied, records, grants, forks, over;
};

/* Counts fault for each state whose bit is set in states. */
void coverage_count(struct coverage *coverage, enum coverage_fault fault, unsigned states);

void coverage_print(const struct coverage *coverage);

/* Prints the faults that never struck and the states that nothing struck; true: none. */
bool coverage_is_whole(const struct coverage *coverage);

#endif
