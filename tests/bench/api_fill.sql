-- api_fill.sql - a fleet of :devices robots with :records usage records over the last 30 days,
-- written set by set, with the sums that mynad's jobs would have made of them
--
-- The robots are copies of one that is there, :template. mynad must not run meanwhile. Each robot
-- talks in two hours of a day; two of five records are of the second contract.
\set ON_ERROR_STOP 1
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
SET search_path = pg_catalog;

CREATE TEMP TABLE robot AS
SELECT 'bench-' || lpad(n::text, 6, '0') AS device_id, n, md5('journal' || n)::uuid AS journal_id
FROM generate_series(1, :devices) n;

INSERT INTO myna.device (device_id, name, serial, region, labels, certificate_serial,
    certificate_until, sealing_public, server_key_id, secret_wrapped)
SELECT r.device_id, 'Robot ' || n, 'SN' || n, (ARRAY['cn', 'eu', 'us'])[1 + n % 3],
    jsonb_build_object('shop', 's' || n % 500, 'model', 'm' || n % 7), md5(r.device_id),
    t.certificate_until, t.sealing_public, t.server_key_id, t.secret_wrapped
FROM robot r CROSS JOIN myna.device t WHERE t.device_id = :'template';

INSERT INTO myna.device_link (device_id, last_seen, session_number, session_id, session_hello,
    desired_generation, desired_hash, held_generation, reported_generation, reported_hash,
    reported_at, setting_status, journal_id, software, hardware, capabilities, health, credit)
SELECT r.device_id, now() - (n % 3600) * interval '1 s', 1, t.session_id, true,
    t.desired_generation, t.desired_hash, t.held_generation, t.reported_generation,
    t.reported_hash, t.reported_at, t.setting_status, r.journal_id, t.software, t.hardware,
    t.capabilities, t.health, t.credit
FROM robot r CROSS JOIN myna.device_link t WHERE t.device_id = :'template';

INSERT INTO myna.group_member (group_id, device_id)
SELECT CASE WHEN n % 2 = 0 THEN 'desk' ELSE 'kitchen' END, device_id FROM robot WHERE n % 4 < 3;

INSERT INTO myna.journal (device_id, journal_id, watermark_seq, watermark_hash)
SELECT device_id, journal_id, :records / :devices, '' FROM robot;

SELECT myna.usage_make_month((now() - interval '1 month')::date);

-- a transaction for each day, so that none grows beyond bounds
CREATE PROCEDURE pg_temp.fill(devices bigint, records bigint) LANGUAGE plpgsql AS $$
DECLARE
    per_day integer := ceil(records / (devices * 30.0));
    filled bigint := 0;
    many bigint;
BEGIN
    FOR day IN 0..29 LOOP
        INSERT INTO myna.usage (device_id, journal_id, seq, at, arrived_at, turn, attempt,
            vendor_id, model, model_served, contract_id, contract_version, vendor_request_id,
            provenance, outcome, error_class, duration_ms, first_token_ms, first_audio_ms,
            interrupted, generation, reserved_input, reserved_output, input_uncached, input_cached,
            cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars,
            images, video_ms, requests, price, currency, stamp)
        SELECT r.device_id, r.journal_id, (29 - day) * per_day + k, t.at, t.at,
            md5(r.device_id || ' ' || day || ' ' || k)::uuid, 1, c.vendor_id, c.model, c.model,
            c.contract_id, 1, 'req-' || r.n || '-' || day || '-' || k, 1,
            CASE WHEN (r.n + k) % 50 = 0 THEN 5 ELSE 1 END, CASE WHEN (r.n + k) % 50 = 0
            THEN 3 ELSE 0 END, 900 + (r.n + k) % 700, 200 + (r.n + k) % 400, 300 + (r.n + k) % 500,
            (r.n + k) % 11 = 0, 1, 400, 300, 150 + (r.n * k) % 300, 0, 0, 0, 40 + (r.n * k) % 160,
            0, 0, 0, 0, 0, 1, (40 + (r.n * k) % 160) * 0.000002, 'CNY', s.stamp
        FROM robot r CROSS JOIN generate_series(1, per_day) k
        -- the last day is today, however long that has lasted
        CROSS JOIN LATERAL (SELECT CASE WHEN day = 0 THEN date_trunc('day', now())
                + (now() - date_trunc('day', now())) * (k / (per_day + 1.0))
            ELSE now() - day * interval '1 day' - ((r.n % 11) * 2 + k % 2) * interval '1 hour'
                - (k * 37 % 3600) * interval '1 s' END AS at) t
        CROSS JOIN (SELECT myna.usage_stamp() AS stamp OFFSET 0) s
        CROSS JOIN LATERAL (SELECT * FROM (VALUES (0, 'dahan', 'dahan-chat', 'dahan-2026'),
            (1, 'erxian', 'erxian-mini', 'erxian-2026')) v(i, vendor_id, model, contract_id)
            WHERE i = ((r.n + k) % 5 < 2)::integer) c
        LIMIT greatest(0, records - filled);
        GET DIAGNOSTICS many = ROW_COUNT;
        filled := filled + many;
        COMMIT;
    END LOOP;
END $$;
CALL pg_temp.fill(:devices, :records);

INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency, attempts,
    failed, interrupted, requests, input_uncached, output, price)
SELECT device_id, date_trunc('hour', at), contract_id, vendor_id, model, currency, count(*),
    count(*) FILTER (WHERE outcome = 5), count(*) FILTER (WHERE interrupted), sum(requests),
    sum(input_uncached), sum(output), sum(price)
FROM myna.usage WHERE device_id LIKE 'bench-%' GROUP BY 1, 2, 3, 4, 5, 6
-- as they would have come: an index by ranges of hours relies on it
ORDER BY 2;

INSERT INTO myna.usage_day AS d (contract_id, day, vendor_id, model, currency, attempts, failed,
    requests, input_uncached, output, price)
SELECT h.contract_id, (h.hour AT TIME ZONE c.zone)::date, h.vendor_id, h.model, h.currency,
    sum(attempts), sum(failed), sum(requests), sum(input_uncached), sum(output), sum(price)
FROM myna.usage_hour h JOIN myna.contract c USING (contract_id)
WHERE device_id LIKE 'bench-%' GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (contract_id, day, vendor_id, model) DO UPDATE SET
    attempts = d.attempts + excluded.attempts, failed = d.failed + excluded.failed,
    requests = d.requests + excluded.requests,
    input_uncached = d.input_uncached + excluded.input_uncached,
    output = d.output + excluded.output, price = d.price + excluded.price;

UPDATE myna.usage_cursor SET done = base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
