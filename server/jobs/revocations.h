/* revocations.h - keeps the broker's list of revoked devices equal to the database's
 *
 * The list goes out whole, after each new connection to the broker and after each change, as text
 * in parts: "part parts\n" and one id a line, at most 1,000 in a part.
 */
#ifndef SERVER_JOBS_REVOCATIONS_H
#define SERVER_JOBS_REVOCATIONS_H

#include "server/bus/bus.h"
#include "server/store/store.h"

struct revocations;

/* store and bus outlive it. One owner thread. */
MUST_CHECK enum status revocations_create(struct revocations **out, struct store *store,
                                          struct bus *bus);
void revocations_free(struct revocations *revocations);

/* Publishes the list when it differs from what this connection's broker was told. A failure is
 * logged and made good at the next call. */
void revocations_publish(struct revocations *revocations);

#endif
