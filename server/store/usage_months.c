#include "server/store/usage_months.h"

enum status usage_months_make(struct store *store)
{
    STORE_STATEMENT(make, "SELECT myna.usage_make_month((now() AT TIME ZONE 'UTC'"
                          " + n * interval '1 month')::date) FROM generate_series(0, 2) n");

    return store_query(store, &make, STORE_NO_VALUES, NULL);
}

struct drop {
    int64_t months;
    int64_t dropped;
};

/* The cursor's lock keeps two servers from dropping the same partition. */
static enum status drop(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(lock, "SELECT FROM myna.usage_cursor FOR UPDATE");
    STORE_STATEMENT(
        drop_all,
        "WITH gone AS MATERIALIZED (SELECT name FROM myna.usage_months_that_may_go("
        "   now() - $1::bigint * interval '1 month') AS name)"
        " SELECT count(*) FROM gone, LATERAL (SELECT myna.usage_drop_month(gone.name)) dropped,"
        " LATERAL (SELECT myna.audit_append('mynad', '', 'usage.drop_month',"
        "   'usage/' || gone.name, NULL, jsonb_build_object('retention_months', $1::bigint)))"
        "   audited");
    STORE_STATEMENT(forget, "DELETE FROM myna.pool_charge c USING myna.pool p"
                            " WHERE p.pool_id = c.pool_id"
                            " AND p.period_to < now() - $1::bigint * interval '1 month'");
    struct drop *job = context;
    struct result result = {0};
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &drop_all, STORE_VALUES(value_int(job->months)), &result);
    if (status == STATUS_OK)
        job->dropped = result_int(&result, 0, 0);
    result_release(&result);
    return status == STATUS_OK
               ? store_exec(conn, &forget, STORE_VALUES(value_int(job->months)), NULL)
               : status;
}

enum status usage_months_drop(struct store *store, int64_t months, int64_t *dropped)
{
    struct drop job = {.months = months};
    enum status status = months > 0 ? store_transaction(store, drop, &job) : STATUS_OK;

    if (status == STATUS_OK)
        *dropped = job.dropped;
    return status;
}
