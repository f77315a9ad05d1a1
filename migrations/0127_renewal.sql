-- The key before the present one, so that a robot whose renewal was not answered may renew again.
ALTER TABLE myna.device ADD previous_key_hash bytea NOT NULL DEFAULT '';

-- Robots that were revoked before this database was restored, and that it does not know: the list of
-- the state folder (server/jobs/revocations.h) names them. They do not come back by renewal.
CREATE TABLE myna.revoked_before (
    device_id   myna.slug PRIMARY KEY,
    noted_at    timestamptz NOT NULL DEFAULT now()
);
