-- api_robots.sql - a fleet of :devices robots, copies of one that is there, :template
\set ON_ERROR_STOP 1
SET synchronous_commit = off;
SET search_path = pg_catalog;

CREATE TEMP TABLE robot AS
SELECT 'bench-' || lpad(n::text, 6, '0') AS device_id, n,
       ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS journal_id
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
SELECT device_id, journal_id,
       :records / :devices + CASE WHEN n <= :records % :devices THEN 1 ELSE 0 END, ''
FROM robot;

SELECT myna.usage_make_month(((now() AT TIME ZONE 'UTC')::date - 29));
