#include "server/store/usage_report.h"

#include "server/store/document.h"

enum status usage_report_imports(struct store *store, int64_t after, int64_t limit,
                                 struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list, "WITH page AS (SELECT jsonb_build_object('id', i.import_id, 'vendor', i.vendor_id,"
              "    'created_at', i.created_at, 'created_by', i.created_by, 'rows', i.rows,"
              "    'equal', i.equal, 'settled', i.settled, 'different', i.different,"
              "    'unknown', i.unknown) AS item, i.import_id,"
              "    row_number() OVER (ORDER BY i.import_id DESC) AS n"
              "  FROM myna.usage_import i WHERE $1 = 0 OR i.import_id < $1"
              "  ORDER BY i.import_id DESC LIMIT $2 + 1)"
              "SELECT jsonb_build_object("
              "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
              "  'next', CASE WHEN count(*) > $2 THEN min(import_id) FILTER (WHERE n <= $2) END)"
              "FROM page");

    return store_json(store, &list, STORE_VALUES(value_int(after), value_int(limit)), arena, json);
}

#define TODAY                                                                                      \
    "u.attempts, u.failed, u.uncertain, u.input_uncached, u.input_cached, u.output, u.reasoning,"  \
    " u.currency, u.price"

/* Of robots in the role's groups, and of use at its vendors; what it is not bound to is all. Use of
 * some robots alone is summed by their hours, which is slower than by days and reads few of them.
 */
enum status usage_report_part(struct store *store, const char *role_id, struct arena *arena,
                              struct span *json)
{
    STORE_STATEMENT(
        part,
        "WITH r AS MATERIALIZED (SELECT groups, vendors FROM myna.reach WHERE reach_id = $1),"
        " mine AS MATERIALIZED (SELECT f.device_id, f.status, f.online, f.behind, f.silent"
        "   FROM myna.device_fact f CROSS JOIN r WHERE r.groups IS NULL OR EXISTS (SELECT"
        "     FROM myna.group_member m WHERE m.device_id = f.device_id"
        "     AND m.group_id = ANY (r.groups))),"
        " seen AS (SELECT status, count(*) AS n, count(*) FILTER (WHERE online) AS online,"
        "    count(*) FILTER (WHERE behind) AS behind,"
        "    count(*) FILTER (WHERE silent) AS silent FROM mine GROUP BY 1),"
        " active AS (SELECT sum(n) AS n, sum(online) AS online, sum(behind) AS behind,"
        "    sum(silent) AS silent"
        "   FROM seen WHERE status = 'active'),"
        " today AS (SELECT " TODAY " FROM myna.usage_day u JOIN myna.contract c USING (contract_id)"
        "     CROSS JOIN r WHERE r.groups IS NULL AND u.vendor_id = ANY (r.vendors)"
        "     AND u.day = (now() AT TIME ZONE c.zone)::date"
        "   UNION ALL SELECT " TODAY " FROM mine JOIN myna.usage_hour u USING (device_id)"
        "     JOIN myna.contract c USING (contract_id) CROSS JOIN r"
        "     WHERE r.groups IS NOT NULL AND (r.vendors IS NULL OR u.vendor_id = ANY (r.vendors))"
        "     AND u.hour >= date_trunc('day', now() AT TIME ZONE c.zone) AT TIME ZONE c.zone)"
        "SELECT jsonb_build_object('as_of', now(),"
        "  'total', (SELECT coalesce(sum(n), 0) FROM seen),"
        "  'online', (SELECT coalesce(online, 0) FROM active),"
        "  'offline', (SELECT coalesce(n - online, 0) FROM active),"
        "  'behind', (SELECT coalesce(behind, 0) FROM active),"
        "  'silent', (SELECT coalesce(silent, 0) FROM active),"
        "  'by_status', coalesce((SELECT jsonb_object_agg(status, n) FROM seen), '{}'),"
        "  'groups', coalesce((SELECT jsonb_agg(jsonb_build_object('id', g.group_id,"
        "     'name', g.name, 'devices', (SELECT count(*) FROM myna.group_member m"
        "        WHERE m.group_id = g.group_id)) ORDER BY g.group_id)"
        "     FROM myna.device_group g CROSS JOIN r"
        "     WHERE r.groups IS NULL OR g.group_id = ANY (r.groups)), '[]'),"
        "  'usage_today', jsonb_build_object("
        "     'attempts', (SELECT coalesce(sum(attempts), 0) FROM today),"
        "     'failed', (SELECT coalesce(sum(failed), 0) FROM today),"
        "     'uncertain', (SELECT coalesce(sum(uncertain), 0) FROM today),"
        "     'input', (SELECT coalesce(sum(input_uncached + input_cached), 0) FROM today),"
        "     'output', (SELECT coalesce(sum(output + reasoning), 0) FROM today),"
        "     'by_currency', coalesce((SELECT jsonb_agg(jsonb_build_object('currency', currency,"
        "        'price', price) ORDER BY currency) FROM (SELECT currency,"
        "        trim_scale(sum(price))::text AS price FROM today GROUP BY currency) p), '[]')),"
        "  'open_alerts', (SELECT count(*) FROM myna.alert a WHERE a.state = 'open'"
        "     AND myna.role_sees($1, a.subject)))");

