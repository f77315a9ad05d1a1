-- Rollouts (design section 6; schema/ROLLOUT.md): one layer's change, given to its devices in waves.
-- Lock order: a rollout's row comes before those of devices, as a layer's row does.

CREATE TABLE myna.rollout (
    rollout_id      myna.slug PRIMARY KEY,
    name            text NOT NULL DEFAULT '',
    layer_id        text NOT NULL,                  -- 'fleet' or 'group:<id>': the layer it changes
    group_id        myna.slug,                      -- of that layer; NULL: the fleet
    -- setting -> value, null removes; or the signed manifest of software
    patch           jsonb CHECK (jsonb_typeof(patch) = 'object'),
    manifest        jsonb,
    plan            jsonb NOT NULL,                 -- complete: its defaults are written out
    reverses        myna.slug REFERENCES myna.rollout,
    state           text NOT NULL DEFAULT 'draft'
                    CHECK (state IN ('draft', 'preflight', 'approval', 'waiting', 'running', 'paused',
                                     'rolling_back', 'rolled_back', 'completed', 'aborted')),
    wave            integer NOT NULL DEFAULT 0,     -- the last one opened
    step            text CHECK (step IN ('publishing', 'confirming', 'soaking', 'judging')),
    cause           text,                           -- of a pause: server/fleet/rollout.c
    state_reason    text NOT NULL DEFAULT '',
    version         integer NOT NULL DEFAULT 1,     -- whoever moves the state compares it
    author          text NOT NULL,                  -- "operator:anna"
    created_at      timestamptz NOT NULL DEFAULT now(),
    approver        text,
    approved_at     timestamptz,
    started_at      timestamptz,
    step_since      timestamptz NOT NULL DEFAULT now(),
    due_at          timestamptz,                    -- when the driver looks again; NULL: never
    ended_at        timestamptz,
    members         integer,                        -- when it started
    before          jsonb,                          -- what the layer said when the patch went in
    preflight       jsonb,
    preflight_at    timestamptz,
    back_rate       integer NOT NULL DEFAULT 0,     -- devices a minute taken back; 0: all at once
    on_red          text NOT NULL DEFAULT 'pause' CHECK (on_red IN ('pause', 'roll_back')),
    has_open        boolean NOT NULL DEFAULT false, -- some device sees the patch
    CHECK ((layer_id = 'fleet') = (group_id IS NULL)),
    CHECK (num_nonnulls(patch, manifest) = 1)
);
CREATE INDEX rollout_due ON myna.rollout (due_at) WHERE due_at IS NOT NULL;
-- What is under way: one for each layer.
CREATE UNIQUE INDEX rollout_layer ON myna.rollout (layer_id)
    WHERE state IN ('running', 'paused', 'rolling_back');
CREATE INDEX rollout_open ON myna.rollout (rollout_id) WHERE has_open;

CREATE TABLE myna.rollout_wave (
    rollout_id      myna.slug NOT NULL REFERENCES myna.rollout ON DELETE CASCADE,
    wave            integer NOT NULL CHECK (wave > 0),
    share           text NOT NULL,                  -- "25%": of all, with the waves before
    is_control      boolean NOT NULL DEFAULT false, -- the last of all: those held back to compare with
    state           text NOT NULL DEFAULT 'planned'
                    CHECK (state IN ('planned', 'open', 'green', 'red', 'undecided', 'forced',
                                     'passed')),
    planned         integer NOT NULL,               -- members as foreseen at the start
    members         integer,                        -- as fixed when it opened, with late joiners
    opened_at       timestamptz,
    tokens_at       timestamptz,                    -- up to when the rate limit's time is used
    published_at    timestamptz,
    confirmed_at    timestamptz,
    soak_until      timestamptz,
    looks           integer NOT NULL DEFAULT 0,
    extended        integer NOT NULL DEFAULT 0,     -- soaks added for want of a verdict
    verdict         jsonb,
    forced_by       text,
    forced_reason   text,
    PRIMARY KEY (rollout_id, wave)
);

