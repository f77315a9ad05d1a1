-- Revoked robots are few; a list of them must not go through all others.
CREATE INDEX device_revoked ON myna.device (device_id) WHERE status = 'revoked';

-- Ranges of the sums by hour are summed up as they fill, so that a day of a month is found without
-- reading what was written since the last vacuum.
ALTER INDEX myna.usage_hour_hour SET (autosummarize = on);
