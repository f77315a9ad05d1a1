-- Effective settings at the price of what is there: a layer is taken apart once, not once for each
-- device that it reaches, and nobody looks for whom thresholds reach while none holds anything.

CREATE OR REPLACE VIEW myna.layered_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT d.device_id, s.key AS name, s.value, l.layer_id, l.revision, 0 AS rank, 0 AS priority,
           NULL::timestamptz AS group_created
    FROM myna.layer l CROSS JOIN LATERAL jsonb_each(l.settings) s CROSS JOIN myna.device d
    WHERE l.layer_id = 'fleet'
    UNION ALL
    SELECT m.device_id, s.key, s.value, l.layer_id, l.revision, 1, g.priority, g.created_at
    FROM myna.layer l CROSS JOIN LATERAL jsonb_each(l.settings) s
    JOIN myna.device_group g ON g.group_id = l.group_id
    JOIN myna.group_member m ON m.group_id = l.group_id
    UNION ALL
    SELECT l.device_id, s.key, s.value, l.layer_id, l.revision, 2, 0, NULL
    FROM myna.layer l CROSS JOIN LATERAL jsonb_each(l.settings) s WHERE l.device_id IS NOT NULL
) layered
ORDER BY device_id, name, rank DESC, priority DESC, group_created DESC NULLS LAST;

CREATE OR REPLACE VIEW myna.effective_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT device_id, name, value, layer_id, revision, -1 AS strictness, 0::bigint AS threshold_id
    FROM myna.layered_setting
    UNION ALL
    SELECT r.device_id, e.name, e.value, 'threshold:' || t.source, 1, e.strictness, t.threshold_id
    FROM myna.enforcement e JOIN myna.threshold t USING (threshold_id)
    JOIN myna.threshold_reach r USING (threshold_id)
    -- asked once, before anything else: nearly always there is nothing
    WHERE EXISTS (SELECT FROM myna.enforcement)
    -- a scalar, so that it is looked up device by device
      AND (e.name NOT IN ('turns_per_minute', 'max_output_tokens')
       OR NOT coalesce((SELECT jsonb_typeof(l.value) = 'number' AND l.value > '0'
                           AND l.value <= e.value
                        FROM myna.layered_setting l
                        WHERE l.device_id = r.device_id AND l.name = e.name), false))
    UNION ALL
    -- robots are many and their lists few: each list is looked at once, which OFFSET 0 keeps apart
    SELECT l.device_id, l.name, s.stands, 'threshold:' || t.source, 1, 0, t.threshold_id
    FROM myna.contract_standing c JOIN myna.threshold t USING (threshold_id)
    JOIN myna.layered_setting l ON l.name = 'routes'
     AND l.value @> jsonb_build_array(jsonb_build_object('contract', c.contract_id))
    JOIN (SELECT value, myna.routes_as_they_stand(value) AS stands
          FROM (SELECT DISTINCT settings -> 'routes' AS value FROM myna.layer
                WHERE jsonb_typeof(settings -> 'routes') = 'array') lists OFFSET 0) s
      ON s.value = l.value
    WHERE EXISTS (SELECT FROM myna.contract_standing) AND s.stands <> l.value
) merged
ORDER BY device_id, name, strictness DESC, threshold_id;
