-- Device CAs follow each other with overlap: which ones there were, and whose certificate each robot
-- has. A robot is told of the current one by its list of keys (0161), and renews itself. The keys are
-- files of the servers.
CREATE TABLE myna.device_authority (
    number      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          bytea NOT NULL UNIQUE CHECK (length(id) = 8),
    since       timestamptz NOT NULL DEFAULT now(),
    told_from   integer NOT NULL,   -- the first list that says it
    retired_at  timestamptz
);

ALTER TABLE myna.device ADD authority bytea; -- NULL: the first one, from before it was written down

CREATE OR REPLACE VIEW myna.key_device AS
SELECT d.device_id, 'sealing-' || encode(myna.pair_key(l.sealed_key_id, d.server_key_id), 'hex') AS id,
       l.keys_told, l.last_seen
FROM myna.device d JOIN myna.device_link l USING (device_id)
WHERE d.status IN ('active', 'quarantined')
UNION ALL
SELECT d.device_id, 'device-ca-' || encode(coalesce(d.authority,
           (SELECT a.id FROM myna.device_authority a ORDER BY a.number LIMIT 1)), 'hex'),
       l.keys_told, l.last_seen
FROM myna.device d JOIN myna.device_link l USING (device_id)
WHERE d.status IN ('active', 'quarantined');

CREATE OR REPLACE VIEW myna.key_item AS
WITH newest AS (SELECT key_id, valid_from FROM myna.sealing_key WHERE retired_at IS NULL
                ORDER BY valid_from DESC, key_id LIMIT 1),
     authority AS (SELECT number, since FROM myna.device_authority ORDER BY number DESC LIMIT 1),
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
SELECT k.name, k.since, jsonb_build_object('id', k.name, 'purpose', 'device-ca',
    'state', CASE WHEN k.number = n.number THEN 'current' WHEN k.retired_at IS NOT NULL THEN 'retired'
             ELSE 'retiring' END,
    'since', CASE WHEN k.number = n.number THEN k.since ELSE coalesce(k.retired_at, n.since) END,
    'robots', coalesce(u.robots, 0),
    'untold', CASE WHEN k.number = n.number THEN (SELECT robots FROM untold) ELSE 0 END)
FROM (SELECT 'device-ca-' || encode(id, 'hex') AS name, * FROM myna.device_authority) k
CROSS JOIN authority n LEFT JOIN used u ON u.id = k.name
UNION ALL
SELECT m.id, m.since, jsonb_build_object('id', m.id, 'purpose', m.purpose, 'state', 'current',
    'since', m.since, 'robots', 0, 'untold', 0)
FROM myna.data_key d CROSS JOIN LATERAL (VALUES
    ('data', 'data', d.created_at),
    ('master-' || encode(d.master_id, 'hex'), 'master', d.wrapped_at)) AS m (id, purpose, since);
