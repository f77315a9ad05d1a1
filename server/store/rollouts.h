/* rollouts.h - what operators read of rollouts and do to them
 *
 * Besides the statuses named, all those of store.h. Texts of JSON come in the caller's arena.
 */
#ifndef SERVER_STORE_ROLLOUTS_H
#define SERVER_STORE_ROLLOUTS_H

#include "schema/wire/manifest.h"
#include "server/fleet/rollout.h"
#include "server/store/document.h"

/* Newest first. state: NULL, one of them, or "active" (neither a draft nor over). */
MUST_CHECK enum status rollouts_list(struct store *store, const char *after, int64_t limit,
                                     const char *state, struct arena *arena, struct span *json);

/* With its waves, and "acts": what an operator may do with it where it stands, as the API's paths
 * name it. STATUS_NOT_FOUND. */
MUST_CHECK enum status rollouts_get(struct store *store, const char *rollout_id,
                                    struct arena *arena, struct document *out);

/* Its devices in the order of their hash, of one wave (0: all) and state (NULL: any).
 * STATUS_NOT_FOUND. */
struct rollouts_page {
    const char *after; /* device id */
    int64_t limit;
    int64_t wave;
    const char *state;
};
MUST_CHECK enum status rollouts_devices(struct store *store, const char *rollout_id,
                                        const struct rollouts_page *page, struct arena *arena,
                                        struct span *json);

/* Plain data; group NULL: the fleet. One of patch (a checked JSON object), manifest and key_vendor
 * is given. */
struct rollouts_draft {
    const char *id;
    const char *name;
    const char *group;
    struct span patch;
    struct span manifest;            /* {document, signature}, */
    const struct manifest *software; /* and what its document says; NULL without one */
    const char *key_vendor;          /* whose next key its robots are given; NULL */
    struct span plan;                /* complete */
    const char *on_red;
};

/* STATUS_EXISTS; STATUS_NOT_FOUND: there is no such group; STATUS_CONFLICT: the vendor is not
 * there, or has no next key; STATUS_INVALID: *problem says which route of the patch cannot be and
 * why (invariant I13), below "/patch". */
MUST_CHECK enum status rollouts_create(struct store *store, const struct author *author,
                                       const struct rollouts_draft *draft, struct arena *arena,
                                       struct document *out, struct json_problem *problem);

/* A draft, or one that was aborted before it began. STATUS_NOT_FOUND, STATUS_CONFLICT. */
MUST_CHECK enum status rollouts_delete(struct store *store, const struct author *author,
                                       const char *rollout_id, struct arena *arena);

/* What an operator does: ROLLOUT_START to ROLLOUT_ABORT. Plain data. */
struct rollouts_act {
    enum rollout_event event;
    int64_t if_version; /* -1: any */
    const char *reason; /* of a force */
    int64_t back_rate;  /* of a roll-back: devices a minute; 0: at once */
};

/* STATUS_NOT_FOUND; STATUS_CONFLICT: if_version is not the current one, or problem says why it
 * cannot be; STATUS_DENIED: an author does not approve. */
MUST_CHECK enum status rollouts_act(struct store *store, const struct author *author,
                                    const char *rollout_id, const struct rollouts_act *act,
                                    struct arena *arena, struct document *out, char problem[512]);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status rollouts_is_completed(struct store *store, const char *rollout_id,
                                             bool *out);

/* Of one that is completed: makes and starts a rollout that puts its layer's settings back to what
 * they were, but for those that were changed since. STATUS_NOT_FOUND; STATUS_CONFLICT: problem. */
MUST_CHECK enum status rollouts_reverse(struct store *store, const struct author *author,
                                        const char *rollout_id, int64_t rate, struct arena *arena,
                                        struct document *out, char problem[512]);

/* A group that this canonical filter chooses the members of: its id in the arena. STATUS_NOT_FOUND.
 */
MUST_CHECK enum status rollouts_find_group(struct store *store, const char *filter,
                                           struct arena *arena, const char **group_id);

/* In a transaction that holds the layer's row: the rollout under way that changes one of the
 * settings in which settings differs from what the layer says; *setting NULL: none. */
MUST_CHECK enum status rollouts_find_holder(struct store_conn *conn, struct arena *arena,
                                            const char *layer_id, struct span settings,
                                            const char **setting, const char **rollout_id);

#endif
