-- What a robot came in the place of, after a repair by exchange.
ALTER TABLE myna.device ADD replaces myna.slug;
CREATE INDEX device_replaces ON myna.device (replaces) WHERE replaces IS NOT NULL;

-- Whom broker and server refuse for good: few beside all others.
CREATE INDEX device_refused ON myna.device (device_id) WHERE status IN ('revoked', 'retired');
