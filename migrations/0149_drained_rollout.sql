-- Whom a trial of a rollout would keep at a drained vendor, or would try without the vendor that it
-- is about: they are opened when that is over. A robot that runs what the drain told it has left the
-- vendor, and a switch to others is how it gets away from it for good. One that was not heard for as
-- long as the plan waits for any holds nobody up.

-- Of a list of routes the first vendor of each use: what a trial asks.
CREATE FUNCTION myna.first_vendors(routes jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT array_agg(f.vendor) FROM (
        SELECT DISTINCT ON (coalesce(r.item ->> 'use', 'chat')) r.item ->> 'vendor' AS vendor
        FROM jsonb_array_elements(CASE jsonb_typeof(routes) WHEN 'array' THEN routes ELSE '[]' END)
             WITH ORDINALITY AS r(item, place)
        ORDER BY coalesce(r.item ->> 'use', 'chat'), r.place) f
$$;

-- Empty, and asked at no price, while no vendor is drained. A robot may stand in it once for each
-- drain.
CREATE VIEW myna.rollout_drained AS
SELECT r.rollout_id, m.device_id, d.vendor_id
FROM myna.vendor_drain d JOIN myna.vendor_drain_device m USING (drain_id)
JOIN myna.device_link l USING (device_id) CROSS JOIN myna.rollout r
WHERE d.state = 'active' AND m.is_led AND (r.plan -> 'confirm' ->> 'test')::boolean
  AND (r.key_vendor = d.vendor_id OR d.vendor_id::text = ANY (myna.first_vendors(r.patch -> 'routes'))
       OR m.moved_at IS NULL AND l.last_seen > now() - make_interval(
          secs => (r.plan ->> 'unreachable_after_s')::double precision));

-- As before, with the drained vendors that robots wait for, of the waves so far.
CREATE OR REPLACE VIEW myna.rollout_item AS
SELECT r.rollout_id, r.state, r.created_at, r.version, jsonb_build_object(
    'id', r.rollout_id, 'name', r.name, 'layer', r.layer_id, 'group', r.group_id,
    'filter', (SELECT g.filter FROM myna.device_group g WHERE g.group_id = r.group_id),
    'patch', r.patch, 'manifest', r.manifest, 'key', r.key_vendor,
    'software', CASE WHEN r.software_kind IS NOT NULL THEN jsonb_build_object('kind', r.software_kind,
        'name', r.software_name, 'version', r.software_version, 'withdrawn', r.is_withdrawal) END,
    'plan', r.plan, 'reverses', r.reverses,
    'state', r.state, 'step', r.step, 'cause', r.cause, 'reason', r.state_reason,
    'wave', r.wave, 'members', r.members, 'author', r.author, 'created_at', r.created_at,
    'approver', r.approver, 'approved_at', r.approved_at, 'started_at', r.started_at,
    'since', r.step_since, 'ended_at', r.ended_at, 'preflight', r.preflight,
    'preflight_at', r.preflight_at, 'version', r.version, 'as_of', now(),
    'drained', (SELECT coalesce(jsonb_agg(jsonb_build_object('vendor', k.vendor_id, 'robots', k.robots)
            ORDER BY k.vendor_id), '[]')
        FROM (SELECT x.vendor_id, count(DISTINCT x.device_id) AS robots FROM myna.rollout_drained x
            JOIN myna.rollout_device o USING (rollout_id, device_id)
            WHERE x.rollout_id = r.rollout_id AND o.is_live AND o.state = 'waiting' AND o.wave <= r.wave
            GROUP BY 1) k),
    'counts', (SELECT c.counts FROM myna.rollout_counts c
        WHERE c.rollout_id = r.rollout_id AND c.is_total),
    'waves', (SELECT coalesce(jsonb_agg(jsonb_build_object('wave', w.wave, 'share', w.share,
            'control', w.is_control, 'state', w.state, 'planned', w.planned,
            'members', w.members, 'opened_at', w.opened_at, 'published_at', w.published_at,
            'confirmed_at', w.confirmed_at, 'look_at', w.soak_until, 'looks', w.looks,
            'verdict', w.verdict, 'forced_by', w.forced_by, 'forced_reason', w.forced_reason,
            'counts', c.counts) ORDER BY w.wave), '[]')
        FROM myna.rollout_wave w LEFT JOIN (SELECT x.wave, x.counts FROM myna.rollout_counts x
            WHERE x.rollout_id = r.rollout_id AND NOT x.is_total) c USING (wave)
        WHERE w.rollout_id = r.rollout_id)) AS item
FROM myna.rollout r;
