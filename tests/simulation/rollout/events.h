/* events.h - what can happen to the fleet of world.h: people, robots, drivers, deaths */
#ifndef TESTS_SIMULATION_ROLLOUT_EVENTS_H
#define TESTS_SIMULATION_ROLLOUT_EVENTS_H

#include "server/fleet/rollout.h"
#include "tests/simulation/rollout/world.h"

/* One of all, and whatever the driver has to do then; the model has heard of it. */
void events_happen(struct world *world);

/* The driver alone: one look at each rollout that is due. */
void events_drive(struct world *world);

/* By hand. */
MUST_CHECK enum status events_act(struct world *world, const char *id, enum rollout_event event);
/* A rollout of its own, of whatever was not changed since; of one that was completed, if any. */
void events_take_back(struct world *world);
/* A next key is put, becomes the key, or is dropped. */
void events_change_key(struct world *world);
/* Nothing is under way, and the vendor has a next key that nobody was given. */
void events_renew_key(struct world *world);
/* Which rollout of the next key was started; borrowed from the world. */
const char *events_begin_key(struct world *world, int layer);
void events_change_membership(struct world *world);
/* Whatever is drained is given back. */
void events_return_vendors(struct world *world);

#endif
