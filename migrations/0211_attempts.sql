-- The list of attempts, newest first by when they began, of everybody or of a vendor: without an index in that
-- order each page would sort a month. New rows go to the right end of it, whatever robot they are of. What
-- failed and what is uncertain are few, and are asked for most.
CREATE INDEX usage_at ON myna.usage (at);
CREATE INDEX usage_vendor ON myna.usage (vendor_id, at);
CREATE INDEX usage_failed ON myna.usage (at) WHERE outcome = 5;
CREATE INDEX usage_uncertain ON myna.usage (at) WHERE provenance NOT IN (1, 5);
