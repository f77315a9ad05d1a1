-- Drains: robots led away from a vendor at once, by hand, for a maintenance window, or as a drill.

CREATE TABLE myna.vendor_drain (
    drain_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    vendor_id       myna.slug NOT NULL REFERENCES myna.vendor ON DELETE CASCADE,
    kind            text NOT NULL CHECK (kind IN ('emergency', 'maintenance', 'drill')),
    state           text NOT NULL
                    CHECK (state IN ('planned', 'active', 'returning', 'ended', 'cancelled', 'missed')),
    share           numeric CHECK (share > 0 AND share <= 1), -- of a drill; NULL: every robot
    reason          text NOT NULL DEFAULT '',
    from_at         timestamptz NOT NULL DEFAULT now(),
    until_at        timestamptz,                    -- when it returns by itself; NULL: by hand
    author          text NOT NULL,                  -- "operator:anna"
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    return_at       timestamptz,                    -- when the vendor was given back
    returned_by     text,
    ended_at        timestamptz,
    capacity        jsonb,                          -- what was known when it began
    report          jsonb,                          -- how it went, once it is over
    version         integer NOT NULL DEFAULT 1,     -- whoever moves the state compares it
    CHECK ((kind = 'drill') = (share IS NOT NULL)),
    CHECK (until_at > from_at),
    CHECK (kind = 'emergency' OR until_at IS NOT NULL)
);
-- One of a kind at a time; windows may touch, and so are told apart by their job.
CREATE UNIQUE INDEX vendor_drain_once ON myna.vendor_drain (vendor_id, kind)
    WHERE state = 'active' AND kind <> 'maintenance';
CREATE INDEX vendor_drain_live ON myna.vendor_drain (state)
    WHERE state IN ('planned', 'active', 'returning');
CREATE INDEX vendor_drain_vendor ON myna.vendor_drain (vendor_id, drain_id);

-- Whom it led away when it began; of a drill: all that it is about.
CREATE TABLE myna.vendor_drain_device (
    drain_id        bigint NOT NULL REFERENCES myna.vendor_drain ON DELETE CASCADE,
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    is_kept         boolean NOT NULL,               -- for some use it has no other route
    is_led          boolean NOT NULL,               -- its routes changed
    generation      bigint,                         -- that led it away
    moved_at        timestamptz,                    -- when it said that it runs that one
    back_generation bigint,                         -- that led it back
    back_at         timestamptz,
    PRIMARY KEY (drain_id, device_id)
) WITH (fillfactor = 70);
CREATE INDEX vendor_drain_device_device ON myna.vendor_drain_device (device_id);

-- The vendors that a device is led away from; NULL: none.
CREATE FUNCTION myna.drained_vendors(device text) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT array_agg(DISTINCT d.vendor_id::text ORDER BY d.vendor_id::text)
    FROM myna.vendor_drain d
    WHERE d.state = 'active' AND (d.kind <> 'drill' OR EXISTS (SELECT
        FROM myna.vendor_drain_device m WHERE m.drain_id = d.drain_id AND m.device_id = device))
$$;

