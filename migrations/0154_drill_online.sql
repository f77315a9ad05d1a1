-- Who of a drain's robots was there when it began: a drill draws those first, and says how many were not,
-- since those cannot answer within its minutes. Of drains before this it is not known.
ALTER TABLE myna.vendor_drain_device ADD was_online boolean;

-- As before, with that.
CREATE OR REPLACE VIEW myna.vendor_drain_item AS
SELECT d.drain_id, d.vendor_id, d.kind, d.state, d.version, jsonb_build_object(
    'id', d.drain_id, 'vendor', d.vendor_id, 'kind', d.kind, 'state', d.state,
    'share', trim_scale(d.share * 100)::text || '%', 'reason', d.reason, 'from', d.from_at,
    'until', d.until_at, 'author', d.author, 'created_at', d.created_at,
    'started_at', d.started_at, 'return_at', d.return_at, 'returned_by', d.returned_by,
    'ended_at', d.ended_at, 'robots', c.led, 'offline', c.offline, 'moved', c.moved, 'back', c.back,
    'kept', c.kept, 'kept_first', (SELECT coalesce(jsonb_agg(k.device_id ORDER BY k.device_id), '[]')
        FROM (SELECT m.device_id FROM myna.vendor_drain_device m
              WHERE m.drain_id = d.drain_id AND m.is_kept ORDER BY m.device_id LIMIT 20) k)) AS item
FROM myna.vendor_drain d CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE m.is_led) AS led, count(*) FILTER (WHERE m.is_kept) AS kept,
           CASE WHEN count(*) FILTER (WHERE m.is_led AND m.was_online IS NULL) = 0
                THEN count(*) FILTER (WHERE m.is_led AND NOT m.was_online) END AS offline,
           count(m.moved_at) AS moved, count(m.back_at) AS back
    FROM myna.vendor_drain_device m WHERE m.drain_id = d.drain_id) c;
