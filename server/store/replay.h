/* replay.h - a contract's raw records, read again as they were booked
 *
 * With what an import has settled since. Inside a transaction. Statuses are those of store.h.
 */
#ifndef SERVER_STORE_REPLAY_H
#define SERVER_STORE_REPLAY_H

#include "server/store/booking.h"
#include "server/store/result.h"
#include "server/store/store.h"

/* Times in between: from inclusive, to exclusive. Plain data. */
struct replay_range {
    const char *contract_id;
    int64_t arrived_from_ms, arrived_to_ms;
    int64_t at_from_ms, at_to_ms; /* of booking */
};
#define REPLAY_FIRST_MS 0                        /* before all usage */
#define REPLAY_LAST_MS  INT64_C(253402300799000) /* after it: the year 9999 */

/* Arrivals of the first and last record of the contract; last is before first when there is none.
 */
MUST_CHECK enum status replay_extent(struct store_conn *conn, const char *contract_id,
                                     int64_t *first_ms, int64_t *last_ms);

/* Columns of the result, in order: prices are as booked, settled and rated again since. */
enum replay_column {
    REPLAY_DEVICE,
    REPLAY_JOURNAL,
    REPLAY_SEQ,
    REPLAY_AT,
    REPLAY_DURATION,
    REPLAY_VENDOR,
    REPLAY_MODEL,
    REPLAY_TIER,
    REPLAY_PROVENANCE,
    REPLAY_VERSION,
    REPLAY_PRICE,
    REPLAY_QUANTITIES, /* the first of CONTRACT_METRICS */
    REPLAY_PURPOSE = REPLAY_QUANTITIES + CONTRACT_METRICS,
    REPLAY_LICENCE_FROM,
};

/* Rows in the order of arrival, to be released by the caller. */
MUST_CHECK enum status replay_read(struct store_conn *conn, const struct replay_range *range,
                                   struct result *result);

/* What pricing asks of a row. Texts are borrowed from the result. */
void replay_record(const struct result *result, size_t i, struct booking_record *out);

#endif
