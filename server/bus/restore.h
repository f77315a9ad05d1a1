/* restore.h - finds by robots' receipts that the database was restored (invariants I1, I2, I4) */
#ifndef SERVER_BUS_RESTORE_H
#define SERVER_BUS_RESTORE_H

#include "server/bus/batch.h"

/* With devices and journals locked, before any message changes them: looks at the receipts of the
 * batch's hellos. One that is ahead of the database raises the epoch, for all devices of the batch;
 * one that nobody here made is counted as forged, while the rest of its hello, which was sealed by
 * its device, counts. Besides those of store.h: STATUS_MEMORY. */
MUST_CHECK enum status restore_look(struct store_conn *conn, struct batch *batch);

#endif
