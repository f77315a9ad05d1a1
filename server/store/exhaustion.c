#include "server/store/exhaustion.h"

#include "server/store/standing.h"

#define KIND "credit_exhausted"

/* The pools in which robots ask in vain; of a contract's several caps the one that silences most.
 * Robots are found by what they told, of which there are few on most days. */
#define DRY                                                                                        \
    "WITH mute AS MATERIALIZED (SELECT l.device_id, l.journal_id FROM myna.device_link l"          \
    "    JOIN myna.device_online o USING (device_id) JOIN myna.device d USING (device_id)"         \
    "    WHERE l.trouble = 31 AND o.online AND d.status = 'active'),"                              \
    " wish AS (SELECT DISTINCT a.device_id, p.pool_id FROM mute"                                   \
    "    JOIN myna.credit_account a USING (device_id, journal_id)"                                 \
    "    JOIN myna.pool p ON p.pool_id = ANY (a.pools)"                                            \
    "    WHERE NOT a.is_closed AND a.purpose = 0 AND a.wanted > 0"                                 \
    "    AND p.is_active AND p.hard AND NOT p.is_closed AND p.period_to > now()"                   \
    "    AND p.scope <> 'device'"                                                                  \
    "    AND a.wanted > (p.limit_amount - p.spent) * p.scale - p.outstanding),"                    \
    " found AS (SELECT DISTINCT ON (s.subject) s.subject, CASE p.scope WHEN 'group' THEN "         \
    "'warning'"                                                                                    \
    "      ELSE 'critical' END AS severity, jsonb_build_object('source', p.source,"                \
    "      'unit', p.unit, 'limit', trim_scale(p.limit_amount)::text,"                             \
    "      'spent', trim_scale(p.spent)::text,"                                                    \
    "      'held', trim_scale(p.outstanding::numeric / p.scale)::text, 'robots', n.robots)"        \
    "      || CASE WHEN isfinite(p.period_to) THEN jsonb_build_object('until', p.period_to)"       \
    "         ELSE '{}' END AS detail, n.robots"                                                   \
    "    FROM (SELECT pool_id, count(*) AS robots FROM wish GROUP BY pool_id) n"                   \
    "    JOIN myna.pool p USING (pool_id) CROSS JOIN LATERAL (SELECT CASE"                         \
    "      WHEN starts_with(p.source, 'budget:') THEN 'budget/' || substr(p.source, 8)"            \
    "      ELSE 'contract/' || p.subject END AS subject) s"                                        \
    "    ORDER BY s.subject, n.robots DESC, p.pool_id)"

enum status exhaustion_watch(struct store *store, struct arena *arena)
{
    STORE_STATEMENT(find, STANDING_QUERY(KIND, DRY));

    return standing_tell(store, arena, KIND, &find);
}
