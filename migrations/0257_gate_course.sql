-- How the numbers of a wave's gate went over its looks: what each metric was with and without the change,
-- the newest 48 looks.
ALTER TABLE myna.rollout_wave ADD COLUMN course jsonb NOT NULL DEFAULT '[]';

-- As before, with it.
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
    'approver', r.approver, 'approved_at', r.approved_at,
    'asked', r.asked, 'approved', r.approved, 'started_at', r.started_at,
    'since', r.step_since, 'ended_at', r.ended_at, 'preflight', r.preflight,
    'preflight_at', r.preflight_at, 'version', r.version, 'as_of', now(),
    'held', CASE WHEN r.state = 'running' AND r.held_until > now() THEN jsonb_build_object(
        'until', r.held_until, 'by', r.held_by, 'reason', CASE WHEN r.held_by = 'blackout' THEN
            (SELECT b.reason FROM myna.blackout b WHERE b.from_at <= now() AND b.until_at >= r.held_until
             ORDER BY b.until_at, b.blackout_id LIMIT 1) END) END,
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
            'verdict', w.verdict, 'course', w.course, 'forced_by', w.forced_by, 'forced_reason', w.forced_reason,
            'counts', c.counts) ORDER BY w.wave), '[]')
        FROM myna.rollout_wave w LEFT JOIN (SELECT x.wave, x.counts FROM myna.rollout_counts x
            WHERE x.rollout_id = r.rollout_id AND NOT x.is_total) c USING (wave)
        WHERE w.rollout_id = r.rollout_id)) AS item
FROM myna.rollout r;
