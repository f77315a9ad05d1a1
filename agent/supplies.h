/* supplies.h - software that came to this robot, as the robot's options want it and its parts find
 * it */
#ifndef AGENT_SUPPLIES_H
#define AGENT_SUPPLIES_H

#include <limits.h>

#include "agent/config.h"
#include "agent/software/updater.h"

/* With the keys and certificates that the options name; those files need not be there. folder: of
 * the software; on_step as of updater.h. The caller owns *out. Otherwise problem says what is
 * wrong. */
MUST_CHECK enum status supplies_open(struct updater **out, const struct config *config,
                                     const char *folder, void (*on_step)(void *context),
                                     void *context, char problem[256]);

/* The program that is to be run for a voice: one of its name that came as software, else itself. */
void supplies_voice(const char *folder, const char *program, char out[PATH_MAX]);

#endif
