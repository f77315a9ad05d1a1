/* route_cache.h - the routes of the devices that spoke lately, so that a state costs no look-up
 *
 * A generation's routes are the same whenever they are read: whatever changes them (layers, groups,
 * vendors, contracts, regions) raises the generation of the devices it reaches. So device, epoch
 * and generation name them for good. A fleet has few lists: one that was kept lately is not kept
 * again. Bounded: 16,384 devices and 32 MiB; when either is used up the next route_cache_trim()
 * forgets everything. One owner thread; others may only route_cache_keep().
 */
#ifndef SERVER_BUS_ROUTE_CACHE_H
#define SERVER_BUS_ROUTE_CACHE_H

#include "server/store/routes.h"

struct route_cache;

MUST_CHECK enum status route_cache_create(struct route_cache **out);
/* NULL is allowed. */
void route_cache_free(struct route_cache *cache);

/* Makes room when there is none left. */
void route_cache_trim(struct route_cache *cache);

/* What route_cache_keep() was told of this generation; false when it was not, or it is forgotten,
 * or the arena is full. *routes is in the arena and the caller's, its texts are borrowed until the
 * next route_cache_trim(), device_id as it was given. */
bool route_cache_find(struct route_cache *cache, struct arena *arena, const char *device_id,
                      int64_t epoch, int64_t generation, const struct routes_row **routes,
                      size_t *count);

/* Copies the routes, without the vendors' keys and since_ms; does nothing when there is no room. */
void route_cache_keep(struct route_cache *cache, const char *device_id, int64_t epoch,
                      int64_t generation, const struct routes_row *routes, size_t count);

#endif
