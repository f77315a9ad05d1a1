/* keys.h - the installation's keys as people see them: which there are, and who waits for what
 *
 * Ids are of the form "sealing-1a2b3c4d". Texts of JSON come in the caller's arena. Besides the
 * statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_KEYS_H
#define SERVER_STORE_KEYS_H

#include "server/store/document.h"

/* {"items": [...]}: the present ones first. */
MUST_CHECK enum status keys_list(struct store *store, struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status keys_get(struct store *store, const char *id, struct arena *arena,
                                struct document *out);
MUST_CHECK enum status keys_get_in(struct store_conn *conn, const char *id, struct arena *arena,
                                   struct document *out);

/* The robots that depend on a key, by id, behind one (NULL: from the start). STATUS_NOT_FOUND: no
 * such key. */
MUST_CHECK enum status keys_robots(struct store *store, const char *id, const char *after,
                                   int64_t limit, struct arena *arena, struct span *json);

#endif
