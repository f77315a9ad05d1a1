-- Hourly sums up to this moment: those that were made, and what is not in them yet. The cursor and
-- the sums are read by one snapshot, so that each record counts once.
CREATE VIEW myna.usage_hourly AS
SELECT device_id, hour, contract_id, vendor_id, model, currency, attempts, failed, uncertain,
       requests, input_uncached, input_cached, cache_write_5m, cache_write_1h, output, reasoning,
       audio_in_ms, audio_out_chars, images, video_ms, price
FROM myna.usage_hour
UNION ALL
SELECT device_id, date_trunc('hour', at, 'UTC'), contract_id, vendor_id, model, currency, n,
       n * (outcome = 5)::int, n * (provenance NOT IN (1, 5))::int, requests, input_uncached,
       input_cached, cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms,
       audio_out_chars, images, video_ms, price
FROM myna.usage, LATERAL (SELECT CASE WHEN attempt = 0 AND device_id <> ''
                                      THEN greatest(requests, 1) ELSE 1 END AS n) stands_for
WHERE stamp >= (SELECT done FROM myna.usage_cursor)
UNION ALL
SELECT device_id, date_trunc('hour', at, 'UTC'), contract_id, vendor_id, model, currency, 0, 0,
       uncertain, 0, input_uncached, input_cached, 0, 0, output, reasoning, 0, 0, 0, 0, price
FROM myna.usage_correction
WHERE stamp >= (SELECT done FROM myna.usage_cursor);

-- One field of a CSV file by RFC 4180.
CREATE FUNCTION myna.csv_field(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value ~ '[",\r\n]' THEN '"' || replace(value, '"', '""') || '"'
           ELSE coalesce(value, '') END
$$;
