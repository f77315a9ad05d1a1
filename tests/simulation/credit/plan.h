/* plan.h - what a seed's run is like: how many of what, and which things go wrong how often
 *
 * Drawn from the seed. Each kind of fault is there in about half of the runs, because a fault that
 * always strikes hides what others would show. Plain data.
 */
#ifndef TESTS_SIMULATION_CREDIT_PLAN_H
#define TESTS_SIMULATION_CREDIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/dice.h"

struct plan {
    unsigned devices;
    unsigned servers;
    int64_t think_ms; /* between a robot's attempts, about */
    int64_t report_ms;
    int64_t period_ms; /* of caps and budgets */
    size_t journal_bytes;
    unsigned tightness; /* caps are about so many attempts */

    /* of a thousand */
    unsigned lost, doubled, slow;
    unsigned power;    /* operations of the journal in which power fails */
    unsigned not_sent; /* attempts that never left */
    unsigned cut;      /* streams that are cut: what they used is not known */
    unsigned overrun;  /* answers longer than was asked for */
    unsigned commit;   /* transactions in which the server dies */

    /* mean times between, for the whole fleet; 0: never */
    int64_t partition_ms, kill_ms, full_ms, clock_ms;
    int64_t clone_ms, set_back_ms;
    int64_t server_kill_ms, restore_ms;
    int64_t cap_ms;    /* an operator changes a cap */
    int64_t budget_ms; /* adds a budget */
    int64_t line_ms;   /* a contract's version changes: lines are replaced */
};

void plan_draw(struct plan *plan, struct dice *dice);

#endif
