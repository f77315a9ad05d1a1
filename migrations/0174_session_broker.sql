-- A fleet may be spread over several brokers: at which of them, by its place in the configuration, a
-- robot's session is. What a server sends goes there.
ALTER TABLE myna.device_link ADD COLUMN session_broker smallint NOT NULL DEFAULT 0;
