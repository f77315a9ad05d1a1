-- What lists show of a robot's effective settings, kept beside it: asking the layers for each robot
-- of a page takes longer than everything else together.

-- Of one generation; whoever finds another in device_link asks the layers. Whatever changes a
-- setting raises the generation in the same transaction, so that equal generations mean equal
-- settings.
CREATE TABLE myna.device_shown (
    device_id           myna.slug PRIMARY KEY REFERENCES myna.device ON DELETE CASCADE,
    generation          bigint NOT NULL,
    route               jsonb,                      -- the first
    report_interval_s   integer                     -- NULL: the default
);

-- A robot's effective setting. By plpgsql, which keeps the plan and makes none where nobody asks.
CREATE FUNCTION myna.device_setting(id text, setting text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT e.value FROM myna.effective_setting e
            WHERE e.device_id = id AND e.name = setting);
END $$;

-- Writes what lies behind, of at most so many, and tells how many these were. Generations and
-- settings are those of one snapshot: what changes meanwhile lies behind again.
CREATE FUNCTION myna.device_show(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids text[] := ARRAY(SELECT l.device_id::text FROM myna.device_link l
                        LEFT JOIN myna.device_shown s USING (device_id)
                        WHERE s.generation IS DISTINCT FROM l.desired_generation LIMIT most);
BEGIN
    INSERT INTO myna.device_shown AS s (device_id, generation, route, report_interval_s)
    SELECT l.device_id, l.desired_generation, r.value -> 0, (i.value #>> '{}')::integer
    FROM myna.device_link l
    LEFT JOIN (SELECT device_id, value FROM myna.effective_setting
               WHERE name = 'routes' AND device_id = ANY (ids)) r USING (device_id)
    LEFT JOIN (SELECT device_id, value FROM myna.effective_setting
               WHERE name = 'report_interval_s' AND device_id = ANY (ids)) i USING (device_id)
    WHERE l.device_id = ANY (ids) ORDER BY l.device_id
    ON CONFLICT (device_id) DO UPDATE SET generation = excluded.generation,
        route = excluded.route, report_interval_s = excluded.report_interval_s;
    RETURN cardinality(ids);
END $$;

-- A device is online while its session lives and it was heard within three of its own heartbeats, as
-- they were when its settings were last looked at: it goes on with the old ones for a while, too.
CREATE OR REPLACE VIEW myna.device_online AS
SELECT l.device_id, coalesce(l.session_hello AND l.ended_session < l.session_number
    AND l.last_seen > now() - make_interval(secs => 3 * coalesce(s.report_interval_s, 60) + 10),
    false) AS online, l.reported_generation < l.desired_generation AS behind
FROM myna.device_link l LEFT JOIN myna.device_shown s USING (device_id);

-- A device as lists and pages show it. A summary of a full disk (attempt 0) stands for as many
-- attempts as it has requests, as in the sums by day and by hour.
CREATE OR REPLACE VIEW myna.device_item AS
SELECT d.device_id, d.version, jsonb_build_object(
    'id', d.device_id, 'name', d.name, 'serial', d.serial, 'region', d.region,
    'labels', d.labels, 'status', d.status, 'created_at', d.created_at,
    'online', coalesce(l.session_hello AND l.ended_session < l.session_number
        AND l.last_seen > now() - make_interval(secs => 3 * coalesce(
            CASE WHEN s.generation = l.desired_generation THEN s.report_interval_s
                 ELSE (myna.device_setting(d.device_id, 'report_interval_s') #>> '{}')::integer END,
            60) + 10), false),
    'last_seen', l.last_seen, 'software', l.software,
    'desired_generation', l.desired_generation, 'reported_generation', l.reported_generation,
    'groups', coalesce((SELECT jsonb_agg(m.group_id ORDER BY m.group_id) FROM myna.group_member m
                        WHERE m.device_id = d.device_id), '[]'),
    'attempts_today', today.attempts, 'cost_today', today.cost,
    'route', CASE WHEN s.generation = l.desired_generation THEN s.route
                  ELSE myna.device_setting(d.device_id, 'routes') -> 0 END) AS item
FROM myna.device d JOIN myna.device_link l USING (device_id)
LEFT JOIN myna.device_shown s USING (device_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(c.attempts), 0) AS attempts,
           coalesce(jsonb_agg(jsonb_build_object('currency', c.currency, 'price', c.price)), '[]')
               AS cost
    FROM (SELECT u.currency, trim_scale(sum(u.price))::text AS price,
                 sum(CASE WHEN u.attempt = 0 THEN greatest(u.requests, 1) ELSE 1 END) AS attempts
          FROM myna.usage u WHERE u.device_id = d.device_id
          AND u.arrived_at >= date_trunc('day', now()) GROUP BY u.currency) c) today;
