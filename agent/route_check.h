/* route_check.h - whether this robot may use a route, and can (invariant I13)
 *
 * Pure: no I/O.
 */
#ifndef AGENT_ROUTE_CHECK_H
#define AGENT_ROUTE_CHECK_H

#include "schema/wire/message.h"

/* Why it is not used, as words for operators; NULL: it is. border: where the server says that the
 * robot lives, empty when it said nothing; regions: the vendors' regions that its owner allows at
 * most, "cn,sg", "": all. The text is static. */
const char *route_check(const wire_Route *route, const wire_Border *border, const char *regions);

#endif
