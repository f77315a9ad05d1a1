/* crediting.h - what a batch of messages changes in credit accounts and pools (invariant I2)
 *
 * Costs one look at credit_revision while nothing binds any route. Otherwise, in the batch's own
 * transaction and after its records are known: what devices report is merged, records settle and
 * are booked into their pools, accounts of journals that ended are charged, ended periods
 * confirmed, lines that were replaced asked back, and what devices want is granted.
 */
#ifndef SERVER_BUS_CREDITING_H
#define SERVER_BUS_CREDITING_H

#include "server/bus/batch.h"

/* Before any row is locked. */
MUST_CHECK enum status crediting_begin(struct store_conn *conn, struct batch *batch);

/* With devices and journals locked, before the sums are. Reads the batch's routes when pools bind
 * any. */
MUST_CHECK enum status crediting_run(struct store_conn *conn, struct batch *batch);

/* The lines and accounts to tell a device of. Lists are in the batch's arena. */
MUST_CHECK enum status crediting_tell(struct batch *batch, const struct batch_device *device,
                                      struct state_facts *facts);

#endif
