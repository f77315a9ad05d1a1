#include "server/store/fleet_parts.h"

#include "server/store/document.h"

/* A value as filters take it. */
#define QUOTED(value) "'\"' || replace(replace(" value ", '\\', '\\\\'), '\"', '\\\"') || '\"'"

/* Robots are counted by kind first, of which there are few, and the kinds added up. The routes of
 * those whose list is not kept yet are asked for together. */
#define SEEN                                                                                       \
    "WITH counted AS MATERIALIZED (SELECT f.status, f.region, f.online, f.behind, f.software,"     \
    "    CASE WHEN f.is_shown THEN f.list_id END AS list_id,"                                      \
    "    CASE WHEN NOT f.is_shown THEN f.device_id::text END AS own_id,"                           \
    "    f.silent, CASE WHEN f.online THEN f.trouble ELSE 0 END AS trouble, count(*) AS n"         \
    "  FROM myna.device_fact f GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9),"                               \
    " asked AS MATERIALIZED (SELECT a.device_id, a.item FROM (SELECT coalesce(array_agg(own_id)"   \
    "      FILTER (WHERE own_id IS NOT NULL), '{}') AS ids FROM counted) i"                        \
    "    CROSS JOIN LATERAL myna.routes_asked(i.ids, false) a WHERE a.is_chat),"                   \
    " seen AS MATERIALIZED (SELECT c.*, r.route ->> 'vendor' AS vendor,"                           \
    "    r.route ->> 'model' AS model"                                                             \
    "  FROM counted c LEFT JOIN myna.route_list k USING (list_id)"                                 \
    "  LEFT JOIN asked a ON a.device_id = c.own_id"                                                \
    "  CROSS JOIN LATERAL (SELECT coalesce(k.chat, a.item) AS route) r),"                          \
    " active AS (SELECT s.*, coalesce((regexp_match(s.software,"                                   \
    "      '[0-9]{1,9}(?:\\.[0-9]{1,9}){0,3}'))[1], s.software) AS version"                        \
    "  FROM seen s WHERE s.status = 'active'),"

/* Versions are told apart as the filter compares them: by their number where they have one. Of a
 * group's members those are taken away that do not take part: they are few. */
#define KINDS                                                                                      \
    " states AS (SELECT CASE WHEN status <> 'active' THEN status WHEN NOT online"                  \
    "      THEN 'offline' WHEN silent THEN 'silent' WHEN behind THEN 'behind'"                     \
    "      ELSE 'online' END AS state, sum(n) AS n"                                                \
    "  FROM seen GROUP BY 1),"                                                                     \
    " versions AS (SELECT min(version) AS version, sum(n) AS n"                                    \
    "  FROM active GROUP BY coalesce(myna.version_of(version)::text, version)),"                   \
    " troubles AS (SELECT 'M' || trouble AS code, sum(n) AS n FROM active"                         \
    "  WHERE trouble <> 0 GROUP BY trouble),"                                                      \
    " regions AS (SELECT region, sum(n) AS n FROM active GROUP BY region),"                        \
    " gone AS (SELECT m.group_id, count(*) AS n FROM myna.device d"                                \
    "  JOIN myna.group_member m USING (device_id) WHERE d.status <> 'active' GROUP BY 1),"         \
    " groups AS (SELECT m.group_id, m.n - coalesce(gone.n, 0) AS n FROM (SELECT group_id,"         \
    "    count(*) AS n FROM myna.group_member GROUP BY 1) m LEFT JOIN gone USING (group_id)),"     \
    " routes AS (SELECT vendor, model, sum(n) AS n FROM active GROUP BY 1, 2),"

#define PARTS                                                                                      \
    " part AS (SELECT 'states' AS kind, state AS value, n, CASE state"                             \
    "      WHEN 'offline' THEN 'not online and status = active'"                                   \
    "      WHEN 'silent' THEN 'silent and status = active'"                                        \
    "      WHEN 'behind' THEN 'online and behind and not silent and status = active'"              \
    "      WHEN 'online' THEN 'online and not behind and not silent and status = active'"          \
    "      ELSE 'status = ' || state END AS filter FROM states"                                    \
    "  UNION ALL SELECT 'troubles', code, n,"                                                      \
    "      'trouble = ' || code || ' and status = active' FROM troubles"                           \
    "  UNION ALL SELECT 'versions', version, n,"                                                   \
    "      'software = ' || " QUOTED(                                                              \
        "version") " || ' and status = active' FROM versions"                                      \
                   "  UNION ALL SELECT 'regions', region, n,"                                      \
                   "      'region = ' || " QUOTED(                                                 \
                       "region") " || ' and status = active' FROM regions"                         \
                                 "  UNION ALL SELECT 'groups', group_id, n,"                       \
                                 "      'group = ' || group_id || ' and status = active' FROM "    \
                                 "groups WHERE n > 0"                                              \
                                 "  UNION ALL SELECT 'routes', coalesce(vendor || ' / ' || "       \
                                 "model, ''), n,"                                                  \
                                 "      coalesce('vendor = ' || vendor || ' and model = ' "        \
                                 "|| " QUOTED(                                                     \
                                     "model") ","                                                  \
                                              "        'vendor != ' || (SELECT "                   \
                                              "coalesce(string_agg(v.vendor_id, ' and vendor != "  \
                                              "'), 'none')"                                        \
                                              "          FROM myna.vendor v)) || ' and status = "  \
                                              "active' FROM routes),"                              \
                                              " placed AS (SELECT part.*, row_number() OVER "      \
                                              "(PARTITION BY kind ORDER BY n DESC, value)"         \
                                              "    AS place FROM part)"

enum status fleet_parts_read(struct store *store, struct arena *arena, struct span *json,
                             int64_t *robots)
{
    /* more than twenty of a kind are no overview */
    STORE_STATEMENT(read, SEEN KINDS PARTS
                    "SELECT jsonb_build_object('as_of', now(), 'states', '[]'::jsonb,"
                    "    'troubles', '[]'::jsonb, 'versions', '[]'::jsonb, 'regions', '[]'::jsonb, "
                    "'groups', '[]'::jsonb,"
                    "    'routes', '[]'::jsonb)"
                    "  || coalesce((SELECT jsonb_object_agg(kind, items) FROM (SELECT kind,"
                    "      jsonb_agg(jsonb_build_object('value', value, 'devices', n::bigint,"
                    "        'filter', filter) ORDER BY place) AS items"
                    "    FROM placed WHERE place <= 20 GROUP BY kind) k), '{}'),"
                    " (SELECT coalesce(sum(n), 0)::bigint FROM counted)");

    struct document counted; /* its version is the number of robots */
    enum status status = document_read(store, &read, STORE_NO_VALUES, arena, &counted);

    if (status != STATUS_OK)
        return status;
    *json = counted.json;
    *robots = counted.version;
    return STATUS_OK;
}
