/* hindsight.h - a contract's counts as they were at a time in the past
 *
 * Counts are kept by day at the finest, most of them by period: those of periods that were over by
 * then are taken as they are, and of those that went on the raw records are counted again, up to
 * the millisecond of booking. What was learned since of usage before that time (late records,
 * settlements) is in it. Inside a transaction.
 */
#ifndef SERVER_STORE_HINDSIGHT_H
#define SERVER_STORE_HINDSIGHT_H

#include "server/store/store.h"
#include "server/money/tally.h"

/* tally is an empty one of the contract. STATUS_STALE: raw records of a period that went on then
 * are dropped already. */
MUST_CHECK enum status hindsight_load(struct store_conn *conn, struct arena *arena,
                                      const char *contract_id, int64_t as_of_ms,
                                      struct tally *tally);

#endif
