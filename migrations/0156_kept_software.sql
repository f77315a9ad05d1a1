-- Whoever failed some software keeps what it had. Until now that was what the layer said before,
-- which the robot may have failed as well; and where the layer had said nothing, the robot was told
-- to be without the software, also of what another layer gives it.

ALTER TABLE myna.rollout_device
    ADD kept jsonb;                             -- of one that failed software which its layer has now:
                                                -- the manifest that holds for it instead; null: none

UPDATE myna.rollout_device f SET kept = coalesce(r.before, 'null') FROM myna.rollout r
WHERE r.rollout_id = f.rollout_id AND f.state = 'failed' AND r.state = 'completed'
  AND r.software_kind IS NOT NULL AND NOT r.is_withdrawal;

-- As before but for that: a layer that gave a robot nothing else says nothing to it.
CREATE OR REPLACE VIEW myna.device_software AS
SELECT DISTINCT ON (device_id, kind, name) device_id, kind, name, version, manifest, withdrawn,
       rollout_id, is_open
FROM (
    SELECT d.device_id, s.kind, s.name,
           coalesce((f.kept ->> 'document')::jsonb ->> 'version', s.version) AS version,
           coalesce(f.kept, s.manifest) AS manifest, false AS withdrawn,
           s.rollout_id, false AS is_open, CASE WHEN s.group_id IS NULL THEN 0 ELSE 1 END AS rank,
           coalesce(g.priority, 0) AS priority, g.created_at AS group_created, s.changed_at
    FROM myna.layer_software s CROSS JOIN myna.device d
    LEFT JOIN myna.device_group g ON g.group_id = s.group_id
    LEFT JOIN myna.rollout_device f ON f.rollout_id = s.rollout_id AND f.device_id = d.device_id
         AND f.state = 'failed'
    WHERE (s.group_id IS NULL OR EXISTS (SELECT FROM myna.group_member m
          WHERE m.group_id = s.group_id AND m.device_id = d.device_id))
      AND f.kept IS DISTINCT FROM 'null'
      AND NOT EXISTS (SELECT FROM myna.rollout_device o JOIN myna.rollout r USING (rollout_id)
          WHERE o.device_id = d.device_id AND o.is_open AND r.has_open AND r.is_withdrawal
            AND r.layer_id = s.layer_id AND r.software_kind = s.kind AND r.software_name = s.name)
    UNION ALL
    SELECT o.device_id, r.software_kind, r.software_name, r.software_version, r.manifest,
           r.is_withdrawal, r.rollout_id, true,
           CASE WHEN r.is_withdrawal THEN -1 WHEN r.group_id IS NULL THEN 0 ELSE 1 END,
           coalesce(g.priority, 0), g.created_at, o.opened_at
    FROM myna.rollout_device o JOIN myna.rollout r USING (rollout_id)
    LEFT JOIN myna.device_group g ON g.group_id = r.group_id
    WHERE o.is_open AND r.has_open AND r.software_kind IS NOT NULL
    UNION ALL
    SELECT o.device_id, r.software_kind, r.software_name, r.software_version, r.manifest,
           true, r.rollout_id, false, -1, 0, NULL, o.opened_at
    FROM myna.rollout_device o JOIN myna.rollout r USING (rollout_id)
    WHERE NOT o.is_open AND o.opened_at IS NOT NULL AND r.software_kind IS NOT NULL
      AND CASE WHEN r.is_withdrawal THEN o.state <> 'reverted'
               ELSE o.state IN ('reverted', 'failed', 'waiting') END
) said
ORDER BY device_id, kind, name, rank DESC, priority DESC, group_created DESC NULLS LAST, is_open DESC,
         changed_at DESC;
