/* vendor_keys.h - a vendor's next key: given to robots by shares, until nobody holds the old one
 *
 * Keys are wrapped before they come here and never leave (invariant I9). A robot that is among the
 * share gets a new generation, whose content has the next key; it is accounted for once it says
 * that it runs that generation or a later one, so that who is offline holds the old key until then.
 * Every change is audited in its transaction. While a rollout gives it in waves (rollout_key.h)
 * every change by hand is STATUS_DENIED. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_VENDOR_KEYS_H
#define SERVER_STORE_VENDOR_KEYS_H

#include "server/store/document.h"

/* openapi.yaml's VendorKey. STATUS_NOT_FOUND. */
MUST_CHECK enum status vendor_keys_get(struct store *store, const char *vendor_id,
                                       struct arena *arena, struct document *out);

/* Its robots in the order of their ids, and which key each may hold; none while there is no next
 * key. state: "waiting", "kept_back", "offline", "unanswered", "carried", those that may hold the
 * old key though it is theirs to leave ("missing"), or NULL: any. role: that is bound to groups, of
 * whose robots alone it is told; NULL: of all. STATUS_NOT_FOUND. */
struct vendor_keys_page {
    const char *after; /* device id */
    int64_t limit;
    const char *state;
    const char *role;
};
MUST_CHECK enum status vendor_keys_devices(struct store *store, const char *vendor_id,
                                           const struct vendor_keys_page *page, struct arena *arena,
                                           struct span *json);

/* Keeps it beside the present one; nobody has it yet. STATUS_NOT_FOUND; STATUS_CONFLICT: the vendor
 * has no key to change from; STATUS_EXISTS: robots have another one already, or were tried
 * with it. */
MUST_CHECK enum status vendor_keys_put(struct store *store, const struct author *author,
                                       const char *vendor_id, struct span wrapped,
                                       struct arena *arena, struct document *out);

/* Gives it to that share of all robots, "0.10"; a share only grows. STATUS_NOT_FOUND;
 * STATUS_CONFLICT: there is no next key, or more robots have it already. */
MUST_CHECK enum status vendor_keys_switch(struct store *store, const struct author *author,
                                          const char *vendor_id, const char *share,
                                          struct arena *arena, struct document *out);

/* Forgets the next key; whoever has it gets the present one again. STATUS_NOT_FOUND;
 * STATUS_CONFLICT: there is none. */
MUST_CHECK enum status vendor_keys_drop(struct store *store, const struct author *author,
                                        const char *vendor_id, struct arena *arena,
                                        struct document *out);

/* The next key becomes the key and the old one is forgotten: it may be revoked at the vendor.
 * reason: why although robots may hold the old one; NULL: not then. STATUS_NOT_FOUND;
 * STATUS_CONFLICT: some may, or there is no next key; problem says who. */
MUST_CHECK enum status vendor_keys_finish(struct store *store, const struct author *author,
                                          const char *vendor_id, const char *reason,
                                          struct arena *arena, struct document *out,
                                          char problem[400]);

#endif
