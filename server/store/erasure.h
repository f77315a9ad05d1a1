/* erasure.h - forgetting all about one robot, but what bills and the audit's chain stand on
 *
 * Its name, serial number, labels, settings, commands, pictures, reports, alerts and health go; its
 * usage, credit and share in rollouts go on under a name that leads to nobody. What the audit said
 * of it is blanked in a way that the chain still tells of any other change (migrations/0137).
 */
#ifndef SERVER_STORE_ERASURE_H
#define SERVER_STORE_ERASURE_H

#include "server/store/document.h"

/* {"id": its new name, "forgotten": {"alert": 3, ...}}. is_trial: all is done and taken back, so
 * that the counts are those of the deed; "id" is null then. confirmation: the robot's serial
 * number, its id where it has none. STATUS_NOT_FOUND; STATUS_INVALID: the confirmation is of
 * another; STATUS_CONFLICT: it is still served (or forgotten already): *standing tells its status,
 * in the arena. */
MUST_CHECK enum status erasure_run(struct store *store, const struct author *author,
                                   const char *device_id, const char *confirmation, bool is_trial,
                                   struct arena *arena, struct span *json, const char **standing);

#endif
