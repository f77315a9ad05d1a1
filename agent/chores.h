/* chores.h - commands of myna-agent that need no running robot: each prints and gives the exit
 * status */
#ifndef AGENT_CHORES_H
#define AGENT_CHORES_H

#include "agent/config.h"

/* films: folder of videos of answers; NULL: there is none. */
int chores_enrol(const struct config *config, const char *films);

int chores_renew(const struct config *config);

/* 0: every check passed; 1: one did not. */
int chores_selftest(const struct config *config);

#endif
