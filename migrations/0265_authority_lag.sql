-- Robots that have not come to the CA that followed theirs, while theirs counts still.
CREATE VIEW myna.authority_lag AS
SELECT k.device_id, k.id AS key, n.since, k.keys_told >= n.told_from AS is_told
FROM myna.authority a
CROSS JOIN LATERAL (SELECT newer.since, newer.told_from FROM myna.authority newer
    WHERE newer.purpose = a.purpose AND newer.number > a.number ORDER BY newer.number DESC LIMIT 1) n
JOIN myna.key_device k ON k.id = a.purpose || '-' || encode(a.id, 'hex')
WHERE a.retired_at IS NULL;
