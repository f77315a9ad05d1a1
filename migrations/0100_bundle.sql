-- Reports that robots made about themselves for a diagnosis, each once its owner agreed at the robot:
-- versions, settings, health, the newest lines of their logs; nothing that was said.

CREATE TABLE myna.bundle (
    bundle_id       uuid PRIMARY KEY,               -- of the command that asked for it
    device_id       myna.slug NOT NULL REFERENCES myna.device ON DELETE CASCADE,
    at              timestamptz NOT NULL DEFAULT now(),
    asked_by        text NOT NULL,
    document        bytea NOT NULL                  -- JSON, as it came
);
CREATE INDEX bundle_device ON myna.bundle (device_id, at);
CREATE INDEX bundle_age ON myna.bundle (at);
