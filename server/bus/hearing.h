/* hearing.h - what one message changes in the rows of its device (invariants I1, I3, I4) */
#ifndef SERVER_BUS_HEARING_H
#define SERVER_BUS_HEARING_H

#include "server/bus/batch.h"

/* Judges the item and changes the batch's rows and lists. Besides those of store.h: STATUS_MEMORY.
 */
MUST_CHECK enum status hearing_take(struct store_conn *conn, struct batch *batch,
                                    const struct intake_item *item);

#endif
