-- Trials (schema/PROTOCOL.md): a robot tries a configuration before it runs it.

-- The newest TrialReport: {generation, verdict, step, error_class, retryable, tries, step_ms, reason},
-- '{}': none.
ALTER TABLE myna.device_link ADD trial jsonb NOT NULL DEFAULT '{}';

-- What an attempt was for: 0 talk, 1 a trial's test, which no budget of fleet, group or device pays.
ALTER TABLE myna.usage ADD purpose smallint NOT NULL DEFAULT 0;
ALTER TABLE myna.usage_correction ADD purpose smallint NOT NULL DEFAULT 0;
ALTER TABLE myna.credit_account ADD purpose smallint NOT NULL DEFAULT 0;
