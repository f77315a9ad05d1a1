-- Which key of a vendor each robot may hold while a next one is on its way, told once for the figures
-- and for the list of robots. Nobody stands here while there is no next key.
--
-- waiting: it was not given the next key; kept_back: it failed a rollout's trial of it, and goes on
-- with the old one; behind: the next key was given to it, and it has not said that it runs with it;
-- carried: it has, or came here since and was never given the old one.
CREATE VIEW myna.key_holder AS
SELECT v.vendor_id, d.device_id, d.name, l.last_seen, k.generation, l.reported_generation,
    CASE WHEN k.is_kept_back THEN 'kept_back'
        WHEN k.device_id IS NOT NULL THEN
            CASE WHEN l.reported_generation >= k.generation THEN 'carried' ELSE 'behind' END
        WHEN myna.key_is_next(v, d.device_id) THEN 'carried' ELSE 'waiting' END AS state
FROM myna.vendor v CROSS JOIN myna.device d JOIN myna.device_link l USING (device_id)
LEFT JOIN myna.vendor_key_device k ON k.vendor_id = v.vendor_id AND k.device_id = d.device_id
WHERE v.next_key_wrapped IS NOT NULL AND d.status IN ('active', 'quarantined');
