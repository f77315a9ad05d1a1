/* tasks.h - what mynad does besides running: init, migrate, rotate, retire, restored, operator
 *
 * Each prints one line on standard output, or on standard error what went wrong with its cure.
 */
#ifndef SERVER_TASKS_H
#define SERVER_TASKS_H

#include "server/config.h"

/* argv[0] names the task. The process's exit status. */
int tasks_run(const struct config *config, int argc, char **argv);

/* A line for each on standard output. */
void tasks_print_help(void);

#endif
