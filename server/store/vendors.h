/* vendors.h - who serves models; their keys are wrapped before they come here (invariant I9) */
#ifndef SERVER_STORE_VENDORS_H
#define SERVER_STORE_VENDORS_H

#include "server/store/document.h"

/* role: those that this role is bound to; NULL: all. */
MUST_CHECK enum status vendors_list(struct store *store, const char *role, struct arena *arena,
                                    struct span *json);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status vendors_get(struct store *store, const char *vendor_id, struct arena *arena,
                                   struct document *out);

/* NULL (empty) fields: the column's default at creation, as it is at an update. */
struct vendors_fields {
    const char *name;
    const char *dialect;
    const char *base_url;
    const char *region;
    const char *credential;
    struct span filings; /* [{"model", "region", "number"}] */
    struct span key_wrapped;
};
/* base_url must be there. STATUS_EXISTS; STATUS_DENIED: the vendor's dialect cannot be had with its
 * credential or a hard limit, reason says which. */
MUST_CHECK enum status vendors_create(struct store *store, const struct author *author,
                                      const char *vendor_id, const struct vendors_fields *fields,
                                      struct arena *arena, struct document *out, char reason[160]);

/* Devices that have the vendor among their routes get a new generation. if_version -1: any.
 * STATUS_NOT_FOUND, STATUS_CONFLICT, STATUS_DENIED as above. */
MUST_CHECK enum status vendors_update(struct store *store, const struct author *author,
                                      const char *vendor_id, int64_t if_version,
                                      const struct vendors_fields *fields, struct arena *arena,
                                      struct document *out, char reason[160]);

/* Within a transaction: what else takes this vendor's files or usage waits until it ends.
 * STATUS_NOT_FOUND: no such vendor. */
MUST_CHECK enum status vendors_lock(struct store_conn *conn, const char *vendor_id);

#endif
