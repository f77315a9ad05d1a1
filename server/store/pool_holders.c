#include "server/store/pool_holders.h"

#include "server/store/pools.h"

/* A next: "amount,device". */
static bool is_key(const char *after)
{
    struct span amount = span_text(after);
    const char *comma = strchr(after, ',');
    int64_t units;

    if (comma == NULL || comma[1] == '\0')
        return false;
    amount.size = (size_t)(comma - after);
    return span_to_int64(amount, &units) == STATUS_OK;
}

enum status pool_holders_list(struct store *store, int64_t pool_id, const char *after,
                              int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH held AS MATERIALIZED (SELECT a.device_id::text, sum(" POOLS_OUT ")::bigint AS amount"
        "   FROM myna.credit_account a WHERE a.pools @> ARRAY[$1::bigint] AND " POOLS_OUT " > 0"
        "   GROUP BY a.device_id),"
        " page AS (SELECT h.*, row_number() OVER (ORDER BY h.amount DESC, h.device_id) AS n"
        "   FROM held h WHERE $2::text IS NULL"
        "     OR h.amount < split_part($2, ',', 1)::bigint"
        "     OR h.amount = split_part($2, ',', 1)::bigint AND h.device_id > split_part($2, ',', 2)"
        "   ORDER BY h.amount DESC, h.device_id LIMIT $3 + 1),"
        " shown AS (SELECT g.n, jsonb_build_object('device', g.device_id,"
        "     'outstanding', trim_scale(g.amount::numeric / p.scale)::text,"
        "     'last_seen', (SELECT l.last_seen FROM myna.device_link l"
        "       WHERE l.device_id = g.device_id),"
        "     'lines', (SELECT jsonb_agg(jsonb_build_object('line', a.line_id,"
        "         'route', jsonb_build_object('vendor', a.vendor_id, 'model', a.model,"
        "           'contract', a.contract_id),"
        "         'outstanding', trim_scale((" POOLS_OUT ")::numeric / p.scale)::text,"
        "         'presumed', a.presumed > a.granted - a.returned - a.settled - a.charged,"
        "         'granted_at', a.granted_at) ORDER BY " POOLS_OUT " DESC, a.line_id)"
        "       FROM myna.credit_account a WHERE a.device_id = g.device_id"
        "       AND a.pools @> ARRAY[$1::bigint] AND " POOLS_OUT " > 0)) AS item"
        "   FROM page g CROSS JOIN myna.pool p WHERE p.pool_id = $1 AND g.n <= $3)"
        "SELECT jsonb_build_object('as_of', now(), 'pool', p.item || "
        "jsonb_build_object('zone', " POOLS_ZONE "),"
        " 'robots', (SELECT count(*) FROM held),"
        " 'items', coalesce((SELECT jsonb_agg(item ORDER BY n) FROM shown), '[]'),"
        " 'next', (SELECT amount || ',' || device_id FROM page WHERE n = $3"
        "   AND EXISTS (SELECT FROM page m WHERE m.n > $3)))"
        " FROM myna.pool_item p WHERE p.pool_id = $1");

    if (after != NULL && !is_key(after))
        return STATUS_INVALID;
    return store_json(store, &list,
                      STORE_VALUES(value_int(pool_id), value_text(after), value_int(limit)), arena,
                      json);
}
