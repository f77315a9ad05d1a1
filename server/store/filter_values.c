#include "server/store/filter_values.h"

/* Vendors, models and contracts are those that there are, not those in use: a filter may well ask
 * for what no robot has yet. */
enum status filter_values_read(struct store *store, const char *field, const char *part,
                               int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        read,
        "WITH said AS ("
        "  SELECT d.region AS value FROM myna.device d WHERE $1 = 'region'"
        "  UNION ALL SELECT l.software FROM myna.device_link l WHERE $1 = 'software'"
        "  UNION ALL SELECT l.hardware FROM myna.device_link l WHERE $1 = 'hardware'"
        "  UNION ALL SELECT m.group_id FROM myna.group_member m WHERE $1 = 'group'"
        "  UNION ALL SELECT g.group_id FROM myna.device_group g WHERE $1 = 'group'"
        "  UNION ALL SELECT v.vendor_id FROM myna.vendor v WHERE $1 IN ('vendor',"
        "    'any_vendor', 'left_out')"
        "  UNION ALL SELECT t.source FROM myna.threshold t WHERE $1 = 'threshold'"
        "  UNION ALL SELECT c.contract_id FROM myna.contract c"
        "    WHERE $1 IN ('contract', 'any_contract')"
        "  UNION ALL SELECT s.route ->> 'model' FROM myna.device_shown s WHERE $1 = 'model'"
        "  UNION ALL SELECT k FROM myna.device d CROSS JOIN LATERAL jsonb_object_keys(d.labels) k"
        "    WHERE $1 = 'labels'"
        "  UNION ALL SELECT d.labels ->> substr($1, 8) FROM myna.device d"
        "    WHERE $1 LIKE 'labels.%'),"
        " counted AS (SELECT value, count(*) AS n FROM said"
        "  WHERE value <> '' AND starts_with(lower(value), lower($2)) GROUP BY value"
        "  ORDER BY count(*) DESC, value LIMIT $3)"
        "SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object('value', value,"
        "  'robots', n) ORDER BY n DESC, value), '[]'), 'next', NULL) FROM counted");

    return store_json(store, &read,
                      STORE_VALUES(value_text(field), value_text(part), value_int(limit)), arena,
                      json);
}
