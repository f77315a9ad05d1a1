/* diagnosis.h - what is known, at one instant, of a robot that does not talk
 *
 * One statement, so that everything in it is of one snapshot.
 */
#ifndef SERVER_STORE_DIAGNOSIS_H
#define SERVER_STORE_DIAGNOSIS_H

#include "server/fleet/doctor.h"
#include "server/store/store.h"

/* All is in the arena. Plain data. */
struct diagnosis {
    const char *device_id; /* NULL: a claim code waits for this serial number, no robot has it */
    const char *name, *serial;
    const char *as_of; /* RFC 3339 */
    struct doctor_facts facts;
};

/* key: a device's id or its serial number; of several devices with one serial number the active one
 * that enrolled last. STATUS_NOT_FOUND: neither a device nor a claim code that waits. */
MUST_CHECK enum status diagnosis_read(struct store *store, const char *key, struct arena *arena,
                                      struct diagnosis *out);

#endif
