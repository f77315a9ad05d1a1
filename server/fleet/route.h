/* route.h - rules about ways to get an answer: borders (invariant I13) and credit line ids
 *
 * Pure: no I/O.
 */
#ifndef SERVER_FLEET_ROUTE_H
#define SERVER_FLEET_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#define ROUTE_LINE_ID_SIZE 33

/* A route and the border that it may cross. Borrowed texts; plain data. */
struct route_border {
    const char *device_region;
    const char *vendor_region;
    bool pair_is_open;  /* the operator lets devices of the one use vendors of the other */
    bool filing_is_due; /* the device's region asks for a filing number of every model */
    const char *filing; /* the model's there; "" when it has none */
};

/* Whether the device may use the route. An empty region is bound to none. myna.border_flaw says the
 * same to statements. */
bool route_is_allowed(const struct route_border *border);

/* The credit line of a route under one contract version: the same inputs give the same id, another
 * version another line. */
void route_line_id(const char *vendor_id, const char *model, const char *contract_id,
                   uint32_t contract_version, char out[ROUTE_LINE_ID_SIZE]);

#endif
