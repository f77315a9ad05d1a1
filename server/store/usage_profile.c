#include "server/store/usage_profile.h"

enum status usage_profile_read(struct store *store, int64_t days, struct arena *arena,
                               struct span *json)
{
    /* 5: not_sent. Days are the contract's, and so are their beginnings; what began in them cannot
     * have arrived before. */
    STORE_STATEMENT(
        read,
        "WITH zones AS (SELECT contract_id, zone, (now() AT TIME ZONE zone)::date AS today"
        "   FROM myna.contract),"
        " range AS (SELECT date_trunc('day', now()) - make_interval(days => $1::int - 1) AS"
        "   first),"
        " used AS MATERIALIZED (SELECT u.device_id, u.model, u.cache_write_5m, u.cache_write_1h,"
        "   u.audio_in_ms, u.audio_out_chars, u.images, u.video_ms, u.requests,"
        "   u.contract_id, (u.at AT TIME ZONE coalesce(c.zone, 'UTC'))::date AS day,"
        "   coalesce(s.input_uncached, u.input_uncached) AS input_uncached,"
        "   coalesce(s.input_cached, u.input_cached) AS input_cached,"
        "   coalesce(s.output, u.output) AS output, coalesce(s.reasoning, u.reasoning) AS reasoning"
        "   FROM range CROSS JOIN myna.usage u LEFT JOIN zones c USING (contract_id)"
        "   LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"
        "   WHERE u.arrived_at >= range.first - interval '1 day' AND u.provenance <> 5"
        "   AND u.at >= coalesce((c.today - $1::int + 1)::timestamp AT TIME ZONE c.zone,"
        "     range.first) AND u.device_id <> ''),"
        " until AS (SELECT coalesce((SELECT max(today) FROM zones"
        "   WHERE contract_id IN (SELECT contract_id FROM used)), now()::date) AS today),"
        " active AS (SELECT count(*) AS device_days, count(DISTINCT device_id) AS devices"
        "   FROM (SELECT DISTINCT device_id, day FROM used) d),"
        " sums AS (SELECT model, m.metric, sum(m.quantity) AS quantity FROM used CROSS JOIN LATERAL"
        "   (VALUES ('input_uncached', input_uncached), ('input_cached', input_cached),"
        "   ('cache_write_5m', cache_write_5m), ('cache_write_1h', cache_write_1h),"
        "   ('output', output), ('reasoning', reasoning), ('audio_in_ms', audio_in_ms),"
        "   ('audio_out_chars', audio_out_chars), ('images', images), ('video_ms', video_ms),"
        "   ('requests', requests)) AS m(metric, quantity) WHERE m.quantity > 0 GROUP BY 1, 2),"
        " models AS (SELECT model, jsonb_object_agg(metric,"
        "   trim_scale(round(quantity / device_days, 6))::text) AS means"
        "   FROM sums CROSS JOIN active GROUP BY model)"
        "SELECT jsonb_build_object('from', until.today - $1::int + 1, 'to', until.today,"
        "  'days', $1::int, 'devices', active.devices, 'device_days', active.device_days,"
        "  'profile', jsonb_build_object('per', 'day', 'models',"
        "  coalesce((SELECT jsonb_object_agg(model, means) FROM models), '{}')))"
        " FROM until CROSS JOIN active");

    return store_json(store, &read, STORE_VALUES(value_int(days)), arena, json);
}
