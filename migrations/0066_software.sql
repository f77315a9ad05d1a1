-- Software by signed manifests (schema/MANIFEST.md): what layers say of it, and rollouts of it.

-- What a robot said of the software that came to it by manifests: [{kind, name, version, counter,
-- wanted, step, done, reason}].
ALTER TABLE myna.device_link ADD packages jsonb NOT NULL DEFAULT '[]';

-- Of a rollout that carries a manifest: what its document says. The manifest is {document, signature},
-- the document as the text that was signed.
ALTER TABLE myna.rollout
    ADD software_kind text,
    ADD software_name text,
    ADD software_version text,
    ADD is_withdrawal boolean NOT NULL DEFAULT false; -- its robots go back to what they had before it

-- What a rollout that was completed left behind: robots that come later, or anew, get it too.
CREATE TABLE myna.layer_software (
    layer_id        text NOT NULL,
    group_id        myna.slug REFERENCES myna.device_group ON DELETE CASCADE,
    kind            text NOT NULL,
    name            text NOT NULL,
    version         text NOT NULL,
    manifest        jsonb NOT NULL,
    rollout_id      myna.slug NOT NULL,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (layer_id, kind, name),
    CHECK ((layer_id = 'fleet') = (group_id IS NULL))
);
CREATE INDEX layer_software_group ON myna.layer_software (group_id);

-- The robots that a rollout of software took it back from, or that failed at it.
CREATE INDEX rollout_device_taken_back ON myna.rollout_device (device_id)
    WHERE state IN ('reverted', 'failed');

-- What each robot should have of each kind and name: the rollout that it is opened by, else what the
-- layers say, by rank and priority like a setting; and where neither says anything, what is taken back.
-- Robots that failed at a layer's software keep what the layer said before.
CREATE VIEW myna.device_software AS
SELECT DISTINCT ON (device_id, kind, name) device_id, kind, name, version, manifest, withdrawn,
       rollout_id, is_open
FROM (
    SELECT d.device_id, s.kind, s.name, s.version,
           coalesce(CASE WHEN f.device_id IS NOT NULL THEN nullif(fr.before, 'null') END, s.manifest)
               AS manifest,
           f.device_id IS NOT NULL AND nullif(fr.before, 'null') IS NULL AS withdrawn,
           s.rollout_id, false AS is_open, CASE WHEN s.group_id IS NULL THEN 0 ELSE 1 END AS rank,
           coalesce(g.priority, 0) AS priority, g.created_at AS group_created, s.changed_at
    FROM myna.layer_software s CROSS JOIN myna.device d
    LEFT JOIN myna.device_group g ON g.group_id = s.group_id
    LEFT JOIN myna.rollout_device f ON f.rollout_id = s.rollout_id AND f.device_id = d.device_id
         AND f.state = 'failed'
    LEFT JOIN myna.rollout fr ON fr.rollout_id = f.rollout_id
    WHERE s.group_id IS NULL OR EXISTS (SELECT FROM myna.group_member m
          WHERE m.group_id = s.group_id AND m.device_id = d.device_id)
    UNION ALL
    SELECT o.device_id, r.software_kind, r.software_name, r.software_version, r.manifest,
           r.is_withdrawal, r.rollout_id, true, CASE WHEN r.group_id IS NULL THEN 0 ELSE 1 END,
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
               ELSE o.state IN ('reverted', 'failed') END
) said
ORDER BY device_id, kind, name, rank DESC, priority DESC, group_created DESC NULLS LAST, is_open DESC,
         changed_at DESC;

-- Whether what a robot told of its software is what a rollout's manifest, or its withdrawal, brings
-- about. Of one without a manifest: yes.
CREATE FUNCTION myna.has_software(packages jsonb, r myna.rollout) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT r.software_kind IS NULL OR r.is_withdrawal <> EXISTS (
        SELECT FROM jsonb_array_elements(packages) p
        WHERE p ->> 'kind' = r.software_kind AND p ->> 'name' = r.software_name
          AND p ->> 'version' = r.software_version)
$$;

-- As before, with what its manifest is about.
CREATE OR REPLACE VIEW myna.rollout_item AS
SELECT r.rollout_id, r.state, r.created_at, r.version, jsonb_build_object(
    'id', r.rollout_id, 'name', r.name, 'layer', r.layer_id, 'group', r.group_id,
    'filter', (SELECT g.filter FROM myna.device_group g WHERE g.group_id = r.group_id),
    'patch', r.patch, 'manifest', r.manifest,
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
