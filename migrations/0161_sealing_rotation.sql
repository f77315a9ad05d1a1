-- Server's sealing keys follow each other with overlap. Robots are told of a change of the list by a
-- new generation, some at a time: which list a robot was told is kept, so that the same generation
-- is always made of the same keys. That a robot has a key it proves by sealing with it.
ALTER TABLE myna.sealing_key
    ADD told_from   integer NOT NULL DEFAULT 1,     -- the first list that names it
    ADD told_until  integer;                        -- the first one that does not any more

CREATE TABLE myna.key_list (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    number      integer NOT NULL DEFAULT 1,         -- of the list as it is now
    since       timestamptz NOT NULL DEFAULT now(),
    per_minute  integer NOT NULL DEFAULT 1000,      -- so many robots are told of it
    stepped_at  timestamptz NOT NULL DEFAULT now(),
    is_settled  boolean NOT NULL DEFAULT true       -- nobody is to be told, nothing to be moved
);
INSERT INTO myna.key_list DEFAULT VALUES;

CREATE FUNCTION myna.key_list_now() RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT number FROM myna.key_list
$$;

ALTER TABLE myna.device_link
    ADD keys_told       integer NOT NULL DEFAULT 1,
    ADD sealed_key_id   bytea;                      -- the server key of its newest message; NULL: none
ALTER TABLE myna.device_link ALTER keys_told SET DEFAULT myna.key_list_now();

-- The key that a robot and its server speak by: the last one that the robot itself used, or while
-- that says nothing the one that it was given at enrolment or renewal.
CREATE FUNCTION myna.pair_key(sealed bytea, given bytea) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT k.key_id FROM myna.sealing_key k
                     WHERE k.key_id = sealed AND k.retired_at IS NULL), given)
$$;

-- A robot that made itself new keys used the server's key of before with others.
CREATE FUNCTION myna.forget_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE myna.device_link SET sealed_key_id = NULL
    WHERE device_id = NEW.device_id AND sealed_key_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER device_new_keys AFTER UPDATE OF sealing_public ON myna.device FOR EACH ROW
    WHEN (OLD.sealing_public <> NEW.sealing_public) EXECUTE FUNCTION myna.forget_sealed();

-- Robots by the key they depend on.
CREATE VIEW myna.key_device AS
SELECT d.device_id, 'sealing-' || encode(myna.pair_key(l.sealed_key_id, d.server_key_id), 'hex') AS id,
       l.keys_told, l.last_seen
FROM myna.device d JOIN myna.device_link l USING (device_id)
WHERE d.status IN ('active', 'quarantined');

-- Every key as people see it: how many robots depend on it, and how many are not told yet. No robot
-- depends on the master key or the data key.
CREATE VIEW myna.key_item AS
WITH newest AS (SELECT key_id, valid_from FROM myna.sealing_key WHERE retired_at IS NULL
                ORDER BY valid_from DESC, key_id LIMIT 1),
     used AS MATERIALIZED (SELECT d.id, count(*) AS robots FROM myna.key_device d GROUP BY d.id),
     untold AS MATERIALIZED (SELECT count(*) AS robots FROM myna.device d
         JOIN myna.device_link l USING (device_id) JOIN myna.key_list t ON l.keys_told < t.number
         WHERE d.status IN ('active', 'quarantined'))
SELECT k.id, k.valid_from AS created_at, jsonb_build_object('id', k.id, 'purpose', 'sealing',
    'state', CASE WHEN k.retired_at IS NOT NULL THEN 'retired' WHEN k.key_id = n.key_id THEN 'current'
             ELSE 'retiring' END,
    'since', coalesce(k.retired_at,
             CASE WHEN k.key_id = n.key_id THEN k.valid_from ELSE n.valid_from END),
    'robots', coalesce(u.robots, 0),
    'untold', CASE WHEN k.key_id = n.key_id THEN (SELECT robots FROM untold) ELSE 0 END) AS item
FROM (SELECT 'sealing-' || encode(key_id, 'hex') AS id, * FROM myna.sealing_key) k
CROSS JOIN newest n LEFT JOIN used u ON u.id = k.id
UNION ALL
SELECT m.id, m.since, jsonb_build_object('id', m.id, 'purpose', m.purpose, 'state', 'current',
    'since', m.since, 'robots', 0, 'untold', 0)
FROM myna.data_key d CROSS JOIN LATERAL (VALUES
    ('data', 'data', d.created_at),
    ('master-' || encode(d.master_id, 'hex'), 'master', d.wrapped_at)) AS m (id, purpose, since);
