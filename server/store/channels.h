/* channels.h - where alerts go; addresses and secrets are wrapped before they come here (I9) */
#ifndef SERVER_STORE_CHANNELS_H
#define SERVER_STORE_CHANNELS_H

#include "server/store/document.h"

MUST_CHECK enum status channels_list(struct store *store, struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status channels_get(struct store *store, const char *channel_id,
                                    struct arena *arena, struct document *out);

/* What is wrapped, empty where there is none; in the arena. STATUS_NOT_FOUND. */
MUST_CHECK enum status channels_wrapped(struct store *store, const char *channel_id,
                                        struct arena *arena, struct span *url, struct span *secret);

/* NULL (empty) fields: the column's default at creation, as it is at an update. */
struct channels_fields {
    const char *kind; /* only at creation */
    struct span url_wrapped;
    const char *origin; /* of the url, may be shown */
    struct span secret_wrapped;
    const char *login;
    const char *sender;
    struct span recipients; /* a JSON list */
    const char *min_severity;
    bool sets_enabled;
    bool enabled;
};

/* kind, url_wrapped and origin must be there. STATUS_EXISTS; STATUS_INVALID: what a kind needs is
 * missing, or it has what it cannot have. */
MUST_CHECK enum status channels_create(struct store *store, const struct author *author,
                                       const char *channel_id, const struct channels_fields *fields,
                                       struct arena *arena, struct document *out);

/* What waits is tried again at once. if_version -1: any. STATUS_NOT_FOUND, STATUS_CONFLICT,
 * STATUS_INVALID. */
MUST_CHECK enum status channels_update(struct store *store, const struct author *author,
                                       const char *channel_id, int64_t if_version,
                                       const struct channels_fields *fields, struct arena *arena,
                                       struct document *out);

/* With what is owed to it, and the alert about it. STATUS_NOT_FOUND, STATUS_CONFLICT. */
MUST_CHECK enum status channels_delete(struct store *store, const struct author *author,
                                       const char *channel_id, int64_t if_version,
                                       struct arena *arena);

#endif
