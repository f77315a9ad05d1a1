-- Roles are rows: those that every installation has, and its own ones. A second factor: a secret that
-- an authenticator app shares, and codes for the day on which it is lost.

CREATE TABLE myna.role (
    role_id         myna.slug PRIMARY KEY,
    is_own          boolean NOT NULL DEFAULT true,  -- not one of those that each may do what the one before may
    note            text NOT NULL DEFAULT '',
    may             jsonb NOT NULL DEFAULT '{}',    -- own: {"devices": "operator"}; what is not named is denied
    groups          text[],                         -- own: robots of these alone; NULL: all
    vendors         text[],                         -- own: these alone; NULL: all
    second_factor   boolean NOT NULL DEFAULT false, -- who logs in with a password must have one
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now()
);
INSERT INTO myna.role (role_id, is_own)
VALUES ('viewer', false), ('support', false), ('operator', false), ('approver', false), ('admin', false);

ALTER TABLE myna.operator DROP CONSTRAINT operator_role_check;
ALTER TABLE myna.operator ADD CONSTRAINT operator_role FOREIGN KEY (role) REFERENCES myna.role;
ALTER TABLE myna.api_key DROP CONSTRAINT api_key_role_check;
ALTER TABLE myna.api_key ADD CONSTRAINT api_key_role FOREIGN KEY (role) REFERENCES myna.role;

ALTER TABLE myna.operator ADD COLUMN totp_wrapped bytea;            -- under the master key
ALTER TABLE myna.operator ADD COLUMN totp_since timestamptz;        -- NULL: no code was shown yet, so not in force
ALTER TABLE myna.operator ADD COLUMN totp_step bigint NOT NULL DEFAULT 0; -- of the last code taken: none is taken twice

CREATE TABLE myna.recovery_code (
    operator_id     myna.slug NOT NULL REFERENCES myna.operator ON DELETE CASCADE,
    code_hash       bytea NOT NULL,
    PRIMARY KEY (operator_id, code_hash)
);
