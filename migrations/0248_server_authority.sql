-- Server CAs follow each other as device CAs do (0229), in the same table: robots are told, by their
-- list of keys, which ones may speak for the server, and renew themselves to have the newest. The
-- server's sealing keys are stated by the one in force; a robot that was told of an earlier list
-- goes on being sent the statement of then.
ALTER TABLE myna.device_authority RENAME TO authority;
ALTER TABLE myna.authority
    ADD purpose     text NOT NULL DEFAULT 'device-ca' CHECK (purpose IN ('device-ca', 'server-ca')),
    ADD told_until  integer;            -- the first list that does not say it any more

ALTER TABLE myna.device ADD server_authority bytea; -- the newest it was given; NULL: the first one

ALTER TABLE myna.sealing_key
    ADD signature_before bytea,                     -- by the server CA before
    ADD signed_from      integer NOT NULL DEFAULT 0; -- the first list that has the signature

CREATE OR REPLACE VIEW myna.key_device AS
SELECT d.device_id, k.id, l.keys_told, l.last_seen
FROM myna.device d JOIN myna.device_link l USING (device_id) CROSS JOIN LATERAL (VALUES
    ('sealing-' || encode(myna.pair_key(l.sealed_key_id, d.server_key_id), 'hex')),
    ('device-ca-' || encode(coalesce(d.authority, (SELECT a.id FROM myna.authority a
        WHERE a.purpose = 'device-ca' ORDER BY a.number LIMIT 1)), 'hex')),
    ('server-ca-' || encode(coalesce(d.server_authority, (SELECT a.id FROM myna.authority a
        WHERE a.purpose = 'server-ca' ORDER BY a.number LIMIT 1)), 'hex'))) AS k (id)
WHERE d.status IN ('active', 'quarantined');

CREATE OR REPLACE VIEW myna.key_item AS
WITH newest AS (SELECT key_id, valid_from FROM myna.sealing_key WHERE retired_at IS NULL
                ORDER BY valid_from DESC, key_id LIMIT 1),
     authority AS (SELECT DISTINCT ON (purpose) purpose, number, since FROM myna.authority
                   ORDER BY purpose, number DESC),
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
SELECT k.name, k.since, jsonb_build_object('id', k.name, 'purpose', k.purpose,
    'state', CASE WHEN k.number = n.number THEN 'current' WHEN k.retired_at IS NOT NULL THEN 'retired'
             ELSE 'retiring' END,
    'since', CASE WHEN k.number = n.number THEN k.since ELSE coalesce(k.retired_at, n.since) END,
    'robots', coalesce(u.robots, 0),
    'untold', CASE WHEN k.number = n.number THEN (SELECT robots FROM untold) ELSE 0 END)
FROM (SELECT purpose || '-' || encode(id, 'hex') AS name, * FROM myna.authority) k
JOIN authority n USING (purpose) LEFT JOIN used u ON u.id = k.name
UNION ALL
SELECT m.id, m.since, jsonb_build_object('id', m.id, 'purpose', m.purpose, 'state', 'current',
    'since', m.since, 'robots', 0, 'untold', 0)
FROM myna.data_key d CROSS JOIN LATERAL (VALUES
    ('data', 'data', d.created_at),
    ('master-' || encode(d.master_id, 'hex'), 'master', d.wrapped_at)) AS m (id, purpose, since);
