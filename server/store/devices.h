/* devices.h - what operators read and change about devices
 *
 * Texts of JSON come in the caller's arena. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_DEVICES_H
#define SERVER_STORE_DEVICES_H

#include "server/store/leading.h"

/* NULL texts: no such condition. */
struct devices_filter {
    const char *after; /* device id */
    int64_t limit;
    const char *state; /* "online", "offline", "behind", "revoked" */
    const char *group;
    const char *text;    /* part of id, name, serial or a label's value */
    struct span program; /* server/fleet/filter.h; empty: none */
    const char *role;    /* robots that this role's groups hold */
};
MUST_CHECK enum status devices_list(struct store *store, const struct devices_filter *filter,
                                    struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status devices_get(struct store *store, const char *device_id, struct arena *arena,
                                   struct document *out);

/* What holds on the device and which layer says so. defaults: JSON array of {"name","value"} for
 * settings that no layer sets. STATUS_NOT_FOUND. */
MUST_CHECK enum status devices_effective(struct store *store, const char *device_id,
                                         struct span defaults, struct arena *arena,
                                         struct span *json);

/* NULL (empty) fields stay as they are. */
struct devices_patch {
    const char *name;
    const char *region;
    struct span labels; /* a JSON object */
};
/* if_version: -1 for any. STATUS_NOT_FOUND, STATUS_CONFLICT; STATUS_DENIED: a group's filter asks
 * for what changes, which leads too many robots to other routes; leading->problem says so. */
MUST_CHECK enum status devices_update(struct store *store, const struct leading *leading,
                                      const char *device_id, int64_t if_version,
                                      const struct devices_patch *patch, struct arena *arena,
                                      struct document *out);

/* The same inside a transaction of the caller's. */
MUST_CHECK enum status devices_patch(struct store_conn *conn, const struct leading *leading,
                                     const char *device_id, int64_t if_version,
                                     const struct devices_patch *patch, struct arena *arena);

/* Writes down what lists show of the effective settings of those whose generation has changed
 * since: until then a list asks the layers for each of them, which takes its time. */
MUST_CHECK enum status devices_show(struct store *store);

/* The last picture of its face. STATUS_NOT_FOUND. */
MUST_CHECK enum status devices_face(struct store *store, const char *device_id, struct arena *arena,
                                    struct span *png, int64_t *at_ms);

#endif