-- A route list without those of drained vendors, as far as another usable route of the same use
-- remains, in a region; NULL: nothing of it goes. A route is usable as server/bus/state.h says:
-- vendor and contract fit, the contract is in force, no border lies between (invariant I13).
CREATE FUNCTION myna.routes_left(routes jsonb, drained text[], region text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    WITH item AS MATERIALIZED (
        SELECT r.item, r.place, coalesce(r.item ->> 'use', 'chat') AS use,
               coalesce(r.item ->> 'vendor' = ANY (drained), false) AS is_drained
        FROM jsonb_array_elements(routes) WITH ORDINALITY AS r(item, place)),
    usable AS MATERIALIZED (
        SELECT DISTINCT i.use FROM item i
        JOIN myna.vendor v ON v.vendor_id = i.item ->> 'vendor'
        JOIN myna.contract c ON c.contract_id = i.item ->> 'contract' AND c.vendor_id = v.vendor_id
        WHERE NOT i.is_drained AND EXISTS (SELECT FROM myna.contract_version n
                WHERE n.contract_id = c.contract_id AND n.effective_from <= now())
          AND myna.border_flaw(routes_left.region, v, i.item ->> 'model') IS NULL)
    SELECT CASE WHEN bool_or(g.is_gone) THEN jsonb_agg(i.item ORDER BY i.place)
                    FILTER (WHERE NOT g.is_gone) END
    FROM item i CROSS JOIN LATERAL (
        SELECT i.is_drained AND EXISTS (SELECT FROM usable u WHERE u.use = i.use) AS is_gone) g
$$;

-- What layers, rollouts and thresholds say: it was effective_setting until now.
DO $$ BEGIN
    EXECUTE 'CREATE VIEW myna.standing_setting AS '
        || pg_get_viewdef('myna.effective_setting'::regclass);
END $$;

-- The effective configuration: the same, without the routes that drains take out of it.
CREATE OR REPLACE VIEW myna.effective_setting AS
SELECT s.device_id, s.name, coalesce(w.routes, s.value) AS value,
       CASE WHEN w.routes IS NULL THEN s.layer_id ELSE 'drain:' || w.vendor_id END AS layer_id,
       CASE WHEN w.routes IS NULL THEN s.revision ELSE 1 END AS revision
FROM myna.standing_setting s
LEFT JOIN LATERAL (
    SELECT myna.routes_left(s.value, g.vendors, d.region) AS routes,
           (SELECT v FROM unnest(g.vendors) v
            WHERE s.value @> jsonb_build_array(jsonb_build_object('vendor', v)) LIMIT 1) AS vendor_id
    -- OFFSET 0: what follows is computed once for a device, however often it is named
    FROM myna.device d
    CROSS JOIN LATERAL (SELECT myna.drained_vendors(d.device_id) AS vendors OFFSET 0) g
    WHERE d.device_id = s.device_id AND s.name = 'routes' AND jsonb_typeof(s.value) = 'array'
      -- asked once, before anything else: nearly always there is none
      AND (SELECT EXISTS (SELECT FROM myna.vendor_drain WHERE state = 'active'))
      AND g.vendors IS NOT NULL OFFSET 0
) w ON true;

-- What draining a vendor does to the routes of those that have it, beside the drains there are: of
-- these devices (NULL: all). Lists are few, and each is looked at once.
CREATE FUNCTION myna.drain_effect(vendor text, ids text[])
RETURNS TABLE (device_id text, was jsonb, becomes jsonb) LANGUAGE sql STABLE AS $$
    WITH held AS MATERIALIZED (
        SELECT s.device_id::text, s.value, d.region,
               coalesce(myna.drained_vendors(s.device_id), '{}') AS gone
        FROM myna.standing_setting s JOIN myna.device d ON d.device_id = s.device_id
        WHERE s.name = 'routes' AND d.status = 'active'
          AND (ids IS NULL OR s.device_id = ANY (ids))
          AND s.value @> jsonb_build_array(jsonb_build_object('vendor', vendor))),
    list AS MATERIALIZED (
        SELECT l.value, l.region, l.gone,
               coalesce(myna.routes_left(l.value, l.gone, l.region), l.value) AS was,
               coalesce(myna.routes_left(l.value, l.gone || vendor, l.region), l.value) AS becomes
        FROM (SELECT DISTINCT h.value, h.region, h.gone FROM held h) l)
    SELECT h.device_id, l.was, l.becomes
    FROM held h JOIN list l ON l.value = h.value AND l.region = h.region AND l.gone = h.gone
    -- already led away from it by another drain
    WHERE l.was @> jsonb_build_array(jsonb_build_object('vendor', vendor))
$$;

-- A drain as lists and pages show it; how it goes is drain_report's.
CREATE VIEW myna.vendor_drain_item AS
SELECT d.drain_id, d.vendor_id, d.kind, d.state, d.version, jsonb_build_object(
    'id', d.drain_id, 'vendor', d.vendor_id, 'kind', d.kind, 'state', d.state,
    'share', trim_scale(d.share * 100)::text || '%', 'reason', d.reason, 'from', d.from_at,
    'until', d.until_at, 'author', d.author, 'created_at', d.created_at,
    'started_at', d.started_at, 'return_at', d.return_at, 'returned_by', d.returned_by,
    'ended_at', d.ended_at, 'robots', c.led, 'moved', c.moved, 'back', c.back,
    'kept', c.kept, 'kept_first', (SELECT coalesce(jsonb_agg(k.device_id ORDER BY k.device_id), '[]')
        FROM (SELECT m.device_id FROM myna.vendor_drain_device m
              WHERE m.drain_id = d.drain_id AND m.is_kept ORDER BY m.device_id LIMIT 20) k)) AS item
FROM myna.vendor_drain d CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE m.is_led) AS led, count(*) FILTER (WHERE m.is_kept) AS kept,
           count(m.moved_at) AS moved, count(m.back_at) AS back
    FROM myna.vendor_drain_device m WHERE m.drain_id = d.drain_id) c;

