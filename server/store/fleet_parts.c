#include "server/store/fleet_parts.h"

/* A value as filters take it. */
#define QUOTED(value) "'\"' || replace(replace(" value ", '\\', '\\\\'), '\"', '\\\"') || '\"'"

/* More kinds than these are no overview. */
#define SHOWN "20"

#define PART(name, value, filter)                                                                  \
    "'" name "', (SELECT coalesce(jsonb_agg(jsonb_build_object('value', " value                    \
    ", 'devices', p.n,"                                                                            \
    "  'filter', " filter ") ORDER BY p.n DESC, " value ") FILTER (WHERE p.place <= " SHOWN "),"   \
    "  '[]') FROM " name " p)"

#define COUNTED ", sum(n)::bigint AS n, row_number() OVER (ORDER BY sum(n) DESC) AS place"

enum status fleet_parts_read(struct store *store, struct arena *arena, struct span *json)
{
    /* Robots are counted by kind first, of which there are few, and the kinds added up. Versions
     * are told apart as the filter compares them: by their number where they have one. The first
     * route is the one that lists show, unless that is old or not for talking. */
    STORE_STATEMENT(
        read,
        "WITH seen AS MATERIALIZED (SELECT d.status, d.region, o.online, o.behind, l.software,"
        "    r.route ->> 'vendor' AS vendor, r.route ->> 'model' AS model, count(*) AS n"
        "  FROM myna.device d JOIN myna.device_link l USING (device_id)"
        "  JOIN myna.device_online o USING (device_id)"
        "  LEFT JOIN myna.device_shown s USING (device_id)"
        "  CROSS JOIN LATERAL (SELECT CASE WHEN s.generation = l.desired_generation"
        "      AND coalesce(s.route ->> 'use', 'chat') = 'chat' THEN s.route"
        "    ELSE (SELECT i.item FROM jsonb_array_elements(coalesce("
        "        myna.device_setting(d.device_id, 'routes'), '[]')) WITH ORDINALITY i(item, place)"
        "      WHERE coalesce(i.item ->> 'use', 'chat') = 'chat' ORDER BY i.place LIMIT 1) END"
        "    AS route) r GROUP BY 1, 2, 3, 4, 5, 6, 7),"
        " states AS (SELECT CASE WHEN status <> 'active' THEN status WHEN NOT online"
        "      THEN 'offline' WHEN behind THEN 'behind' ELSE 'online' END AS state" COUNTED
        "  FROM seen GROUP BY 1),"
        " active AS (SELECT s.*, coalesce((regexp_match(s.software,"
        "      '[0-9]{1,9}(?:\\.[0-9]{1,9}){0,3}'))[1], s.software) AS version"
        "  FROM seen s WHERE s.status = 'active'),"
        " versions AS (SELECT min(version) AS version" COUNTED
        "  FROM active GROUP BY coalesce(myna.version_of(version)::text, version)),"
        " regions AS (SELECT region" COUNTED " FROM active GROUP BY region),"
        " groups AS (SELECT m.group_id, count(*) AS n, row_number() OVER (ORDER BY count(*) DESC)"
        "    AS place FROM myna.group_member m JOIN myna.device d USING (device_id)"
        "  WHERE d.status = 'active' GROUP BY m.group_id),"
        " routes AS (SELECT vendor, model" COUNTED " FROM active GROUP BY 1, 2)"
        "SELECT jsonb_build_object('as_of', now(), " PART(
            "states", "p.state",
            "CASE p.state WHEN 'offline' THEN 'not online and status = active'"
            " WHEN 'behind' THEN 'online and behind and status = active'"
            " WHEN 'online' THEN 'online and not behind and status = active'"
            " ELSE 'status = ' || p.state END") ", " PART("versions", "p.version",
                                                          "'software = ' || " QUOTED(
                                                              "p.version") " || ' and status = "
                                                                           "active'") ", " PART("re"
                                                                                                "gi"
                                                                                                "on"
                                                                                                "s",
                                                                                                "p."
                                                                                                "re"
                                                                                                "gi"
                                                                                                "o"
                                                                                                "n",
                                                                                                "'r"
                                                                                                "eg"
                                                                                                "io"
                                                                                                "n "
                                                                                                "= "
                                                                                                "' "
                                                                                                "||"
                                                                                                " " QUOTED(
                                                                                                    "p.region") " || ' and status = active'") ", " PART("groups",
                                                                                                                                                        "p.group_id",
                                                                                                                                                        "'group = ' || p.group_id || ' and status = active'") ", " PART("routes",
                                                                                                                                                                                                                        "coalesce(p.vendor || ' / ' || p.model, '')",
                                                                                                                                                                                                                        "coalesce('vendor = ' || p.vendor || ' and model = ' || " QUOTED(
                                                                                                                                                                                                                            "p.model") ", 'vendor != ' || (SELECT coalesce(string_agg(v.vendor_id, ' and vendor != '), 'none')"
                                                                                                                                                                                                                                       "    FROM myna.vendor v)) || ' and status = active'") ")");

    return store_json(store, &read, STORE_NO_VALUES, arena, json);
}
