-- The calendar of blackouts: spans of time in which no rollout opens anybody, whoever wrote its plan
-- (schema/ROLLOUT.md). And what a rollout that opens nobody waits for: until when, and why.
CREATE TABLE myna.blackout (
    blackout_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL CHECK (until_at > from_at),
    reason text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON myna.blackout (until_at);

ALTER TABLE myna.rollout ADD held_until timestamptz, ADD held_by text CHECK (held_by IN ('window', 'blackout'));

-- Those that are not over, the next ones first, as a plan names its own.
CREATE FUNCTION myna.calendar() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('from', b.from_at, 'to', b.until_at) ORDER BY b.from_at), '[]')
    FROM (SELECT * FROM myna.blackout WHERE until_at > now() ORDER BY from_at, blackout_id LIMIT 64) b
$$;

-- As before, with what it waits for.
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
            'verdict', w.verdict, 'forced_by', w.forced_by, 'forced_reason', w.forced_reason,
            'counts', c.counts) ORDER BY w.wave), '[]')
        FROM myna.rollout_wave w LEFT JOIN (SELECT x.wave, x.counts FROM myna.rollout_counts x
            WHERE x.rollout_id = r.rollout_id AND NOT x.is_total) c USING (wave)
        WHERE w.rollout_id = r.rollout_id)) AS item
FROM myna.rollout r;

-- A revision is what it was. Erasing a robot, or its owner's traces, deletes; nothing changes one.
CREATE FUNCTION myna.keep_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'revision % of layer % is kept as it was', OLD.revision, OLD.layer_id
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_revision BEFORE UPDATE ON myna.layer_revision
    FOR EACH ROW EXECUTE FUNCTION myna.keep_revision();
