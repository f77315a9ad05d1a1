-- The sums by day tell every metric that a record does, so that thresholds can be of any of them.

ALTER TABLE myna.usage_day
    ADD cache_write_5m  bigint NOT NULL DEFAULT 0,
    ADD cache_write_1h  bigint NOT NULL DEFAULT 0,
    ADD audio_in_ms     bigint NOT NULL DEFAULT 0,
    ADD audio_out_chars bigint NOT NULL DEFAULT 0,
    ADD images          bigint NOT NULL DEFAULT 0,
    ADD video_ms        bigint NOT NULL DEFAULT 0;

-- What was booked before. Corrections and settlements never change these metrics.
UPDATE myna.usage_day d
SET cache_write_5m = s.cache_write_5m, cache_write_1h = s.cache_write_1h,
    audio_in_ms = s.audio_in_ms, audio_out_chars = s.audio_out_chars, images = s.images,
    video_ms = s.video_ms
FROM (SELECT u.contract_id, (u.at AT TIME ZONE coalesce(c.zone, 'UTC'))::date AS day, u.vendor_id,
             u.model, sum(u.cache_write_5m) AS cache_write_5m,
             sum(u.cache_write_1h) AS cache_write_1h, sum(u.audio_in_ms) AS audio_in_ms,
             sum(u.audio_out_chars) AS audio_out_chars, sum(u.images) AS images,
             sum(u.video_ms) AS video_ms
      FROM myna.usage u LEFT JOIN myna.contract c USING (contract_id)
      WHERE u.cache_write_5m + u.cache_write_1h + u.audio_in_ms + u.audio_out_chars + u.images
            + u.video_ms > 0
      GROUP BY 1, 2, 3, 4) s
WHERE d.contract_id = s.contract_id AND d.day = s.day AND d.vendor_id = s.vendor_id
  AND d.model = s.model;
