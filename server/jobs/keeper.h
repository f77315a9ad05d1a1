/* keeper.h - keeps the list of revoked and retired robots outside the database
 *
 * A database that is restored forgets who was revoked after the backup. So each robot that is
 * refused for good is appended to a file as well, a line that is signed with the stamp key
 * (revocation_line.h), within a second; and whoever stands in the file and is not refused by the
 * database is refused by it again: before anything else starts, and each second. One thread; each
 * instance has a file of its own, and what one knows gets to the others by the database.
 */
#ifndef SERVER_JOBS_KEEPER_H
#define SERVER_JOBS_KEEPER_H

#include "server/store/store.h"

struct keeper;

/* Reads the file, which is made when it is not there, and compares once. store and the 32 bytes of
 * stamp_key outlive it. The caller owns *out. STATUS_IO: the file cannot be read or written; any
 * other: of the database. problem says what. Lines that are damaged or forged are logged and left
 * out. */
MUST_CHECK enum status keeper_start(struct keeper **out, struct store *store, const char *path,
                                    const uint8_t *stamp_key, char problem[256]);
/* NULL is allowed. */
void keeper_stop(struct keeper *keeper);

#endif
