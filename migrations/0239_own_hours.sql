-- Hours of a robot's day are those of its own clock, which knows of daylight saving: how far that is from
-- UTC, as its last hello or report said it. None from robots that do not say.
ALTER TABLE myna.device_link ADD utc_offset text CHECK (utc_offset ~ '^[+-][0-9]{2}:[0-9]{2}$');

-- By which distance from UTC each robot lives: its setting, else its own word; '': nobody says.
CREATE VIEW myna.device_zone AS
SELECT l.device_id, coalesce(nullif(z.value #>> '{}', ''), l.utc_offset, '') AS zone
FROM myna.device_link l
LEFT JOIN myna.layered_setting z ON z.device_id = l.device_id AND z.name = 'zone';
