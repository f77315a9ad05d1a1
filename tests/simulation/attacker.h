/* attacker.h - somebody with a place at the broker, but without keys (invariant I3)
 *
 * Overhears everything; damages, cuts, mislabels, reflects and replays boxes, sends noise, and puts
 * them in on either side. Wills are not sealed, so it can name a live session in one: that may cost
 * the robot a connection, and nothing else.
 */
#ifndef TESTS_SIMULATION_ATTACKER_H
#define TESTS_SIMULATION_ATTACKER_H

#include "tests/simulation/network.h"

/* device_ids: the fleet's, and with one too many at the end: unknown to the server. */
void attacker_strike(struct network *network, struct timeline *timeline,
                     const char *const *device_ids, size_t count);

#endif
