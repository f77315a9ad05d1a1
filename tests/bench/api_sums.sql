-- api_sums.sql - the sums by day of what api_fill wrote, and whether all of it agrees
\set ON_ERROR_STOP 1
SET synchronous_commit = off;
SET work_mem = '256MB';
SET search_path = pg_catalog;
SET TIME ZONE 'UTC';

INSERT INTO myna.usage_day AS d (contract_id, day, vendor_id, model, currency, attempts, failed,
    requests, input_uncached, output, price)
SELECT h.contract_id, (h.hour AT TIME ZONE c.zone)::date, h.vendor_id, h.model, h.currency,
    sum(attempts), sum(failed), sum(requests), sum(input_uncached), sum(output), sum(price)
FROM (SELECT contract_id, hour, vendor_id, model, currency, sum(attempts) AS attempts,
             sum(failed) AS failed, sum(requests) AS requests,
             sum(input_uncached) AS input_uncached, sum(output) AS output, sum(price) AS price
      FROM myna.usage_hour WHERE device_id LIKE 'bench-%' GROUP BY 1, 2, 3, 4, 5) h
JOIN myna.contract c USING (contract_id) GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (contract_id, day, vendor_id, model) DO UPDATE SET
    attempts = d.attempts + excluded.attempts, failed = d.failed + excluded.failed,
    requests = d.requests + excluded.requests,
    input_uncached = d.input_uncached + excluded.input_uncached,
    output = d.output + excluded.output, price = d.price + excluded.price;

SELECT myna.device_use_make();

UPDATE myna.usage_cursor SET done = base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint;

SELECT set_config('bench.records', :'records', false);
DO $$
DECLARE
    ends timestamptz := date_trunc('day', now()) - interval '7 days';
    sums record;
    raw record;
BEGIN
    SELECT sum(attempts) AS attempts, sum(output) AS output, sum(price) AS price INTO sums
    FROM myna.usage_hour WHERE hour >= ends - interval '1 day' AND hour < ends;
    SELECT count(*) AS attempts, sum(output) AS output, sum(price) AS price INTO raw
    FROM myna.usage WHERE arrived_at >= ends - interval '1 day' AND arrived_at < ends;
    IF (sums.attempts, sums.output, sums.price) IS DISTINCT FROM (raw.attempts, raw.output, raw.price)
        OR (SELECT sum(attempts) FROM myna.usage_day) < current_setting('bench.records')::bigint
    THEN
        RAISE EXCEPTION 'the books do not agree: % and %', sums, raw;
    END IF;
END $$;