-- How a drain went, or goes: how long until robots ran without the vendor and back again, and what
-- those that did were answered meanwhile. A robot has moved when its answer came in; attempts are
-- told by when they began.
CREATE FUNCTION myna.drain_report(drain bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH d AS (SELECT * FROM myna.vendor_drain WHERE drain_id = drain),
    m AS MATERIALIZED (SELECT m.device_id, m.moved_at, m.back_at, m.back_generation,
            extract(epoch FROM m.moved_at - d.started_at) AS moved_s,
            extract(epoch FROM m.back_at - d.return_at) AS back_s
        FROM myna.vendor_drain_device m CROSS JOIN d WHERE m.drain_id = drain AND m.is_led),
    used AS MATERIALIZED (SELECT u.vendor_id = d.vendor_id AS is_old, u.outcome = 5 AS is_failed,
            u.first_token_ms, u.price, u.currency
        FROM d CROSS JOIN m JOIN myna.usage u ON u.device_id = m.device_id
        WHERE u.arrived_at >= d.started_at AND u.at >= m.moved_at
          AND u.at < coalesce(d.return_at, now()) AND u.provenance <> 5 AND u.purpose = 0
          AND u.currency <> '')
    SELECT jsonb_build_object(
        'robots', count(*), 'moved', count(m.moved_at),
        'first_moved_s', round(min(m.moved_s), 3), 'last_moved_s', round(max(m.moved_s), 3),
        'median_moved_s', round((percentile_disc(0.5) WITHIN GROUP (ORDER BY m.moved_s)), 3),
        'not_moved', (SELECT coalesce(jsonb_agg(x.device_id ORDER BY x.device_id), '[]') FROM (
            SELECT m.device_id FROM m WHERE m.moved_at IS NULL ORDER BY 1 LIMIT 20) x),
        'back', count(m.back_at), 'last_back_s', round(max(m.back_s), 3),
        'not_back', (SELECT coalesce(jsonb_agg(x.device_id ORDER BY x.device_id), '[]') FROM (
            SELECT m.device_id FROM m WHERE m.back_generation IS NOT NULL AND m.back_at IS NULL
            ORDER BY 1 LIMIT 20) x),
        'landed', (SELECT jsonb_build_object('attempts', count(*),
                'failed', count(*) FILTER (WHERE u.is_failed),
                'first_token_ms', percentile_disc(0.5) WITHIN GROUP (ORDER BY u.first_token_ms)
                    FILTER (WHERE u.first_token_ms > 0))
            FROM used u WHERE NOT u.is_old),
        'strayed', (SELECT count(*) FROM used u WHERE u.is_old),
        'money', (SELECT coalesce(jsonb_agg(jsonb_build_object('currency', p.currency,
                'price', p.price::text) ORDER BY p.currency), '[]')
            FROM (SELECT u.currency, trim_scale(sum(u.price)) AS price FROM used u
                  WHERE NOT u.is_old GROUP BY u.currency) p))
    FROM m
$$;
