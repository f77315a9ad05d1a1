/* circuit.h - which routes are worth asking: one circuit per route, opened by failures and tried
 * again by one attempt when its time has come
 *
 * A vendor that is overloaded or unreachable three times in a row, or that says once that account
 * or key are no good, is left out: about 15 s first, twice as long each time up to 10 minutes, or
 * 30 s where nothing could be reached. Then one attempt is let through, half open: it closes the
 * circuit or opens it again. What a vendor says about one question (its content, its size) is no
 * failure of the route. No clock and no I/O inside; fields are private; one owner.
 */
#ifndef AGENT_CHAT_CIRCUIT_H
#define AGENT_CHAT_CIRCUIT_H

#include "schema/base/backoff.h"
#include "schema/wire/limits.h"
#include "schema/wire/message.h"

enum circuit_state { CIRCUIT_CLOSED, CIRCUIT_OPEN, CIRCUIT_HALF_OPEN };

struct circuit {
    enum circuit_state state;
    unsigned failures; /* in a row */
    struct backoff backoff;
    wire_ErrorClass error_class; /* of the last of them */
    int64_t since_ms;            /* not closed: when it opened first */
    int64_t due_ms;              /* open: when it is tried again */
};

/* Of the routes of one generation, by their places. */
struct circuit_set {
    struct circuit items[LIMIT_ROUTES];
    size_t count;
    uint64_t generation;
};

/* A new generation may bring other routes, keys and addresses: its circuits are closed. */
void circuit_set_begin(struct circuit_set *set, uint64_t generation, size_t count);

/* The first place from first on whose circuit is closed or due; count when there is none. */
size_t circuit_set_next(const struct circuit_set *set, size_t first, int64_t now_ms);

/* The place that is due soonest: for a robot whose every route is open, which asks all the same. */
size_t circuit_set_soonest(const struct circuit_set *set);

/* An attempt was made on this route. Whether it is the one that tries an open circuit. */
bool circuit_set_try(struct circuit_set *set, size_t place);

/* How it ended: ERROR_NONE for an answer, whole or interrupted. retry_after_ms as the vendor asks,
 * -1 when it does not. random is any uniform 64 bits. Returns for how long the route is left out
 * from now on, 0 when it is not. */
int64_t circuit_set_note(struct circuit_set *set, size_t place, wire_ErrorClass error_class,
                         int64_t retry_after_ms, int64_t now_ms, uint64_t random);

/* Tells the routes whose circuit is not closed, as far as there is room, and their vendors, each
 * once. They are those that the set was begun with. */
void circuit_tell(const struct circuit_set *set, const wire_Route *routes, int64_t now_ms,
                  wire_Health *out);

#endif
