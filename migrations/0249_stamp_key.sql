-- What the installation recognises again as its own (receipts of robots, challenges of a renewal, lines
-- of the list of revoked robots) is stamped by a key of its own from now on, which the data key wraps:
-- so the data key can be replaced, and what was stamped before goes on being recognised. Where there
-- is none it is the data key itself, as it was until now; the first replacement writes it down.
ALTER TABLE myna.data_key ADD stamp_wrapped bytea;  -- under the data key, purpose "stamp-key"
