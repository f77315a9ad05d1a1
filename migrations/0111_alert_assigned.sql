-- Whose an alert is: who is to look at it, or does. Nobody's at first.

ALTER TABLE myna.alert ADD assigned_to myna.slug REFERENCES myna.operator ON DELETE SET NULL;
CREATE INDEX alert_assigned ON myna.alert (assigned_to) WHERE assigned_to IS NOT NULL;
