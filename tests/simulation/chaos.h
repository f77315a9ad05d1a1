/* chaos.h - plans what a profile lets go wrong */
#ifndef TESTS_SIMULATION_CHAOS_H
#define TESTS_SIMULATION_CHAOS_H

#include "tests/simulation/fleet.h"

/* Everything until the profile's chaos_ms. */
void chaos_start(struct fleet *fleet);

/* The network keeps everything, owners are silent, nothing fails any more. */
void chaos_end(struct fleet *fleet);

#endif
