/* layers.h - settings for the fleet, a group or a device; every change is a revision */
#ifndef SERVER_STORE_LAYERS_H
#define SERVER_STORE_LAYERS_H

#include "schema/base/json.h"
#include "server/store/document.h"

enum layers_kind { LAYERS_FLEET, LAYERS_GROUP, LAYERS_DEVICE };

/* Which layer: owner is the group's or device's id, NULL for the fleet. */
struct layers_key {
    enum layers_kind kind;
    const char *owner;
};

MUST_CHECK enum status layers_list(struct store *store, struct arena *arena, struct span *json);

/* A group or device that has none yet shows revision 0 and no settings. out->version is the
 * revision. STATUS_NOT_FOUND: no such group or device. */
MUST_CHECK enum status layers_get(struct store *store, const struct layers_key *key,
                                  struct arena *arena, struct document *out);

/* Newest first. */
MUST_CHECK enum status layers_revisions(struct store *store, const struct layers_key *key,
                                        int64_t after, int64_t limit, struct arena *arena,
                                        struct span *json);

/* The settings of one revision; 0 is a layer that sets nothing. STATUS_NOT_FOUND. */
MUST_CHECK enum status layers_revision(struct store *store, const struct layers_key *key,
                                       int64_t revision, struct arena *arena,
                                       struct span *settings);

/* What differs between two revisions (0: nothing was set), by name: {"id", "from", "to", "items":
 * [{"name", "change", "from", "to"}]}. to -1: the present one; from -1: the one before to.
 * STATUS_NOT_FOUND. */
MUST_CHECK enum status layers_diff(struct store *store, const struct layers_key *key, int64_t from,
                                   int64_t to, struct arena *arena, struct span *json);

/* Settings for a layer: a JSON object whose values have been checked one by one. */
struct layers_edit {
    const struct author *author;
    struct layers_key key;
    int64_t if_revision; /* -1: whatever the present one is */
    struct span settings;
    int64_t restores; /* the revision whose content this is, for the history; -1: none */
    int64_t alone;    /* server/store/leading.h */
};

/* Replaces the settings and gives every device that it reaches a new generation; equal settings
 * change nothing. Routes must name vendors and contracts that belong together and that every
 * reached device's region allows (I13). STATUS_NOT_FOUND; STATUS_CONFLICT: if_revision is not the
 * current one; STATUS_INVALID: *problem says which route and why; STATUS_DENIED: a rollout under
 * way changes one of them, or it leads more robots to other routes than one may alone (leading.h);
 * *problem says which. */
MUST_CHECK enum status layers_put(struct store *store, const struct layers_edit *edit,
                                  struct arena *arena, struct document *out,
                                  struct json_problem *problem);

/* The same inside a transaction of the caller's. */
MUST_CHECK enum status layers_replace(struct store_conn *conn, const struct layers_edit *edit,
                                      struct arena *arena, struct json_problem *problem);

/* Whether settings may stand in that layer, as layers_put() asks: for rollouts, whose patch becomes
 * part of one. STATUS_INVALID: *problem, as there. */
MUST_CHECK enum status layers_check(struct store_conn *conn, const struct layers_key *key,
                                    struct span settings, struct json_problem *problem);

#endif
