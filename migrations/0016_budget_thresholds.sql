-- Budgets have thresholds of their own, which act like a contract's: on the robots that the budget
-- counts.

ALTER TABLE myna.budget ADD COLUMN thresholds jsonb NOT NULL
    DEFAULT '[{"at": "80%", "do": ["alert"]}, {"at": "100%", "do": ["alert"]}]';

-- Whose routes a fired threshold changes: those that hold all of this, {"contract": "dahan-2026"},
-- {"vendor": "dahan"}, or {} for all.
ALTER TABLE myna.contract_standing ADD COLUMN match jsonb;
UPDATE myna.contract_standing SET match = jsonb_build_object('contract', contract_id);
ALTER TABLE myna.contract_standing ALTER COLUMN match SET NOT NULL;

-- Fired thresholds that change the routes of one group or device alone, and reach that device.
CREATE FUNCTION myna.local_standings(device text) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(c.threshold_id ORDER BY c.threshold_id)
    FROM myna.contract_standing c JOIN myna.threshold t USING (threshold_id)
    WHERE t.scope = 'device' AND t.subject = device
       OR t.scope = 'group' AND EXISTS (SELECT FROM myna.group_member m
                                        WHERE m.group_id = t.subject AND m.device_id = device)
$$;

-- A route list as fired thresholds leave it: those for everybody and those of the list local. Routes
-- that others were preferred to come last, those preferred first, else in their order. Nothing is
-- added: a robot falls back only to what it has.
CREATE FUNCTION myna.routes_as_they_stand(routes jsonb, local bigint[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    WITH standing AS (
        SELECT c.match, c.fall_back_to, c.model,
               routes @> jsonb_build_array(c.match) AS is_met,
               routes @> jsonb_build_array(jsonb_build_object('contract', c.fall_back_to)) AS has_other
        FROM myna.contract_standing c JOIN myna.threshold t USING (threshold_id)
        WHERE t.scope NOT IN ('group', 'device') OR c.threshold_id = ANY (local))
    SELECT jsonb_agg(CASE WHEN m.model IS NULL THEN r.item
                          ELSE r.item || jsonb_build_object('model', m.model) END
                     ORDER BY s.is_last, NOT f.is_first, r.place)
    FROM jsonb_array_elements(routes) WITH ORDINALITY AS r(item, place)
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM standing c
        WHERE r.item @> c.match AND r.item ->> 'contract' <> c.fall_back_to AND c.has_other)
        AS is_last) s
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM standing c
        WHERE c.fall_back_to = r.item ->> 'contract' AND c.is_met) AS is_first) f
    CROSS JOIN LATERAL (SELECT min(c.model) AS model FROM standing c
        WHERE r.item @> c.match) m
$$;

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
    SELECT h.device_id, h.name, h.stands, 'threshold:' || h.source, 1, 0, h.threshold_id
    FROM (
        SELECT l.device_id, l.name, l.value, t.source, t.threshold_id,
               -- a list as everybody has it is looked at once; whoever has standings of its own apart
               CASE WHEN o.ids IS NULL THEN s.stands
                    ELSE myna.routes_as_they_stand(l.value, o.ids) END AS stands
        FROM myna.contract_standing c JOIN myna.threshold t USING (threshold_id)
        JOIN myna.layered_setting l ON l.name = 'routes' AND l.value @> jsonb_build_array(c.match)
         AND CASE t.scope WHEN 'device' THEN l.device_id = t.subject
                  WHEN 'group' THEN EXISTS (SELECT FROM myna.group_member m
                       WHERE m.group_id = t.subject AND m.device_id = l.device_id)
                  ELSE true END
        -- robots are many and their lists few, which OFFSET 0 keeps apart
        JOIN (SELECT value, myna.routes_as_they_stand(value, NULL) AS stands
              FROM (SELECT DISTINCT settings -> 'routes' AS value FROM myna.layer
                    WHERE jsonb_typeof(settings -> 'routes') = 'array') lists OFFSET 0) s
          ON s.value = l.value
        CROSS JOIN LATERAL (SELECT CASE WHEN EXISTS (
                SELECT FROM myna.contract_standing JOIN myna.threshold x USING (threshold_id)
                WHERE x.scope IN ('group', 'device'))
            THEN myna.local_standings(l.device_id) END AS ids) o
        WHERE EXISTS (SELECT FROM myna.contract_standing)) h
    WHERE h.stands <> h.value
) merged
ORDER BY device_id, name, strictness DESC, threshold_id;

DROP FUNCTION myna.routes_as_they_stand(jsonb);
ALTER TABLE myna.contract_standing DROP COLUMN contract_id; -- and the key and the index on it
ALTER TABLE myna.contract_standing ADD PRIMARY KEY (threshold_id);
