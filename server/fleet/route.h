/* route.h - rules about ways to get an answer: borders (invariant I13) and credit line ids
 *
 * Pure: no I/O.
 */
#ifndef SERVER_FLEET_ROUTE_H
#define SERVER_FLEET_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#define ROUTE_LINE_ID_SIZE 33

/* Whether a device of one region may use a vendor of the other. An empty region is bound to none.
 */
bool route_is_allowed(const char *device_region, const char *vendor_region);

/* The credit line of a route under one contract version: the same inputs give the same id, another
 * version another line. */
void route_line_id(const char *vendor_id, const char *model, const char *contract_id,
                   uint32_t contract_version, char out[ROUTE_LINE_ID_SIZE]);

#endif