    return store_json(store, &part, STORE_VALUES(value_text(role_id)), arena, json);
}

enum status usage_report_fleet(struct store *store, struct arena *arena, struct span *json,
                               int64_t *robots)
{
    STORE_STATEMENT(
        fleet,
        "WITH seen AS MATERIALIZED (SELECT f.status, count(*) AS n,"
        "    count(*) FILTER (WHERE f.online) AS online, count(*) FILTER (WHERE f.behind) AS "
        "behind,"
        "    count(*) FILTER (WHERE f.silent) AS silent"
        "  FROM myna.device_fact f GROUP BY 1),"
        " active AS (SELECT sum(n) AS n, sum(online) AS online, sum(behind) AS behind,"
        "    sum(silent) AS silent"
        "   FROM seen WHERE status = 'active'),"
        " today AS (SELECT u.* FROM myna.usage_day u JOIN myna.contract c USING (contract_id)"
        "   WHERE u.day = (now() AT TIME ZONE c.zone)::date)"
        "SELECT jsonb_build_object('as_of', now(),"
        "  'total', (SELECT coalesce(sum(n), 0) FROM seen),"
        "  'online', (SELECT coalesce(online, 0) FROM active),"
        "  'offline', (SELECT coalesce(n - online, 0) FROM active),"
        "  'behind', (SELECT coalesce(behind, 0) FROM active),"
        "  'silent', (SELECT coalesce(silent, 0) FROM active),"
        "  'by_status', coalesce((SELECT jsonb_object_agg(status, n) FROM seen), '{}'),"
        "  'groups', coalesce((SELECT jsonb_agg(jsonb_build_object('id', g.group_id,"
        "     'name', g.name, 'devices', (SELECT count(*) FROM myna.group_member m"
        "        WHERE m.group_id = g.group_id)) ORDER BY g.group_id)"
        "     FROM myna.device_group g), '[]'),"
        "  'usage_today', jsonb_build_object("
        "     'attempts', (SELECT coalesce(sum(attempts), 0) FROM today),"
        "     'failed', (SELECT coalesce(sum(failed), 0) FROM today),"
        "     'uncertain', (SELECT coalesce(sum(uncertain), 0) FROM today),"
        "     'input', (SELECT coalesce(sum(input_uncached + input_cached), 0) FROM today),"
        "     'output', (SELECT coalesce(sum(output + reasoning), 0) FROM today),"
        "     'by_currency', coalesce((SELECT jsonb_agg(jsonb_build_object('currency', currency,"
        "        'price', price) ORDER BY currency) FROM (SELECT currency,"
        "        trim_scale(sum(price))::text AS price FROM today GROUP BY currency) p), '[]')),"
        "  'open_alerts', (SELECT count(*) FROM myna.alert WHERE state = 'open')),"
        " (SELECT coalesce(sum(n), 0)::bigint FROM seen)");

    struct document counted; /* its version is the number of robots */
    enum status status = document_read(store, &fleet, STORE_NO_VALUES, arena, &counted);

    if (status != STATUS_OK)
        return status;
    *json = counted.json;
    *robots = counted.version;
    return STATUS_OK;
}
