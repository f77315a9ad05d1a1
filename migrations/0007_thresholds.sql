-- Thresholds: how each stands, and what those that have fired hold robots to.

CREATE TABLE myna.threshold (
    threshold_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          text NOT NULL UNIQUE,           -- "contract:dahan-2026:spend-80", "budget:b1:80%"
    -- whose robots its actions reach
    scope           text NOT NULL CHECK (scope IN ('fleet', 'group', 'device', 'vendor', 'contract')),
    subject         text NOT NULL DEFAULT '',
    rule            jsonb NOT NULL,                 -- what it says, for people: of, at, do, shadow
    state           text NOT NULL DEFAULT 'armed' CHECK (state IN ('armed', 'fired', 'waived')),
    period_from     timestamptz NOT NULL,
    fired_limit     numeric,                        -- that it fired at
    fired_at        timestamptz,
    -- as seen last, for people: value, limit, share, forecast
    seen            jsonb NOT NULL DEFAULT '{}',
    seen_at         timestamptz NOT NULL DEFAULT now(),
    revision        integer NOT NULL DEFAULT 1      -- whoever moves the state compares it
);

-- Settings that a fired threshold holds its robots to, above all layers.
CREATE TABLE myna.enforcement (
    threshold_id    bigint NOT NULL REFERENCES myna.threshold ON DELETE CASCADE,
    name            text NOT NULL,
    value           jsonb NOT NULL,
    strictness      integer NOT NULL,               -- of several thresholds, the highest holds
    PRIMARY KEY (threshold_id, name)
);

-- What a fired threshold does to the routes of a contract.
CREATE TABLE myna.contract_standing (
    threshold_id    bigint NOT NULL REFERENCES myna.threshold ON DELETE CASCADE,
    contract_id     text NOT NULL,
    fall_back_to    text,                           -- whose routes come first; this one's come last
    model           text,                           -- asked instead of the routes' own
    PRIMARY KEY (threshold_id, contract_id),
    CHECK (fall_back_to IS NOT NULL OR model IS NOT NULL)
);
CREATE INDEX contract_standing_contract ON myna.contract_standing (contract_id);

-- A route list as fired thresholds leave it: routes of a contract that others were preferred to come
-- last, those preferred first, else in their order. Nothing is added: a robot falls back only to
-- what it has.
CREATE FUNCTION myna.routes_as_they_stand(routes jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(CASE WHEN m.model IS NULL THEN r.item
                          ELSE r.item || jsonb_build_object('model', m.model) END
                     ORDER BY s.is_last, NOT f.is_first, r.place)
    FROM jsonb_array_elements(routes) WITH ORDINALITY AS r(item, place)
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM myna.contract_standing c
        WHERE c.contract_id = r.item ->> 'contract' AND c.fall_back_to IS NOT NULL
          AND routes @> jsonb_build_array(jsonb_build_object('contract', c.fall_back_to)))
        AS is_last) s
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM myna.contract_standing c
        WHERE c.fall_back_to = r.item ->> 'contract'
          AND routes @> jsonb_build_array(jsonb_build_object('contract', c.contract_id)))
        AS is_first) f
    CROSS JOIN LATERAL (SELECT min(c.model) AS model FROM myna.contract_standing c
        WHERE c.contract_id = r.item ->> 'contract') m
$$;

-- What the layers alone say; it was effective_setting until now.
CREATE VIEW myna.layered_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT device_id, s.key AS name, s.value, layer_id, revision, rank, priority, group_created
    FROM (
        SELECT d.device_id, l.layer_id, l.revision, l.settings, 0 AS rank, 0 AS priority,
               NULL::timestamptz AS group_created
        FROM myna.device d CROSS JOIN myna.layer l WHERE l.layer_id = 'fleet'
        UNION ALL
        SELECT m.device_id, l.layer_id, l.revision, l.settings, 1, g.priority, g.created_at
        FROM myna.group_member m JOIN myna.device_group g USING (group_id)
        JOIN myna.layer l ON l.group_id = m.group_id
        UNION ALL
        SELECT l.device_id, l.layer_id, l.revision, l.settings, 2, 0, NULL
        FROM myna.layer l WHERE l.device_id IS NOT NULL
    ) reaching CROSS JOIN LATERAL jsonb_each(reaching.settings) s
) layered
ORDER BY device_id, name, rank DESC, priority DESC, group_created DESC NULLS LAST;

-- The devices that a threshold's actions reach. Each scope is joined apart, so that few devices are
-- found by index.
CREATE VIEW myna.threshold_reach AS
SELECT t.threshold_id, d.device_id
FROM myna.threshold t CROSS JOIN myna.device d WHERE t.scope = 'fleet'
UNION ALL
SELECT t.threshold_id, d.device_id
FROM myna.threshold t JOIN myna.device d ON d.device_id = t.subject WHERE t.scope = 'device'
UNION ALL
SELECT t.threshold_id, m.device_id
FROM myna.threshold t JOIN myna.group_member m ON m.group_id = t.subject WHERE t.scope = 'group'
UNION ALL
SELECT t.threshold_id, r.device_id
FROM myna.threshold t JOIN myna.layered_setting r ON r.name = 'routes'
 AND r.value @> jsonb_build_array(jsonb_build_object(t.scope, t.subject))
WHERE t.scope IN ('vendor', 'contract');

-- The effective configuration: the layers, and above them what fired thresholds hold robots to,
-- unless a layer is stricter already. The only place that merges.
CREATE OR REPLACE VIEW myna.effective_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT device_id, name, value, layer_id, revision, -1 AS strictness, 0::bigint AS threshold_id
    FROM myna.layered_setting
    UNION ALL
    SELECT r.device_id, e.name, e.value, 'threshold:' || t.source, 1, e.strictness, t.threshold_id
    FROM myna.enforcement e JOIN myna.threshold t USING (threshold_id)
    JOIN myna.threshold_reach r USING (threshold_id)
    -- a scalar, so that it is looked up device by device
    WHERE e.name NOT IN ('turns_per_minute', 'max_output_tokens')
       OR NOT coalesce((SELECT jsonb_typeof(l.value) = 'number' AND l.value > '0'
                           AND l.value <= e.value
                        FROM myna.layered_setting l
                        WHERE l.device_id = r.device_id AND l.name = e.name), false)
    UNION ALL
    SELECT l.device_id, l.name, myna.routes_as_they_stand(l.value), 'threshold:' || t.source, 1, 0,
           t.threshold_id
    FROM myna.contract_standing c JOIN myna.threshold t USING (threshold_id)
    JOIN myna.layered_setting l ON l.name = 'routes'
     AND l.value @> jsonb_build_array(jsonb_build_object('contract', c.contract_id))
    WHERE myna.routes_as_they_stand(l.value) <> l.value
) merged
ORDER BY device_id, name, strictness DESC, threshold_id;
