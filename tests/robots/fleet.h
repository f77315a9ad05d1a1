/* fleet.h - all simulated robots of the process and what they are told to do */
#ifndef TESTS_ROBOTS_FLEET_H
#define TESTS_ROBOTS_FLEET_H

#include <signal.h>

#include "tests/robots/settings.h"

struct fleet;

/* Starts to enrol; robots come to life as the loop turns. problem names the cause. The caller frees
 * *out. */
MUST_CHECK enum status fleet_create(struct fleet **out, const struct settings *settings,
                                    char problem[256]);

/* Closes attempts, says good-bye to the broker. */
void fleet_free(struct fleet *fleet);

/* Runs until *stop, or for the seconds of the settings; prints a line each ten seconds and one at
 * the end. STATUS_DENIED: the server refused every robot. */
MUST_CHECK enum status fleet_run(struct fleet *fleet, const volatile sig_atomic_t *stop,
                                 const sigset_t *while_waiting);

#endif
