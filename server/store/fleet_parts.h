/* fleet_parts.h - how many devices of the fleet are of each state, trouble, version, route,
 * group and region, each with the filter (schema/FILTER.md) that lists them
 */
#ifndef SERVER_STORE_FLEET_PARTS_H
#define SERVER_STORE_FLEET_PARTS_H

#include "server/store/store.h"

/* All of one instant; reads every device. *json is in the arena. *robots: how many there are. */
MUST_CHECK enum status fleet_parts_read(struct store *store, struct arena *arena, struct span *json,
                                        int64_t *robots);

#endif
