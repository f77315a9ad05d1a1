-- What the robots of a page used today, without reading today's records of each: device_use has it but
-- for what came since the hours were last summed, and of that there is little.

CREATE INDEX device_use_device ON myna.device_use (device_id, begins) WHERE NOT is_month;

-- Since when records may have arrived that are not in usage_hour yet: before it none did whose
-- transaction was not five minutes under way.
ALTER TABLE myna.usage_cursor ADD done_at timestamptz NOT NULL DEFAULT '-infinity';

-- The next so many robots after an id (NULL: the first). Of a function a plan knows how many to expect,
-- which it does not of a limit: a page would be planned anew each time, which takes longer than it.
CREATE FUNCTION myna.devices_after(after text, most bigint) RETURNS SETOF text
LANGUAGE plpgsql STABLE ROWS 50 SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT d.device_id::text FROM myna.device d WHERE d.device_id > coalesce(after, '')
        ORDER BY d.device_id LIMIT most;
END $$;

-- Each statement of a page builds its text by itself, from these very tables.
DROP VIEW myna.device_item;
