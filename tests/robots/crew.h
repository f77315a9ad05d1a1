/* crew.h - as many processes as the robots' open files ask for
 *
 * A robot takes a connection to the broker (three files: libmosquitto opens a pair of its own for
 * each), a journal, a notebook, and now and then a connection to a vendor. What one process may
 * have open is the kernel's decision (RLIMIT_NOFILE, hard), so thousands of robots share themselves
 * out over several processes.
 */
#ifndef TESTS_ROBOTS_CREW_H
#define TESTS_ROBOTS_CREW_H

#include <signal.h>

#include "tests/robots/settings.h"

/* How many processes hold so many robots when each may open that many files; at least 1. */
size_t crew_size(int64_t robots, uint64_t files);

/* The share of one of count processes. The first ones have one robot more when it does not come out
 * even. */
void crew_share(const struct settings *whole, size_t count, size_t index, struct settings *out);

/* Raises this process's limit of open files as far as it may and returns it. */
uint64_t crew_raise_file_limit(void);

/* Runs work(share) in this process when one holds them all, else in count others, which end with
 * this one, and returns the worst of their exit codes. *stop, set by a signal, is passed on. Call
 * it before any thread begins, with the stop signals blocked but while_waiting. */
int crew_run(const struct settings *settings, int (*work)(const struct settings *share),
             const volatile sig_atomic_t *stop, const sigset_t *while_waiting);

#endif
