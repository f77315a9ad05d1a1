/* groups.h - named sets of devices, and who is in them */
#ifndef SERVER_STORE_GROUPS_H
#define SERVER_STORE_GROUPS_H

#include "server/store/document.h"

MUST_CHECK enum status groups_list(struct store *store, const char *after, int64_t limit,
                                   struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status groups_get(struct store *store, const char *group_id, struct arena *arena,
                                  struct document *out);

/* STATUS_EXISTS. */
MUST_CHECK enum status groups_create(struct store *store, const struct author *author,
                                     const char *group_id, const char *name, int64_t priority,
                                     struct arena *arena, struct document *out);

/* name NULL, priority -1: as it is. Devices whose configuration this can change get a new
 * generation. if_version -1: any. STATUS_NOT_FOUND, STATUS_CONFLICT. */
struct groups_patch {
    const char *name;
    int64_t priority;
};
MUST_CHECK enum status groups_update(struct store *store, const struct author *author,
                                     const char *group_id, int64_t if_version,
                                     const struct groups_patch *patch, struct arena *arena,
                                     struct document *out);

/* Its layer goes with it. STATUS_NOT_FOUND. */
MUST_CHECK enum status groups_delete(struct store *store, const struct author *author,
                                     const char *group_id, struct arena *arena);

/* Again is harmless. STATUS_NOT_FOUND: no such group or device. */
MUST_CHECK enum status groups_add(struct store *store, const struct author *author,
                                  const char *group_id, const char *device_id, struct arena *arena);
MUST_CHECK enum status groups_remove(struct store *store, const struct author *author,
                                     const char *group_id, const char *device_id,
                                     struct arena *arena);

#endif
