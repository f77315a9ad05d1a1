/* verdict.h - compares what the server believes with what really happened */
#ifndef TESTS_SIMULATION_VERDICT_H
#define TESTS_SIMULATION_VERDICT_H

#include "tests/simulation/fleet.h"

/* True when nothing is under way any more: every robot that is not quarantined is known, counted
 * and current. */
bool verdict_is_settled(const struct fleet *fleet);

/* Adds whatever is wrong to the fleet's findings. */
void verdict_pass(struct fleet *fleet);

#endif
