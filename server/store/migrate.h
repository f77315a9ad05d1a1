/* migrate.h - brings the database's schema to the newest version this program knows
 *
 * The migrations are embedded at build time from migrations/NNNN_name.sql; myna_migrations records
 * which were applied, with their hashes. Several instances may call it at once: an advisory lock
 * makes them wait for each other. Forward only.
 */
#ifndef SERVER_STORE_MIGRATE_H
#define SERVER_STORE_MIGRATE_H

#include "server/store/store.h"

/* Applies what is missing, each in its own transaction, and sets *applied to their number. problem
 * tells which migration failed and what the database said. STATUS_CONFLICT: the database is newer
 * than this program, or an applied migration has been edited since. */
MUST_CHECK enum status migrate_run(struct store *store, unsigned *applied, char problem[256]);

/* STATUS_OK when nothing is missing; STATUS_STALE: migrate_run() would apply something;
 * STATUS_CONFLICT as above. */
MUST_CHECK enum status migrate_check(struct store *store, char problem[256]);

#endif
