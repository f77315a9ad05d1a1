/* porter.h - carries bulk jobs on, robot by robot, until nobody waits
 *
 * Each instance takes robots that no other one is at; jobs take turns. A thread of its own.
 */
#ifndef SERVER_JOBS_PORTER_H
#define SERVER_JOBS_PORTER_H

#include "server/store/store.h"

struct porter;

/* alone: how many robots one person may lead to other routes (leading.h). The caller owns *out. */
MUST_CHECK enum status porter_start(struct porter **out, struct store *store, int64_t alone);

/* Returns when the robot under way is dealt with. NULL is allowed. */
void porter_stop(struct porter *porter);

#endif