CREATE TABLE myna.rollout_device (
    rollout_id      myna.slug NOT NULL REFERENCES myna.rollout ON DELETE CASCADE,
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    wave            integer,                        -- NULL until its wave opens
    is_control      boolean NOT NULL DEFAULT false,
    place           bigint NOT NULL,                -- the hash that orders members
    state           text NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting', 'opened', 'confirmed', 'failed', 'unreachable',
                                     'reverted', 'left')),
    is_open         boolean NOT NULL DEFAULT false, -- it sees the patch
    is_live         boolean NOT NULL DEFAULT true,  -- of a rollout that has not ended
    generation      bigint,                         -- that brought the patch, or took it back
    opened_at       timestamptz,
    settled_at      timestamptz,
    tries           integer NOT NULL DEFAULT 0,
    is_final        boolean NOT NULL DEFAULT false, -- of a failure: another try is no use
    reason          text NOT NULL DEFAULT '',
    PRIMARY KEY (rollout_id, device_id),
    CHECK (is_live OR NOT is_open)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX rollout_device_live ON myna.rollout_device (device_id) WHERE is_live;
CREATE UNIQUE INDEX rollout_device_open ON myna.rollout_device (device_id) WHERE is_open;
CREATE INDEX rollout_device_waiting ON myna.rollout_device (rollout_id, wave, place)
    WHERE state = 'waiting';
CREATE INDEX rollout_device_unsettled ON myna.rollout_device (rollout_id)
    WHERE state IN ('opened', 'unreachable') OR state = 'reverted' AND settled_at IS NULL;

-- The devices that see a patch. Empty, and asked at no price, while no rollout is under way.
CREATE VIEW myna.rollout_sight AS
SELECT o.device_id, r.rollout_id, r.layer_id, r.group_id, r.patch
FROM myna.rollout_device o JOIN myna.rollout r USING (rollout_id)
WHERE o.is_open AND r.has_open AND r.patch IS NOT NULL;

-- What the layers say, and to the devices that a rollout opened its patch, which counts as part of
-- its layer: of the same rank and priority, above what the layer says itself.
CREATE OR REPLACE VIEW myna.layered_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT d.device_id, s.key AS name, s.value, l.layer_id, l.revision, 0 AS rank, 0 AS priority,
           NULL::timestamptz AS group_created, false AS is_patch
    FROM myna.layer l CROSS JOIN LATERAL jsonb_each(l.settings) s CROSS JOIN myna.device d
    WHERE l.layer_id = 'fleet'
      -- a patch that removes a setting leaves what lower layers say of it
      AND NOT ((SELECT EXISTS (SELECT FROM myna.rollout WHERE has_open))
           AND EXISTS (SELECT FROM myna.rollout_sight o WHERE o.device_id = d.device_id
                       AND o.layer_id = l.layer_id AND o.patch -> s.key = 'null'))
    UNION ALL
    SELECT m.device_id, s.key, s.value, l.layer_id, l.revision, 1, g.priority, g.created_at,
           false
    FROM myna.layer l CROSS JOIN LATERAL jsonb_each(l.settings) s
    JOIN myna.device_group g ON g.group_id = l.group_id
    JOIN myna.group_member m ON m.group_id = l.group_id
    WHERE NOT ((SELECT EXISTS (SELECT FROM myna.rollout WHERE has_open))
           AND EXISTS (SELECT FROM myna.rollout_sight o WHERE o.device_id = m.device_id
                       AND o.layer_id = l.layer_id AND o.patch -> s.key = 'null'))
    UNION ALL
    SELECT l.device_id, s.key, s.value, l.layer_id, l.revision, 2, 0, NULL, false
    FROM myna.layer l CROSS JOIN LATERAL jsonb_each(l.settings) s WHERE l.device_id IS NOT NULL
    UNION ALL
    SELECT o.device_id, s.key, s.value, 'rollout:' || o.rollout_id, 1, 0, 0, NULL, true
    FROM myna.rollout_sight o CROSS JOIN LATERAL jsonb_each(o.patch) s
    WHERE o.group_id IS NULL AND s.value <> 'null'
    UNION ALL
    SELECT o.device_id, s.key, s.value, 'rollout:' || o.rollout_id, 1, 1, g.priority, g.created_at,
           true
    FROM myna.rollout_sight o CROSS JOIN LATERAL jsonb_each(o.patch) s
    JOIN myna.group_member m ON m.group_id = o.group_id AND m.device_id = o.device_id
    JOIN myna.device_group g ON g.group_id = o.group_id
    WHERE s.value <> 'null'
) layered
ORDER BY device_id, name, rank DESC, priority DESC, group_created DESC NULLS LAST, is_patch DESC;

