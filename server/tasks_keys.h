/* tasks_keys.h - mynad's tasks that replace keys: rotate, retire
 *
 * As in tasks.h: one line on standard output, or on standard error what went wrong with its cure;
 * the process's exit status.
 */
#ifndef SERVER_TASKS_KEYS_H
#define SERVER_TASKS_KEYS_H

#include "server/config.h"

/* "rotate master": a new master key wraps the data key; the one before stays in the file, for other
 * servers and for older dumps. Ended in the middle, by whatever, it goes on when run again, and
 * servers start meanwhile as before.
 * "rotate data": a new data key wraps every secret, in one transaction, while no server runs.
 * "rotate device-ca": robots' certificates come from another CA when mynad has been restarted; the
 * one before is trusted meanwhile and issues nothing. */
int tasks_keys_rotate(const struct config *config, int argc, char **argv);

/* "retire master": takes the keys before the present one out of the file. "retire device-ca
 * [--force
 * --reason TEXT]": certificates of the CAs before the present one count no more; refused while
 * robots have one, unless forced. */
int tasks_keys_retire(const struct config *config, int argc, char **argv);

#endif
