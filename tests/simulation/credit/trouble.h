/* trouble.h - what goes wrong by itself: robots, disks, lines, servers, operators
 *
 * Each kind comes again and again, at random times around its mean of the plan.
 */
#ifndef TESTS_SIMULATION_CREDIT_TROUBLE_H
#define TESTS_SIMULATION_CREDIT_TROUBLE_H

struct world;

/* Plans the first of each kind that the plan has. */
void trouble_plan(struct world *world);

/* The kind's turn has come. */
void trouble_strike(struct world *world, unsigned kind);

/* A robot's line or disk works again. */
void trouble_heal(struct world *world, unsigned robot, unsigned what);

/* From now on nothing goes wrong, and what is wrong ends. */
void trouble_end(struct world *world);

#endif
