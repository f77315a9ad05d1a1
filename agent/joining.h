/* joining.h - "myna-agent pair": the robot and whoever stands before it, while it is let in */
#ifndef AGENT_JOINING_H
#define AGENT_JOINING_H

#include "agent/config.h"

/* Whether the configuration asks for it, and no robot is enrolled here. */
bool joining_is_due(const struct config *config);

/* Pairs, telling on standard output what the robot says and shows. Returns the program's exit
 * status: 0 paired, or before; 1 not; 2 an option is missing. */
int joining_pair(const struct config *config, const char *films);

#endif
