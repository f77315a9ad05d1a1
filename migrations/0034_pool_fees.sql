-- What a contract charges whatever robots ask counts as spent in its caps on spend, as their
-- documents say: a pool is made with it.

ALTER TABLE myna.pool ADD COLUMN fees numeric NOT NULL DEFAULT 0; -- part of spent
