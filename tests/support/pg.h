/* pg.h - a private PostgreSQL cluster for one test program
 *
 * Made in a new folder below /tmp, reachable by a unix socket alone, run by an unprivileged user
 * also when root calls. Removed by pg_stop().
 */
#ifndef TESTS_SUPPORT_PG_H
#define TESTS_SUPPORT_PG_H

#include "schema/base/status.h"

struct pg;

/* The caller owns *out. STATUS_NOT_FOUND: no PostgreSQL programs here; STATUS_IO: it did not start.
 */
MUST_CHECK enum status pg_start(struct pg **out);
void pg_stop(struct pg *pg);

/* For store_open(). Borrowed. */
const char *pg_conninfo(const struct pg *pg);

/* As kill -9 of every server process, and starting again. */
MUST_CHECK enum status pg_crash(struct pg *pg);
MUST_CHECK enum status pg_restart(struct pg *pg);

#endif
