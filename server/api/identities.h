/* identities.h - who showed which secret a moment ago, so that the database is not asked each time
 *
 * What a dashboard asks is often one small query; asking beside it who asks would be as much again.
 * An identity is kept for IDENTITIES_MS. A right that this server takes away ends at once
 * (identities_forget()); one that another server, or time, takes away ends within that time. In
 * memory, per instance, a bounded table: a newer identity takes an older one's place. Thread-safe;
 * the time is an argument.
 */
#ifndef SERVER_API_IDENTITIES_H
#define SERVER_API_IDENTITIES_H

#include <stdbool.h>

#include "schema/base/span.h"
#include "server/store/operators.h"

#define IDENTITIES_MS 1000

struct identities;

MUST_CHECK enum status identities_create(struct identities **out);
void identities_free(struct identities *identities);

/* Whether the hash of a secret, of a session or else of an API key, is known: then *out says whose.
 * *round is for identities_keep(), also when it is not. */
bool identities_find(struct identities *identities, struct span hash, bool is_session,
                     int64_t now_ms, struct operators_identity *out, uint64_t *round);

/* Keeps what the database said after identities_find() gave round; nothing, when rights were taken
 * away meanwhile. */
void identities_keep(struct identities *identities, struct span hash, bool is_session,
                     int64_t now_ms, const struct operators_identity *identity, uint64_t round);

/* Somebody's rights have changed, by a transaction that is over: everybody is asked for again. */
void identities_forget(struct identities *identities);

#endif
