-- Records that nobody holds any more, counted by what their journal adds up to.

ALTER TABLE myna.journal
    ADD totals          bigint[],                   -- of the records up to the watermark, by token
                                                    -- class (schema/wire/measure.h); NULL: not known
    ADD adjusted_seq    bigint NOT NULL DEFAULT 0,  -- an adjustment counted lost records up to here
    ADD covered         bigint NOT NULL DEFAULT 0;  -- so many of its first records the parent's
                                                    -- adjustment counted already

-- Known of the journals all of whose records are here: none refiled, quarantined or retired.
UPDATE myna.journal j SET totals = u.totals
    FROM (SELECT device_id, journal_id, count(*) AS records,
        ARRAY[sum(input_uncached), sum(input_cached), sum(cache_write_5m), sum(cache_write_1h),
              sum(output), sum(reasoning), sum(audio_in_ms), sum(audio_out_chars), sum(images),
              sum(video_ms), sum(requests)] AS totals
        FROM myna.usage GROUP BY device_id, journal_id) u
    WHERE u.device_id = j.device_id AND u.journal_id = j.journal_id
        AND u.records = j.watermark_seq AND 9000000000000000000 > ALL (u.totals)
        AND j.status = 'open';
UPDATE myna.journal SET totals = array_fill(0, ARRAY[11])
    WHERE watermark_seq = 0 AND status = 'open';
