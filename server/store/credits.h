/* credits.h - credit accounts and the pools that hold them, inside the transaction that books usage
 *
 * The rules are server/fleet/grant.h's. Every function but the first is called with
 * credit_revision and the devices' link rows locked. Besides the statuses named, those of store.h.
 */
#ifndef SERVER_STORE_CREDITS_H
#define SERVER_STORE_CREDITS_H

#include "schema/wire/message.h"
#include "server/fleet/grant.h"
#include "server/store/store.h"

#define CREDITS_POOLS 16 /* that hold one account */

/* What pools there are, read again when something changed them as a whole. Plain data. */
struct credits_pool {
    int64_t pool_id;
    const char *source;
    const char *scope; /* "fleet", "group", "device", "vendor", "contract" */
    const char *subject;
    const char *unit;
    bool is_money;
    unsigned metrics;
    const char *const *models;
    size_t model_count; /* 0: all */
    bool hard;
    bool is_active;
    int64_t from_ms, to_ms; /* INT64_MAX: never ends */
    int64_t scale;
};

struct credits;

MUST_CHECK enum status credits_create(struct credits **out);
void credits_free(struct credits *credits);

/* Shares the lock that whoever changes pools as a whole owns alone, and makes the list current. To
 * be called before any row is locked. STATUS_MEMORY. */
MUST_CHECK enum status credits_refresh(struct credits *credits, struct store_conn *conn);

/* By pool_id; of periods that may still be booked into. Borrowed until the next refresh. */
const struct credits_pool *credits_pools(const struct credits *credits, size_t *count);
int64_t credits_epoch(const struct credits *credits);

/* One account's row. Plain data. */
struct credits_account {
    const char *device_id;
    uint8_t journal_id[16];
    const char *line_id;
    int64_t measure; /* its place in the line */
    int64_t epoch;
    const char *vendor_id, *model, *contract_id; /* of its route */
    wire_CreditMeasure terms;                    /* unit, weights, divisor */
    int64_t purpose;                             /* wire_Purpose of its line */
    struct grant_account account;
    int64_t pools[CREDITS_POOLS];
    size_t pool_count;
    int64_t confirmed_ms;
    bool has_rested; /* its journal was, in this epoch: nothing from before is still to come */
    bool is_changed;
    bool has_returned; /* in this transaction */
    uint64_t least;    /* the shortest attempt's, as the device said in it; 0: it did not */
};

/* Locks and reads the accounts of the devices, by device, journal, line, measure and epoch.
 * *rows has room for spare more than *count. */
MUST_CHECK enum status credits_lock_accounts(struct store_conn *conn, struct arena *arena,
                                             const char *const *ids, size_t id_count, size_t spare,
                                             struct credits_account **rows, size_t *count);

/* The same without a lock, of accounts that are out or whose line may be told. */
MUST_CHECK enum status credits_read_accounts(struct store_conn *conn, struct arena *arena,
                                             const char *const *ids, size_t id_count,
                                             struct credits_account **rows, size_t *count);

/* Inserts or updates those that are changed. */
MUST_CHECK enum status credits_save_accounts(struct store_conn *conn, struct arena *arena,
                                             const struct credits_account *rows, size_t count);

/* A pool while a transaction works on it. */
struct credits_sum {
    int64_t pool_id;
    struct grant_pool pool;
    int64_t scale;
    int64_t devices; /* that want some of it */
    int64_t outstanding_before;
    bool is_starved;
};

/* Locks in the order of pool_id, and reads; ids ascending. */
MUST_CHECK enum status credits_lock_pools(struct store_conn *conn, struct arena *arena,
                                          const int64_t *ids, size_t count,
                                          struct credits_sum *sums, size_t *found);

/* Exact spend of one pool, a decimal text in its unit; below 0: given back. */
struct booking_record;
struct credits_spend {
    int64_t pool_id;
    const char *amount;
    const struct booking_record *uncertain; /* charges this record's reservation; NULL: for good */
};

/* Writes what the sums moved by and adds the spends. What is charged for uncertain records is kept
 * by record, for store/charges to settle. */
MUST_CHECK enum status credits_save_pools(struct store_conn *conn, struct arena *arena,
                                          const struct credits_sum *sums, size_t count,
                                          const struct credits_spend *spends, size_t spend_count);

/* (device, group) by device. */
struct credits_member {
    const char *device_id;
    const char *group_id;
};
MUST_CHECK enum status credits_read_members(struct store_conn *conn, struct arena *arena,
                                            const char *const *ids, size_t id_count,
                                            struct credits_member **members, size_t *count);

/* The epoch that each device was last heard in, for epochs after the first: ids in, epochs out (0:
 * none). */
MUST_CHECK enum status credits_read_epochs(struct store_conn *conn, const char *const *ids,
                                           size_t id_count, int64_t *epochs);
MUST_CHECK enum status credits_note_epoch(struct store_conn *conn, const char *const *ids,
                                          size_t id_count, int64_t epoch);

/* All that was ever granted to the journal in the epoch, over its lines and measures; INT64_MAX
 * when it is more. */
MUST_CHECK enum status credits_read_granted(struct store_conn *conn, const char *device_id,
                                            const uint8_t journal_id[16], int64_t epoch,
                                            uint64_t *granted);

/* These devices are owed a state now: for their credit alone. */
MUST_CHECK enum status credits_owe_states(struct store_conn *conn, const char *const *ids,
                                          size_t id_count);

#endif
