-- A device as lists and pages show it. A summary of a full disk (attempt 0) stands for as many
-- attempts as it has requests, as in the sums by day and by hour.
CREATE OR REPLACE VIEW myna.device_item AS
SELECT d.device_id, d.version, jsonb_build_object(
    'id', d.device_id, 'name', d.name, 'serial', d.serial, 'region', d.region,
    'labels', d.labels, 'status', d.status, 'created_at', d.created_at,
    'online', (SELECT o.online FROM myna.device_online o WHERE o.device_id = d.device_id),
    'last_seen', l.last_seen, 'software', l.software,
    'desired_generation', l.desired_generation, 'reported_generation', l.reported_generation,
    'groups', coalesce((SELECT jsonb_agg(m.group_id ORDER BY m.group_id) FROM myna.group_member m
                        WHERE m.device_id = d.device_id), '[]'),
    'attempts_today', (SELECT coalesce(sum(CASE WHEN u.attempt = 0
                               THEN greatest(u.requests, 1) ELSE 1 END), 0)
                       FROM myna.usage u WHERE u.device_id = d.device_id
                       AND u.arrived_at >= date_trunc('day', now())),
    'cost_today', (SELECT coalesce(jsonb_agg(jsonb_build_object('currency', c.currency,
                                             'price', c.price::text)), '[]')
                   FROM (SELECT u.currency, trim_scale(sum(u.price)) AS price FROM myna.usage u
                         WHERE u.device_id = d.device_id
                         AND u.arrived_at >= date_trunc('day', now()) GROUP BY u.currency) c),
    'route', (SELECT e.value -> 0 FROM myna.effective_setting e
              WHERE e.device_id = d.device_id AND e.name = 'routes')) AS item
FROM myna.device d JOIN myna.device_link l USING (device_id);
