/* pools.h - pools follow caps and budgets: they begin, change their limits, are succeeded and end
 *
 * The next period's pool is there before its time, so that nothing is booked past it; when its time
 * has come it takes over what is out. All of it happens while credit_revision is owned alone, so
 * that no usage is booked meanwhile. Besides the statuses named, those of store.h.
 */
#ifndef SERVER_STORE_POOLS_H
#define SERVER_STORE_POOLS_H

#include "server/store/credits.h"
#include "server/store/terms.h"

/* What an account a holds of the pools that hold it. */
#define POOLS_OUT "greatest(a.granted - a.returned - a.settled - a.charged, a.presumed, 0)"

/* Whose days the period of the pool_item p is made of. */
#define POOLS_ZONE                                                                                 \
    "coalesce((SELECT b.zone FROM myna.budget b WHERE 'budget:' || b.budget_id = p.source),"       \
    " (SELECT c.zone FROM myna.contract c"                                                         \
    "   WHERE c.contract_id = substring(p.source FROM '^cap:([^:]*):')), 'UTC')"

/* Owns credit_revision until the transaction ends: the first lock of all. */
MUST_CHECK enum status pools_own(struct store_conn *conn);

/* Makes the pools those that caps and budgets ask for at now_ms, for the transaction on conn, which
 * owns credit_revision; in a new epoch renews the accounts. Terms are made current. *changed tells
 * whether anything did. */
MUST_CHECK enum status pools_follow(struct store_conn *conn, struct arena *arena,
                                    struct terms *terms, int64_t now_ms, bool *changed);

/* The same in a transaction of its own, which begins only when something has to be done. */
MUST_CHECK enum status pools_refresh(struct store *store, struct arena *arena, struct terms *terms,
                                     int64_t now_ms, bool *changed);

/* Pools that are over, or in which a wish was refused within the last seconds. *ids in the arena.
 */
MUST_CHECK enum status pools_find_starved(struct store *store, struct arena *arena, int64_t **ids,
                                          size_t *count);

/* Connected devices that want credit of pools which all have some: at most limit of them. *ids in
 * the arena. */
MUST_CHECK enum status pools_find_hopeful(struct store *store, struct arena *arena, size_t limit,
                                          const char ***ids, size_t *count);

/* Changes as a whole that there were: limits, periods, what binds whom. */
MUST_CHECK enum status pools_read_revision(struct store *store, int64_t *revision);

/* How many devices want some of each pool. */
MUST_CHECK enum status pools_count_devices(struct store *store);

/* Connected devices whose accounts a pool holds, those first that used theirs longest ago; for the
 * transaction on conn, which locks their link rows in the order every transaction does. */
MUST_CHECK enum status pools_lock_devices(struct store_conn *conn, struct arena *arena,
                                          int64_t pool_id, size_t limit, const char ***ids,
                                          size_t *count);

/* GET /pools. subject, source and after may be NULL; open_only: of periods that are not over. */
struct pools_filter {
    const char *subject;
    const char *source;
    bool open_only;
    int64_t after;
    int64_t limit;
};
MUST_CHECK enum status pools_list(struct store *store, const struct pools_filter *filter,
                                  struct arena *arena, struct span *json);

#endif
