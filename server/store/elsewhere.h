/* elsewhere.h - what robots used under other contracts, for promises of a share of all usage (M19)
 *
 * From the sums by day of all other contracts, each by its own local days; records of no contract
 * count, too. Inside a transaction.
 */
#ifndef SERVER_STORE_ELSEWHERE_H
#define SERVER_STORE_ELSEWHERE_H

#include "server/money/tally.h"
#include "server/store/store.h"

/* Adds the days before that one to the tally; nothing when its contract promises no share that a
 * bill judges. Besides those of store.h: STATUS_FULL, a sum does not fit. */
MUST_CHECK enum status elsewhere_add(struct store_conn *conn, struct tally *tally,
                                     int64_t before_day);

#endif
