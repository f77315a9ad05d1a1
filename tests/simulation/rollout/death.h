/* death.h - a server that is killed in the middle of a transaction, or right behind its end
 *
 * A process of its own does the work and is killed with SIGKILL: before one of its statements, so
 * that the database finds its client gone, or when all is committed and nobody was told.
 */
#ifndef TESTS_SIMULATION_ROLLOUT_DEATH_H
#define TESTS_SIMULATION_ROLLOUT_DEATH_H

#include "server/store/store.h"

#define DEATH_APPLICATION "dying" /* what the database knows such a process by */

typedef void (*death_work)(struct store *store, void *context);

/* before: which statement is the last that is not sent; more than there are: behind the end. True:
 * it died in the middle. */
bool death_while(const char *conninfo, unsigned before, death_work work, void *context);

#endif
