-- Rollouts of a vendor's next key: in waves, tried by each robot, behind gates.

-- Instead of a patch or a manifest: the vendor whose next key its robots are given, and the number of
-- the key that they leave, so that a rollout does not outlive that change.
ALTER TABLE myna.rollout
    ADD key_vendor myna.slug,
    ADD key_number integer,
    DROP CONSTRAINT rollout_check1,
    ADD CONSTRAINT rollout_carries CHECK (num_nonnulls(patch, manifest, key_vendor) = 1),
    ADD CHECK ((key_vendor IS NULL) = (key_number IS NULL));

-- A robot that failed its trial of the next key goes on with the old one, whatever its share.
ALTER TABLE myna.vendor_key_device ADD is_kept_back boolean NOT NULL DEFAULT false;

-- Whether a device has the vendor's next key: given to it by a rollout, or by the share that it is
-- among. The share's order is the key's own, so that a growing one keeps whom it has.
CREATE OR REPLACE FUNCTION myna.key_is_next(v myna.vendor, device text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT v.next_key_wrapped IS NOT NULL AND coalesce(
        (SELECT NOT k.is_kept_back FROM myna.vendor_key_device k
         WHERE k.vendor_id = v.vendor_id AND k.device_id = device),
        (hashtextextended(v.vendor_id || '/' || v.key_number || '/' || device, 0)
         & 9223372036854775807) % 10000 < v.next_key_share * 10000)
$$;

-- As before, with the vendor whose key it changes.
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
