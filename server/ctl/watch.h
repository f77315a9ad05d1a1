/* watch.h - what is looked at again and again: --watch */
#ifndef SERVER_CTL_WATCH_H
#define SERVER_CTL_WATCH_H

#include "server/ctl/ctl.h"

/* Whether the verb only shows, given these words and options. */
bool watch_can(const struct ctl_verb *verb, const struct args *args);

/* Runs ctl's verb every two seconds until it fails otherwise than by a server that cannot be
 * reached; then gives its exit status. CTL_USAGE: it is one that does something. */
int watch_run(struct ctl *ctl);

#endif
