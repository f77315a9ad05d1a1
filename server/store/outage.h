/* outage.h - the alert vendor_failing: robots leave a vendor out, because it fails them
 *
 * A robot that a vendor failed asks its next route for a while (its circuit is open) and says so in
 * each report. That is sooner and surer than a share of failures: it counts robots, not attempts,
 * and a robot whose attempts all failed makes few. Told from OUTAGE_ROBOTS on, or all that are
 * online where those are fewer, and from a fiftieth of them on; one robot alone is the robot's
 * trouble. It is critical when some of them cannot answer at all, because no route is left to them.
 */
#ifndef SERVER_STORE_OUTAGE_H
#define SERVER_STORE_OUTAGE_H

#include "server/store/store.h"

/* As standing_tell(). */
MUST_CHECK enum status outage_watch(struct store *store, struct arena *arena);

#endif
