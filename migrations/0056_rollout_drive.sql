-- What the driver remembers between two looks.

ALTER TABLE myna.rollout
    ADD COLUMN joined_at timestamptz,               -- late joiners were last looked for
    ADD COLUMN checked_at timestamptz;              -- and those that do not answer
-- How many looks there are is the plan's.
ALTER TABLE myna.rollout_wave DROP COLUMN extended;
-- Since when an opened device could have confirmed; NULL: it is offline.
ALTER TABLE myna.rollout_device ADD COLUMN online_at timestamptz;

-- The devices that a layer of the fleet or a group reaches.
CREATE VIEW myna.rollout_reach AS
SELECT r.rollout_id, d.device_id
FROM myna.rollout r CROSS JOIN myna.device d WHERE r.group_id IS NULL AND d.status = 'active'
UNION ALL
SELECT r.rollout_id, d.device_id
FROM myna.rollout r JOIN myna.group_member m ON m.group_id = r.group_id
JOIN myna.device d ON d.device_id = m.device_id WHERE d.status = 'active';

-- A rollout as lists and pages show it.
CREATE VIEW myna.rollout_counts AS
SELECT rollout_id, wave, grouping(wave) = 1 AS is_total, jsonb_build_object(
    'waiting', count(*) FILTER (WHERE state = 'waiting'),
    'opened', count(*) FILTER (WHERE state = 'opened'),
    'confirmed', count(*) FILTER (WHERE state = 'confirmed'),
    'failed', count(*) FILTER (WHERE state = 'failed'),
    'unreachable', count(*) FILTER (WHERE state = 'unreachable'),
    'reverted', count(*) FILTER (WHERE state = 'reverted'),
    'left', count(*) FILTER (WHERE state = 'left')) AS counts
FROM myna.rollout_device GROUP BY GROUPING SETS ((rollout_id, wave), (rollout_id));

CREATE VIEW myna.rollout_item AS
SELECT r.rollout_id, r.state, r.created_at, r.version, jsonb_build_object(
    'id', r.rollout_id, 'name', r.name, 'layer', r.layer_id, 'group', r.group_id,
    'filter', (SELECT g.filter FROM myna.device_group g WHERE g.group_id = r.group_id),
    'patch', r.patch, 'manifest', r.manifest, 'plan', r.plan, 'reverses', r.reverses,
    'state', r.state, 'step', r.step, 'cause', r.cause, 'reason', r.state_reason,
    'wave', r.wave, 'members', r.members, 'author', r.author, 'created_at', r.created_at,
    'approver', r.approver, 'approved_at', r.approved_at, 'started_at', r.started_at,
    'since', r.step_since, 'ended_at', r.ended_at, 'preflight', r.preflight,
    'preflight_at', r.preflight_at, 'version', r.version, 'as_of', now(),
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
