#include "server/store/outage.h"

#include "server/store/standing.h"

#define KIND "vendor_failing"

/* Few robots leave anything out, and an index knows them; those that are online are counted only
 * when there are some. */
#define AWAY                                                                                       \
    "WITH away AS MATERIALIZED (SELECT v.vendor_id, count(*) AS robots,"                           \
    "    count(*) FILTER (WHERE myna.trouble_silences(l.trouble)) AS silent"                       \
    "    FROM myna.device_link l JOIN myna.device_online o USING (device_id)"                      \
    "    JOIN myna.device d USING (device_id),"                                                    \
    "    jsonb_array_elements_text(l.left_out) AS e(name)"                                         \
    "    JOIN myna.vendor v ON v.vendor_id = e.name"                                               \
    "    WHERE l.left_out IS NOT NULL AND o.online AND d.status = 'active'"                        \
    "    AND l.last_seen > now() - interval '10 minutes' GROUP BY 1),"                             \
    " fleet AS (SELECT count(*) AS robots FROM myna.device_online o"                               \
    "    JOIN myna.device d USING (device_id)"                                                     \
    "    WHERE o.online AND d.status = 'active' AND EXISTS (SELECT FROM away)),"                   \
    " found AS (SELECT 'vendor/' || a.vendor_id AS subject, CASE WHEN a.silent > 0"                \
    "      THEN 'critical' ELSE 'warning' END AS severity, a.robots,"                              \
    "      jsonb_build_object('robots', a.robots, 'of', f.robots)"                                 \
    "      || CASE WHEN a.silent > 0 THEN jsonb_build_object('silent', a.silent)"                  \
    "         ELSE '{}' END AS detail"                                                             \
    "    FROM away a, fleet f WHERE a.robots >= least(3, f.robots)"                                \
    "    AND a.robots * 50 >= f.robots)"

enum status outage_watch(struct store *store, struct arena *arena)
{
    STORE_STATEMENT(find, STANDING_QUERY(KIND, AWAY));

    return standing_tell(store, arena, KIND, &find);
}
