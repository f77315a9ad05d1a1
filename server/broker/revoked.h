/* revoked.h - the ids that the broker refuses: a sorted list, replaced as a whole
 *
 * Not thread-safe: mosquitto calls its plugins from one thread.
 */
#ifndef SERVER_BROKER_REVOKED_H
#define SERVER_BROKER_REVOKED_H

#include "schema/base/span.h"

struct revoked;

MUST_CHECK enum status revoked_create(struct revoked **out);
void revoked_free(struct revoked *revoked);

/* Takes a message of the servers: a line "part parts" and then ids, one per line, in any order. The
 * last part makes the list that came the list in force. STATUS_INVALID: not such a message, a line
 * that is no device id, or a part out of order; the old list then stands. */
MUST_CHECK enum status revoked_take(struct revoked *revoked, struct span message);

bool revoked_has(const struct revoked *revoked, const char *id);

size_t revoked_count(const struct revoked *revoked);

/* The index-th id, borrowed until the next replacement. */
const char *revoked_at(const struct revoked *revoked, size_t index);

#endif
