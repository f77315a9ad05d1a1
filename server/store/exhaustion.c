#include "server/store/exhaustion.h"

#include "server/store/alarm.h"

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
    " dry AS (SELECT DISTINCT ON (s.subject) s.subject, CASE p.scope WHEN 'group' THEN 'warning'"  \
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

struct watch {
    struct arena *arena;
    struct alarm *alarms;
    size_t raised;
    const char **over;
    size_t cleared;
};

static enum status find(struct store_conn *conn, struct watch *watch)
{
    STORE_STATEMENT(find, DRY " SELECT subject, dry.severity, dry.detail::text"
                              " FROM dry FULL JOIN (SELECT * FROM myna.alert"
                              "   WHERE kind = '" KIND "' AND state <> 'cleared') a USING (subject)"
                              " WHERE dry.subject IS NULL OR a.subject IS NULL"
                              " OR (a.last_at < now() - interval '1 minute'"
                              "     AND a.detail ->> 'robots' <> dry.robots::text)");
    struct result result = {0};
    enum status status = store_exec(conn, &find, STORE_NO_VALUES, &result);
    const size_t count = status == STATUS_OK ? result_count(&result) : 0;

    watch->alarms = arena_take(watch->arena, (count + 1) * sizeof *watch->alarms);
    watch->over = arena_take(watch->arena, (count + 1) * sizeof *watch->over);
    for (size_t i = 0; !arena_failed(watch->arena) && i < count; i++) {
        const char *subject = arena_text(watch->arena, result_span(&result, i, 0));

        if (result_is_null(&result, i, 1))
            watch->over[watch->cleared++] = subject;
        else
            watch->alarms[watch->raised++] =
                (struct alarm){KIND, arena_text(watch->arena, result_span(&result, i, 1)), subject,
                               arena_text(watch->arena, result_span(&result, i, 2))};
    }
    result_release(&result);
    return status == STATUS_OK && arena_failed(watch->arena) ? STATUS_MEMORY : status;
}

static enum status tell(struct store_conn *conn, void *context)
{
    struct watch *watch = context;

    watch->raised = watch->cleared = 0;
    enum status status = find(conn, watch);
    if (status == STATUS_OK)
        status = alarm_raise(conn, watch->arena, watch->alarms, watch->raised);
    if (status == STATUS_OK && watch->cleared > 0)
        status = alarm_clear_all(conn, KIND, watch->over, watch->cleared);
    return status;
}

enum status exhaustion_watch(struct store *store, struct arena *arena)
{
    struct watch watch = {.arena = arena};

    return store_transaction(store, tell, &watch);
}
