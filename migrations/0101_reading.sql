-- The audit is read by who changed something and when as well, and a key tells when it was last used.

CREATE INDEX audit_actor ON myna.audit (actor, seq);
CREATE INDEX audit_at ON myna.audit (at);

ALTER TABLE myna.api_key ADD COLUMN last_used_at timestamptz; -- to five minutes
