/* tasks.h - what mynad does besides running: init, migrate, restored, operator
 *
 * Each prints one line on standard output, or on standard error what went wrong with its cure, and
 * returns the process's exit status.
 */
#ifndef SERVER_TASKS_H
#define SERVER_TASKS_H

#include "server/config.h"

/* argv[0] is the task's own name. */
int tasks_init(const struct config *config, int argc, char **argv);
int tasks_migrate(const struct config *config, int argc, char **argv);
int tasks_restored(const struct config *config, int argc, char **argv);
/* operator NAME --role ROLE; the password comes as one line on standard input. */
int tasks_operator(const struct config *config, int argc, char **argv);

#endif
