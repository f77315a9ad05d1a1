/* groups.h - named sets of devices, and who is in them
 *
 * A group's members are put in by hand, or a filter (schema/FILTER.md) chooses them; which of the
 * two is settled when it is made.
 */
#ifndef SERVER_STORE_GROUPS_H
#define SERVER_STORE_GROUPS_H

#include "server/store/leading.h"

/* role: those that this role is bound to; NULL: all. */
MUST_CHECK enum status groups_list(struct store *store, const char *after, int64_t limit,
                                   const char *role, struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status groups_get(struct store *store, const char *group_id, struct arena *arena,
                                  struct document *out);

/* A canonical text and its program (server/fleet/filter.h); text NULL: none. */
struct groups_filter {
    const char *text;
    struct span program;
};

/* With a filter its members are in it at once. STATUS_EXISTS. */
MUST_CHECK enum status groups_create(struct store *store, const struct author *author,
                                     const char *group_id, const char *name, int64_t priority,
                                     const struct groups_filter *filter, struct arena *arena,
                                     struct document *out);

/* name NULL, priority -1, no filter: as it is. Devices whose configuration this can change get a
 * new generation. if_version -1: any. STATUS_NOT_FOUND, STATUS_CONFLICT; STATUS_DENIED: a filter
 * for a group whose members are put in by hand, or, here and below, it leads too many robots to
 * other routes, and leading->problem says so. */
struct groups_patch {
    const char *name;
    int64_t priority;
    struct groups_filter filter;
};
MUST_CHECK enum status groups_update(struct store *store, const struct leading *leading,
                                     const char *group_id, int64_t if_version,
                                     const struct groups_patch *patch, struct arena *arena,
                                     struct document *out);

/* Its layer goes with it. STATUS_NOT_FOUND, STATUS_DENIED. */
MUST_CHECK enum status groups_delete(struct store *store, const struct leading *leading,
                                     const char *group_id, struct arena *arena);

/* Again is harmless. STATUS_NOT_FOUND: no such group or device; STATUS_DENIED: a filter chooses its
 * members. */
MUST_CHECK enum status groups_add(struct store *store, const struct leading *leading,
                                  const char *group_id, const char *device_id, struct arena *arena);
MUST_CHECK enum status groups_remove(struct store *store, const struct leading *leading,
                                     const char *group_id, const char *device_id,
                                     struct arena *arena);

/* The same inside a transaction of the caller's. */
struct groups_member {
    const char *group_id;
    const char *device_id;
    bool is_in; /* as it is to be */
};
MUST_CHECK enum status groups_put(struct store_conn *conn, const struct leading *leading,
                                  const struct groups_member *member, struct arena *arena);

/* The first of these names that is no group with members put in by hand, in *bad (borrowed from
 * names); NULL: each is one. */
MUST_CHECK enum status groups_find_stranger(struct store *store, const char *const *names,
                                            size_t count, const char **bad);

/* Whom a program means now: {"devices", "online", "first": [{"id", "name", "online"}, at most 20]}.
 * of_group: as a group's filter, see schema/FILTER.md. */
MUST_CHECK enum status groups_preview(struct store *store, struct span program, bool of_group,
                                      struct arena *arena, struct span *json);

/* Brings up to date the members of groups whose filter is due to be asked again. */
MUST_CHECK enum status groups_refresh(struct store *store);

#endif
