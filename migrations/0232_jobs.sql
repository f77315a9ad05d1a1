-- Bulk jobs: the same deed for every robot of a list, which is fixed when the job begins. Each robot is
-- one transaction: the deed, its audit row, and what became of it here; so a server that dies loses and
-- repeats nothing, and any instance goes on where another ended.
CREATE TABLE myna.job (
    job_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    deed            text NOT NULL,
    asked           jsonb NOT NULL,                 -- what the deed takes: {"labels"}, {"group"}, {"reason"}, {"text"}
    which           jsonb NOT NULL,                 -- as it was asked for; who was meant then is in job_device
    state           text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped', 'ended')),
    note            text NOT NULL DEFAULT '',       -- why it stopped by itself
    robots          bigint NOT NULL,
    created_by      text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    author          text NOT NULL,                  -- who began it last: in whose name it acts
    source          text NOT NULL,
    ended_at        timestamptz,
    counts          jsonb,                          -- once it has ended; before that they are counted
    version         bigint NOT NULL DEFAULT 1
);
CREATE INDEX job_running ON myna.job (job_id) WHERE state = 'running';
CREATE INDEX job_ended ON myna.job (ended_at) WHERE state <> 'running';

CREATE TABLE myna.job_device (
    job_id          bigint NOT NULL REFERENCES myna.job ON DELETE CASCADE,
    device_id       myna.slug NOT NULL,
    outcome         text NOT NULL DEFAULT 'waiting'
                    CHECK (outcome IN ('waiting', 'done', 'unchanged', 'failed')),
    reason          text NOT NULL DEFAULT '',
    at              timestamptz,
    PRIMARY KEY (job_id, device_id)
);
CREATE INDEX job_device_outcome ON myna.job_device (job_id, outcome, device_id);

-- Labels with some of them changed; an empty text takes one away.
CREATE FUNCTION myna.labels_with(labels jsonb, changes jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(jsonb_object_agg(l.key, l.value), '{}') FROM jsonb_each(labels || changes) l
    WHERE NOT (changes ? l.key AND l.value = '""')
$$;

-- Whom a job would mean: these, or those of a list (myna.device_page); role: what its groups hold.
CREATE FUNCTION myna.job_targets(ids text[], program jsonb, state text, in_group text, part text,
                                 role text, most bigint)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF ids IS NULL THEN
        RETURN QUERY SELECT * FROM myna.device_page(program, NULL, most, state, in_group, part, role);
    ELSE
        RETURN QUERY SELECT d.device_id::text FROM myna.device d WHERE d.device_id = ANY (ids)
            AND (role IS NULL OR EXISTS (SELECT FROM myna.role r JOIN myna.group_member m
                 ON m.group_id = ANY (r.groups) WHERE r.role_id = role AND m.device_id = d.device_id));
    END IF;
END $$;

-- What a deed would do to each of these: it changes something, it would leave all as it is, or it is
-- refused, since the robot is what its status says.
CREATE FUNCTION myna.job_effects(deed text, asked jsonb, ids text[])
RETURNS TABLE (device_id text, effect text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF deed = 'label' THEN
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN myna.labels_with(d.labels, asked -> 'labels') = d.labels THEN 'unchanged'
            ELSE 'changes' END FROM myna.device d WHERE d.device_id = ANY (ids);
    ELSIF deed IN ('join', 'leave') THEN
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN (m.device_id IS NULL) = (deed = 'join') THEN 'changes' ELSE 'unchanged' END
            FROM myna.device d LEFT JOIN myna.group_member m ON m.device_id = d.device_id
            AND m.group_id = asked ->> 'group' WHERE d.device_id = ANY (ids);
    ELSE
        RETURN QUERY SELECT d.device_id::text, CASE
            WHEN deed = 'revoke' THEN CASE d.status WHEN 'revoked' THEN 'unchanged' ELSE 'changes' END
            WHEN deed = 'retire' THEN CASE d.status WHEN 'retired' THEN 'unchanged' ELSE 'changes' END
            WHEN d.status = 'active' THEN CASE deed WHEN 'release' THEN 'unchanged' ELSE 'changes' END
            WHEN d.status <> 'quarantined' THEN 'refused'
            WHEN deed = 'quarantine' THEN 'unchanged'
            WHEN deed = 'release' THEN 'changes'
            ELSE 'refused' END FROM myna.device d WHERE d.device_id = ANY (ids);
    END IF;
END $$;

CREATE FUNCTION myna.job_counts(id bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('done', count(*) FILTER (WHERE outcome = 'done'),
        'unchanged', count(*) FILTER (WHERE outcome = 'unchanged'),
        'failed', count(*) FILTER (WHERE outcome = 'failed'),
        'waiting', count(*) FILTER (WHERE outcome = 'waiting'))
    FROM myna.job_device WHERE job_id = id
$$;

CREATE VIEW myna.job_item AS
SELECT j.job_id, j.state, j.created_by, j.version, jsonb_build_object('id', j.job_id, 'deed', j.deed,
    'asked', j.asked, 'which', j.which, 'state', j.state, 'note', j.note, 'robots', j.robots,
    'created_by', j.created_by, 'created_at', j.created_at, 'run_by', j.author,
    'ended_at', j.ended_at) || coalesce(j.counts, myna.job_counts(j.job_id)) AS item
FROM myna.job j;