-- As before, but that a list of routes may also come from a patch.
CREATE OR REPLACE VIEW myna.effective_setting AS
SELECT DISTINCT ON (device_id, name) device_id, name, value, layer_id, revision
FROM (
    SELECT device_id, name, value, layer_id, revision, -1 AS strictness, 0::bigint AS threshold_id
    FROM myna.layered_setting
    UNION ALL
    SELECT r.device_id, e.name, e.value, 'threshold:' || t.source, 1, e.strictness, t.threshold_id
    FROM myna.enforcement e JOIN myna.threshold t USING (threshold_id)
    JOIN myna.threshold_reach r USING (threshold_id)
    -- asked once, before anything else: nearly always there is nothing
    WHERE EXISTS (SELECT FROM myna.enforcement)
    -- a scalar, so that it is looked up device by device
      AND (e.name NOT IN ('turns_per_minute', 'max_output_tokens')
       OR NOT coalesce((SELECT jsonb_typeof(l.value) = 'number' AND l.value > '0'
                           AND l.value <= e.value
                        FROM myna.layered_setting l
                        WHERE l.device_id = r.device_id AND l.name = e.name), false))
    UNION ALL
    SELECT h.device_id, h.name, h.stands, 'threshold:' || h.source, 1, 0, h.threshold_id
    FROM (
        SELECT l.device_id, l.name, l.value, t.source, t.threshold_id,
               -- a list as everybody has it is looked at once; whoever has standings of its own apart
               CASE WHEN o.ids IS NULL THEN s.stands
                    ELSE myna.routes_as_they_stand(l.value, o.ids) END AS stands
        FROM myna.contract_standing c JOIN myna.threshold t USING (threshold_id)
        JOIN myna.layered_setting l ON l.name = 'routes' AND l.value @> jsonb_build_array(c.match)
         AND CASE t.scope WHEN 'device' THEN l.device_id = t.subject
                  WHEN 'group' THEN EXISTS (SELECT FROM myna.group_member m
                       WHERE m.group_id = t.subject AND m.device_id = l.device_id)
                  ELSE true END
        -- robots are many and their lists few, which OFFSET 0 keeps apart
        JOIN (SELECT value, myna.routes_as_they_stand(value, NULL) AS stands
              FROM (SELECT settings -> 'routes' AS value FROM myna.layer
                    WHERE jsonb_typeof(settings -> 'routes') = 'array'
                    UNION
                    SELECT patch -> 'routes' FROM myna.rollout
                    WHERE has_open AND jsonb_typeof(patch -> 'routes') = 'array') lists OFFSET 0) s
          ON s.value = l.value
        CROSS JOIN LATERAL (SELECT CASE WHEN EXISTS (
                SELECT FROM myna.contract_standing JOIN myna.threshold x USING (threshold_id)
                WHERE x.scope IN ('group', 'device'))
            THEN myna.local_standings(l.device_id) END AS ids) o
        WHERE EXISTS (SELECT FROM myna.contract_standing)) h
    WHERE h.stands <> h.value
) merged
ORDER BY device_id, name, strictness DESC, threshold_id;

-- A step of a rollout, or a look that found nothing to do: wakes the drivers of all instances.
CREATE FUNCTION myna.tell_rollout(id text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('myna_rollouts', ''), myna.tell('rollout', id)
$$;
