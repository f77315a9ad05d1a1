/* tallies.h - contracts' counts in the database: myna.tally, myna.tally_head
 *
 * Inside a transaction. Besides those of store.h.
 */
#ifndef SERVER_STORE_TALLIES_H
#define SERVER_STORE_TALLIES_H

#include "server/money/tally.h"
#include "server/store/store.h"

/* Locks a contract's counts against other bookings until the transaction ends, and raises their
 * revision. Contracts are locked in the order of their ids. */
MUST_CHECK enum status tallies_lock(struct store_conn *conn, const char *contract_id,
                                    int64_t *revision);

/* Keeps others from tallies_lock() until the transaction ends, and may be held by many: for who
 * adds counts that nobody's prices depend on. */
MUST_CHECK enum status tallies_share(struct store_conn *conn, const char *contract_id);

/* Adds the counts of these charges (pairs of version and charge) to the tally; all that there are
 * when count is 0. */
struct tallies_charge {
    int64_t version;
    int64_t charge;
};
MUST_CHECK enum status tallies_load(struct store_conn *conn, struct arena *arena,
                                    const char *contract_id, const struct tallies_charge *charges,
                                    size_t count, struct tally *tally);

/* Adds all counts of periods that are over by then. *first is the first day of those that are not;
 * CONTRACT_FOREVER: there are none. */
MUST_CHECK enum status tallies_load_over(struct store_conn *conn, struct arena *arena,
                                         const char *contract_id, int64_t as_of_ms,
                                         struct tally *tally, int64_t *first);

/* One difference of a count. Texts are borrowed. Plain data. */
struct tallies_change {
    const char *contract_id;
    const char *device_id;
    int64_t version, charge, cell, at_day;
    char quantity[DECIMAL_TEXT_SIZE];
};

/* Adds the differences, in the order of their keys. */
MUST_CHECK enum status tallies_add(struct store_conn *conn, struct arena *arena,
                                   struct tallies_change *changes, size_t count);

/* Adds all counts of a tally. */
MUST_CHECK enum status tallies_save(struct store_conn *conn, struct arena *arena,
                                    const char *contract_id, const struct tally *tally);

/* Forgets all counts of a contract, to count it again. */
MUST_CHECK enum status tallies_clear(struct store_conn *conn, const char *contract_id);

#endif
