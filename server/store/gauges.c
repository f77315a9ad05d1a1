#include "server/store/gauges.h"

/* Whom the outbox sends to: dispatch.c. */
#define HEARS                                                                                      \
    " AND l.session_hello AND l.session_number > l.ended_session"                                  \
    " AND d.status IN ('active', 'quarantined')"

enum status gauges_read(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        read,
        "SELECT jsonb_build_object('pools', (SELECT coalesce(jsonb_agg(jsonb_build_object("
        "    'source', p.source, 'unit', p.unit, 'limit', trim_scale(p.limit_amount)::text,"
        "    'spent', trim_scale(p.spent)::text,"
        "    'held', trim_scale(p.outstanding::numeric / p.scale)::text)"
        "    ORDER BY p.source, p.unit), '[]') FROM myna.pool p WHERE p.is_active"
        "    AND NOT p.is_closed AND p.period_to > now() AND p.scope <> 'device'),"
        "  'vendors', (SELECT coalesce(jsonb_agg(jsonb_build_object('vendor', v.vendor_id,"
        "    'attempts', h.attempts, 'failed', h.failed) ORDER BY v.vendor_id), '[]')"
        "    FROM myna.vendor v CROSS JOIN LATERAL (SELECT"
        "      coalesce(sum(o.attempts), 0)::bigint AS attempts,"
        "      coalesce(sum(o.attempts) FILTER (WHERE o.error_class >= 0), 0)::bigint AS failed"
        "      FROM myna.vendor_hour o WHERE o.vendor_id = v.vendor_id"
        "      AND o.hour >= date_trunc('hour', now(), 'UTC') - interval '1 hour') h),"
        "  'owed', jsonb_build_object('config', coalesce((SELECT extract(epoch FROM now() - "
        "l.config_due)"
        "      FROM myna.device_link l JOIN myna.device d USING (device_id)"
        "      WHERE l.reported_generation < l.desired_generation AND NOT l.config_sends > 0"
        "      AND l.config_due <= now()" HEARS " ORDER BY l.config_due LIMIT 1), 0),"
        "    'state', coalesce((SELECT extract(epoch FROM now() - l.state_due)"
        "      FROM myna.device_link l JOIN myna.device d USING (device_id)"
        "      WHERE l.state_due <= now()" HEARS " ORDER BY l.state_due LIMIT 1), 0),"
        "    'command', coalesce((SELECT extract(epoch FROM now() - c.send_due)"
        "      FROM myna.command c JOIN myna.device_link l USING (device_id)"
        "      JOIN myna.device d USING (device_id) WHERE c.send_due <= now()"
        "      AND c.expires_at > now()" HEARS " ORDER BY c.send_due LIMIT 1), 0)))");

    return store_json(store, &read, STORE_NO_VALUES, arena, json);
}
