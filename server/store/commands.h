/* commands.h - what operators tell one device to do; the outbox sends it, a reply ends it */
#ifndef SERVER_STORE_COMMANDS_H
#define SERVER_STORE_COMMANDS_H

#include "server/store/document.h"

/* Texts that a robot says for operators in one minute, at most. */
#define COMMANDS_SAY_PER_MINUTE 6

struct commands_order {
    const char *device_id;
    const char *kind; /* see commands_find_kind() */
    const char *text; /* "" */
};

/* "say" ...: how long a robot that does not answer is waited for. NULL: there is no such kind. */
struct commands_kind {
    const char *name;
    int64_t expires_in_s;
};
const struct commands_kind *commands_find_kind(const char *name);

/* STATUS_NOT_FOUND: no such device; STATUS_DENIED: it is not active; STATUS_FULL: it was told to
 * say too much in the last minute. */
MUST_CHECK enum status commands_create(struct store *store, const struct author *author,
                                       const struct commands_order *order, struct arena *arena,
                                       struct span *json);

/* The same inside a transaction of the caller's. */
MUST_CHECK enum status commands_put(struct store_conn *conn, const struct author *author,
                                    const struct commands_order *order, struct arena *arena,
                                    struct span *json);

/* STATUS_NOT_FOUND. command_id must be a UUID's text. */
MUST_CHECK enum status commands_get(struct store *store, const uint8_t command_id[16],
                                    struct arena *arena, struct span *json);

/* Newest first; after: NULL or the id of the last one seen. */
MUST_CHECK enum status commands_list(struct store *store, const char *device_id,
                                     const uint8_t *after, int64_t limit, struct arena *arena,
                                     struct span *json);

#endif
