/* regions.h - the borders that routes keep within (invariant I13), as operators draw them
 *
 * A region that is not written down allows the vendors of its own name and those of none. Every
 * change gives the devices that live there a new generation: their routes may come or go.
 */
#ifndef SERVER_STORE_REGIONS_H
#define SERVER_STORE_REGIONS_H

#include "server/store/document.h"

/* Those written down and those that devices or vendors name, by id. */
MUST_CHECK enum status regions_list(struct store *store, struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND: not written down. */
MUST_CHECK enum status regions_get(struct store *store, const char *region_id, struct arena *arena,
                                   struct document *out);

/* Whole: what is left out is nothing. */
struct regions_order {
    const char *name;
    const char *note;
    bool needs_filing;
    const char *const *allows; /* vendors' regions beside its own */
    size_t allow_count;
};

/* Makes it or replaces it. if_version -1: any. STATUS_CONFLICT. */
MUST_CHECK enum status regions_put(struct store *store, const struct author *author,
                                   const char *region_id, int64_t if_version,
                                   const struct regions_order *order, struct arena *arena,
                                   struct document *out);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status regions_delete(struct store *store, const struct author *author,
                                      const char *region_id, struct arena *arena);

#endif
