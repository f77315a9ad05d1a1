/* views.h - lists of robots that operators come back to, under a name
 *
 * A view belongs to who made it; a shared one is seen by everybody, and changed by its owner and by
 * admins. What of others is not shared does not exist. Besides the statuses named, those of
 * store.h.
 */
#ifndef SERVER_STORE_VIEWS_H
#define SERVER_STORE_VIEWS_H

#include "server/store/document.h"

/* The actor's own and the shared ones, in a page without an end. */
MUST_CHECK enum status views_list(struct store *store, const char *actor, struct arena *arena,
                                  struct span *json);

struct views_order {
    const char *name;  /* NULL of a change: as it is */
    struct span query; /* a JSON object; empty of a change: as it is */
    int64_t shared;    /* 0, 1; -1 of a change: as it is */
};

/* STATUS_EXISTS: the author has one of this name. */
MUST_CHECK enum status views_create(struct store *store, const struct author *author,
                                    const struct views_order *order, struct arena *arena,
                                    struct document *out);

/* STATUS_NOT_FOUND, STATUS_CONFLICT (if_version, -1 for any), STATUS_EXISTS. STATUS_DENIED: it is
 * another's, and the author no admin. */
MUST_CHECK enum status views_update(struct store *store, const struct author *author, bool is_admin,
                                    int64_t view_id, int64_t if_version,
                                    const struct views_order *order, struct arena *arena,
                                    struct document *out);

/* STATUS_NOT_FOUND, STATUS_DENIED. */
MUST_CHECK enum status views_delete(struct store *store, const struct author *author, bool is_admin,
                                    int64_t view_id, struct arena *arena);

#endif
