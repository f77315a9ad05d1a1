/* lineage.h - whose licence a robot took over when it was exchanged for another
 *
 * Told apart from device.replaces, which is for people: an erasure clears that one, while the
 * licence goes on from a name that leads to nobody. Inside a transaction.
 */
#ifndef SERVER_STORE_LINEAGE_H
#define SERVER_STORE_LINEAGE_H

#include "server/store/booking.h"

/* Sets licence_from of the records that count after their devices' exchange; in the arena. */
MUST_CHECK enum status lineage_name(struct store_conn *conn, struct arena *arena,
                                    struct booking_record *records, size_t count);

#endif
