-- As before, but that the layers are asked once for both settings, and a list of routes is led away
-- from drained vendors once for all who have it (server/store/routes.c).
CREATE OR REPLACE FUNCTION myna.device_show(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids text[] := ARRAY(SELECT l.device_id::text FROM myna.device_link l
                        LEFT JOIN myna.device_shown s USING (device_id)
                        WHERE s.generation IS DISTINCT FROM l.desired_generation LIMIT most);
BEGIN
    WITH own AS MATERIALIZED (
        SELECT e.device_id, d.region,
               (array_agg(e.value) FILTER (WHERE e.name = 'routes'))[1] AS routes,
               (array_agg(e.value) FILTER (WHERE e.name = 'report_interval_s'))[1] AS interval_s
        FROM myna.standing_setting e JOIN myna.device d ON d.device_id = e.device_id
        WHERE e.name IN ('routes', 'report_interval_s') AND e.device_id = ANY (ids)
        GROUP BY e.device_id, d.region),
    held AS MATERIALIZED (
        SELECT o.*, CASE
            WHEN jsonb_typeof(o.routes) <> 'array' THEN '{}'
            WHEN (SELECT EXISTS (SELECT FROM myna.vendor_drain
                                 WHERE state = 'active' AND kind = 'drill'))
            THEN coalesce(myna.drained_vendors(o.device_id), '{}')
            ELSE (SELECT coalesce(array_agg(DISTINCT vendor_id::text ORDER BY vendor_id::text), '{}')
                  FROM myna.vendor_drain WHERE state = 'active') END AS drained
        FROM own o),
    list AS MATERIALIZED (
        SELECT h.*, coalesce(myna.routes_left(h.routes, h.drained, h.region), h.routes) AS remaining
        FROM (SELECT DISTINCT routes, region, drained FROM held WHERE drained <> '{}' OFFSET 0) h)
    INSERT INTO myna.device_shown AS s (device_id, generation, route, report_interval_s)
    SELECT l.device_id, l.desired_generation, coalesce(i.remaining, h.routes) -> 0,
           (h.interval_s #>> '{}')::integer
    FROM myna.device_link l LEFT JOIN held h ON h.device_id = l.device_id
    LEFT JOIN list i ON i.routes = h.routes AND i.region = h.region AND i.drained = h.drained
    WHERE l.device_id = ANY (ids) ORDER BY l.device_id
    ON CONFLICT (device_id) DO UPDATE SET generation = excluded.generation,
        route = excluded.route, report_interval_s = excluded.report_interval_s;
    RETURN cardinality(ids);
END $$;
