-- Where the server's configuration asks for it, a robot whose digits were right waits for a second
-- person's word before it is let in.

ALTER TABLE myna.pairing
    DROP CONSTRAINT pairing_state_check,
    ADD COLUMN heard_by text,                       -- who typed the right digits
    ADD CONSTRAINT pairing_state_check CHECK (state IN
        ('begun', 'waiting', 'heard', 'confirmed', 'paired', 'refused', 'failed', 'expired')),
    ADD CONSTRAINT pairing_heard_check CHECK
        (state <> 'heard' OR (robot_nonce IS NOT NULL AND heard_by IS NOT NULL));

-- Two people are behind the two actors.
CREATE FUNCTION myna.are_two(one text, other text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT myna.person(one) <> myna.person(other)
$$;
