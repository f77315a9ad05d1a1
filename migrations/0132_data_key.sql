-- An envelope around the secrets: a data key wraps them, the master key wraps the data key. So the
-- master key is replaced by writing one row, and whoever has an old one opens no later dump.
-- The row is made when mynad starts; what was wrapped by the master key itself is wrapped anew then.
CREATE TABLE myna.data_key (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    wrapped     bytea NOT NULL,                 -- under the master key, purpose "data-key"
    master_id   bytea NOT NULL,                 -- which one: see server/master.h
    created_at  timestamptz NOT NULL DEFAULT now(),
    wrapped_at  timestamptz NOT NULL DEFAULT now()
);
