/* rerating.h - rates a contract's raw records again, with the terms that are known now (I5)
 *
 * Every record that is kept is counted and priced again in the order of arrival, so that afterwards
 * prices add up to the bill of the counts as before. Records are not edited: what they cost now is
 * booked as the difference (myna.usage_correction), in the same transaction as the new counts, the
 * pools of money, the days' sums and the audit row. Bookings of the contract wait meanwhile, those
 * of others do not.
 */
#ifndef SERVER_STORE_RERATING_H
#define SERVER_STORE_RERATING_H

#include "server/store/document.h"

struct rerating_order {
    const char *contract_id;
    int64_t from_ms, to_ms; /* booking times whose prices may change: from inclusive */
    bool dry_run;           /* tells, and changes nothing */
};

/* report: a JSON object in the arena. STATUS_NOT_FOUND: no such contract, or no terms of it can be
 * read. STATUS_CONFLICT: records outside of the range would cost something else too, so that the
 * sum could not be exact; report tells. STATUS_STALE: raw records of the contract were
 * dropped already. Besides those of store.h. */
MUST_CHECK enum status rerating_run(struct store *store, const struct author *author,
                                    const struct rerating_order *order, struct arena *arena,
                                    struct span *report);

#endif
