-- Robots that come without a claim code: they wait here until an operator types the digits that they
-- speak. Closed unless an operator opens it for a while.

CREATE TABLE myna.pairing_window (
    is_one          boolean PRIMARY KEY DEFAULT true CHECK (is_one), -- there is one window
    open_until      timestamptz,                    -- NULL: never opened, or closed since
    opened_by       text
);
INSERT INTO myna.pairing_window DEFAULT VALUES;

CREATE TABLE myna.pairing (
    pairing_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash      bytea NOT NULL UNIQUE,          -- SHA-256 of what the robot asks for its outcome by
    state           text NOT NULL DEFAULT 'begun'
                    CHECK (state IN ('begun', 'waiting', 'confirmed', 'paired', 'refused', 'failed', 'expired')),
    device_id       myna.slug NOT NULL,             -- that the robot asks for
    serial          text NOT NULL,
    software        text NOT NULL,
    source          text NOT NULL,                  -- address
    csr             text NOT NULL,
    key_hash        bytea NOT NULL,                 -- of the request's key
    sealing_public  bytea NOT NULL,
    commitment      bytea NOT NULL,
    server_nonce    bytea NOT NULL,
    robot_nonce     bytea,                          -- NULL: not revealed yet
    attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 3), -- wrong digits
    group_id        myna.slug REFERENCES myna.device_group ON DELETE SET NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    decided_at      timestamptz,
    decided_by      text,
    CHECK (robot_nonce IS NOT NULL OR state NOT IN ('waiting', 'confirmed', 'paired'))
);
CREATE INDEX pairing_key ON myna.pairing (key_hash);
